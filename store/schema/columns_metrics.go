package schema

import "github.com/plimsoll-mesh/plimsoll/record"

// EdgeSamplesIn describes edge_samples_in: one row per record.EdgeSample.
func EdgeSamplesIn() Table {
	return Table{Name: "edge_samples_in", Columns: join(
		typed(micros, "ts"), typed("UInt32", "step_ms"), typed(lowCard, "source"),
		typed(enum8(record.VantageNames()), "vantage"), peer("src"), peer("dst"),
		typed(lowCard, "proxy", "route", "method", "protocol"), typed(enum8(record.MTLSNames()), "mtls"),
		typed(enum8(record.OutcomeNames()), "outcome"), typed("UInt16", "code"), typed("Int8", "grpc_status"),
		typed("UInt64", "flags", "requests", "attempts", "request_bytes", "response_bytes"),
		typed(enum8(record.LatencyKindNames()), "latency"), typed(array("UInt64"), "bounds", "counts"),
		typed("UInt64", "latency_sum_us"), typed("UInt8", "reset"), typed(fixed16, blockIDs),
	)}
}

// FlowsIn describes flows_in: one row per record.Flow.
func FlowsIn() Table {
	return Table{Name: "flows_in", Columns: join(
		typed(micros, "ts"), typed("Int64", "skew_us"), typed(lowCard, "source"),
		typed(enum8(record.VantageNames()), "vantage"), peer("src"), peer("dst"),
		typed(lowCard, "proxy", "route", "protocol", "cluster", "upstream"),
		typed(enum8(record.OutcomeNames()), "outcome"), typed("UInt64", "flags"), typed(lowCard, "details"),
		typed(enum8(record.MTLSNames()), "mtls"), typed("UInt64", "duration_us", "sent", "received"),
		typed("UInt32", "opened", "closed", "failed", "refused"), typed(fixed16, blockIDs),
	)}
}

// ProxyStatsIn describes proxy_stats_in: one row per record.ProxyStat.
func ProxyStatsIn() Table {
	return Table{Name: "proxy_stats_in", Columns: join(
		typed(millis, "ts"), typed("UInt32", "step_ms"), typed(millis, "started"),
		typed(lowCard, "proxy", "node", "source"), typed(enum8(record.StatScopeNames()), "scope"),
		typed(lowCard, "object", "name"), typed(enum8(record.StatKindNames()), "kind"),
		typed("Float64", "value", "total"), typed("UInt8", "reset"), typed(fixed16, blockIDs),
	)}
}

// ConfigChangesIn describes config_changes_in: one row per
// record.ConfigChange.
func ConfigChangesIn() Table {
	return Table{Name: "config_changes_in", Columns: join(
		typed(micros, "ts"), typed(lowCard, "source", "action", "kind", "namespace", "name"),
		typed("UInt64", "generation"), typed(lowCard, "actor"), typed("String", "reason", "text"),
		typed(fixed16, blockIDs),
	)}
}
