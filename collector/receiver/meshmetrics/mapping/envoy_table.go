package mapping

import (
	"strings"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// family is a set of Envoy's statistics with one kind of object.
type family struct {
	prefix   string // in the metric's name, after "envoy_"
	scope    record.StatScope
	tag      string   // label, without "envoy_", that names the object; "": object does
	object   string   // if there is no tag
	splits   bool     // a part of the object's name may stand in the metric's name
	repeated []string // beginnings of names, or of what follows the object's part, that repeat others
	groups   []group

	table map[string]entry // of groups, by the name that Prometheus has
}

// group lists names that are kept for one reason.
type group struct {
	reason string
	kind   record.StatKind
	pace   Pace
	names  []string // as Envoy has them; "*" is the place of a tag's value
	tagged string   // label, without "envoy_", for "*"
	parted bool     // Envoy has the same again by origin and zone
}

type entry struct {
	name   string
	kind   record.StatKind
	pace   Pace
	tagged string
	parted bool
}

const (
	counter = record.StatCounter
	gauge   = record.StatGauge
)

// families is the allow-list. Not on it, and why: histograms, since latency is
// known better from access logs; circuit_breakers.*.remaining_*, which change
// with each request and are only brought up to date by one; what tells bytes,
// HTTP/2 frames and load balancer subsets, which nobody asks for yet.
var families = index([]family{
	{
		prefix: "cluster_", scope: record.ScopeCluster, tag: "cluster_name", splits: true,
		groups: []group{
			{reason: "tries: with requests, what must be in the access log", names: []string{
				"upstream_rq_total", "upstream_rq_pending_failure_eject", "upstream_rq_active_overflow", "upstream_rq_pending_overflow",
			}},
			{reason: "how tries ended", names: []string{
				"upstream_rq_cancelled", "upstream_rq_rx_reset", "upstream_rq_tx_reset", "upstream_rq_maintenance_mode",
			}},
			{reason: "tries that were answered", parted: true, names: []string{"upstream_rq_completed"}},
			{reason: "with which class", parted: true, tagged: "response_code_class", names: []string{"upstream_rq_*xx"}},
			{reason: "with which status", parted: true, tagged: "response_code", names: []string{"upstream_rq_*"}},
			{reason: "retries, and why there were none", names: []string{
				"upstream_rq_retry", "upstream_rq_retry_success", "upstream_rq_retry_overflow", "upstream_rq_retry_limit_exceeded",
				"upstream_rq_retry_backoff_exponential", "upstream_rq_retry_backoff_ratelimited",
			}},
			{reason: "timeouts", names: []string{
				"upstream_rq_timeout", "upstream_rq_per_try_timeout", "upstream_rq_per_try_idle_timeout", "upstream_rq_max_duration_reached",
			}},
			{reason: "load, against which limits are set", kind: gauge, names: []string{
				"upstream_rq_active", "upstream_rq_pending_active", "upstream_cx_active",
			}},
			{reason: "pools: connections, and what they fail for", names: []string{
				"upstream_rq_pending_total", "upstream_cx_total", "upstream_cx_connect_fail", "upstream_cx_connect_timeout",
				"upstream_cx_overflow", "upstream_cx_pool_overflow", "upstream_cx_none_healthy", "upstream_cx_max_requests",
				"upstream_cx_destroy_local_with_active_rq", "upstream_cx_destroy_remote_with_active_rq", "upstream_cx_protocol_error",
			}},
			{reason: "breakers that are open", kind: gauge, names: []string{
				"circuit_breakers.default.cx_open", "circuit_breakers.default.cx_pool_open", "circuit_breakers.default.rq_open",
				"circuit_breakers.default.rq_pending_open", "circuit_breakers.default.rq_retry_open",
				"circuit_breakers.high.cx_open", "circuit_breakers.high.cx_pool_open", "circuit_breakers.high.rq_open",
				"circuit_breakers.high.rq_pending_open", "circuit_breakers.high.rq_retry_open",
			}},
			{reason: "outliers that are out", kind: gauge, names: []string{"outlier_detection.ejections_active"}},
			{reason: "ejections of outliers", names: []string{
				"outlier_detection.ejections_enforced_total", "outlier_detection.ejections_enforced_consecutive_5xx",
				"outlier_detection.ejections_enforced_consecutive_gateway_failure", "outlier_detection.ejections_enforced_consecutive_local_origin_failure",
				"outlier_detection.ejections_enforced_success_rate", "outlier_detection.ejections_enforced_failure_percentage",
				"outlier_detection.ejections_overflow",
			}},
			{reason: "hosts to choose from", kind: gauge, names: []string{
				"membership_total", "membership_healthy", "membership_degraded", "membership_excluded",
			}},
			{reason: "changes among them", names: []string{"membership_change", "lb_healthy_panic"}},
			{reason: "mutual TLS that failed", names: []string{
				"ssl.connection_error", "ssl.fail_verify_no_cert", "ssl.fail_verify_error", "ssl.fail_verify_san", "ssl.fail_verify_cert_hash",
			}},
		},
	},
	{
		prefix: "http_", scope: record.ScopeHTTP, tag: "http_conn_manager_prefix",
		groups: []group{
			{reason: "requests: with tries, what must be in the access log", pace: Always, names: []string{"downstream_rq_total"}},
			{reason: "requests that are not in it yet", kind: gauge, pace: Always, names: []string{"downstream_rq_active"}},
			{reason: "how requests ended", names: []string{
				"downstream_rq_completed", "downstream_rq_rx_reset", "downstream_rq_tx_reset", "downstream_rq_timeout",
				"downstream_rq_header_timeout", "downstream_rq_idle_timeout", "downstream_rq_max_duration_reached",
				"downstream_rq_overload_close", "downstream_rq_too_many_premature_resets", "downstream_rq_response_before_rq_complete",
				"rq_direct_response", "rq_overload_local_reply", "no_route", "no_cluster",
			}},
			{reason: "how requests ended, by class", tagged: "response_code_class", names: []string{"downstream_rq_*xx"}},
			{reason: "connections", kind: gauge, names: []string{"downstream_cx_active"}},
			{reason: "connections, and what they end of", names: []string{
				"downstream_cx_total", "downstream_cx_destroy_local_active_rq", "downstream_cx_destroy_remote_active_rq",
				"downstream_cx_overload_disable_keepalive", "downstream_cx_protocol_error",
			}},
		},
	},
	{
		prefix: "listener_", scope: record.ScopeListener, tag: "listener_address", splits: true,
		repeated: []string{"admin_", "worker_", "http_"}, // of the admin interface; by worker; by connection manager
		groups: []group{
			{reason: "connections", kind: gauge, names: []string{"downstream_cx_active"}},
			{reason: "connections that were refused, and all", names: []string{
				"downstream_cx_total", "downstream_cx_overflow", "downstream_cx_overload_reject", "downstream_global_cx_overflow",
				"no_filter_chain_match", "ssl.connection_error", "ssl.fail_verify_no_cert", "ssl.fail_verify_error",
				"ssl.fail_verify_san", "ssl.fail_verify_cert_hash",
			}},
		},
	},
	{
		prefix: "server_", scope: record.ScopeServer,
		groups: []group{
			{reason: "memory; uptime, to see restarts", kind: gauge, pace: Slow, names: []string{
				"memory_allocated", "memory_heap_size", "memory_physical_size", "uptime", "days_until_first_cert_expiring",
			}},
			{reason: "size and state", kind: gauge, names: []string{"concurrency", "total_connections", "live", "hot_restart_epoch"}},
		},
	},
	{
		prefix: "access_logs_grpc_access_log_", scope: record.ScopeLog, object: "grpc_access_log", groups: []group{
			{reason: "entries taken and dropped: what must have arrived", pace: Always, names: []string{"logs_written", "logs_dropped"}},
			{reason: "entries sent, and not", names: []string{"grpc_entries_flushed", "grpc_entries_flush_failed"}},
		},
	},
	{
		prefix: "access_logs_open_telemetry_access_log_", scope: record.ScopeLog, object: "open_telemetry_access_log", splits: true, groups: []group{
			{reason: "entries taken and dropped: what must have arrived", pace: Always, names: []string{"logs_written", "logs_dropped"}},
		},
	},
})

// index fills the tables. Prometheus has "_" for each ".", and the name without
// the tag's value.
func index(families []family) []family {
	for i := range families {
		f := &families[i]
		f.table = map[string]entry{}
		for _, g := range f.groups {
			for _, name := range g.names {
				f.table[exposed(name)] = entry{name: name, kind: g.kind, pace: g.pace, tagged: g.tagged, parted: g.parted}
			}
		}
	}
	return families
}

// exposed returns Prometheus' form of a name: "upstream_rq_*xx" is exposed as
// upstream_rq_xx, "upstream_rq_*" as upstream_rq.
func exposed(name string) string {
	name = strings.TrimSuffix(name, "_*")
	return strings.NewReplacer("*", "", ".", "_").Replace(name)
}
