package schema

import (
	"fmt"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// Column is a column as system.columns shows it.
type Column struct {
	Name, Type string
}

// Table describes a table that inserts go to: its columns in their order.
type Table struct {
	Name    string
	Columns []Column
}

// Insert returns the statement whose data are the table's columns in Native
// format.
func (t Table) Insert() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return "INSERT INTO " + t.Name + " (" + strings.Join(names, ", ") + ") FORMAT Native"
}

// The types that occur more than once.
const (
	lowCard  = "LowCardinality(String)"
	micros   = "DateTime64(6, 'UTC')"
	millis   = "DateTime64(3, 'UTC')"
	fixed16  = "FixedString(16)"
	fixed8   = "FixedString(8)"
	blockIDs = "block_id"

	attributes = "Map(LowCardinality(String), String)"
)

// RequestsIn describes requests_in: one row per record.Request.
func RequestsIn() Table {
	return Table{Name: "requests_in", Columns: join(
		typed(micros, "ts"), typed("Int64", "skew_us"), typed(enum8(record.VantageNames()), "vantage"),
		peer("src"), peer("dst"),
		typed(lowCard, "proxy", "log_name", "route", "method", "protocol", "cluster", "upstream"),
		typed("UInt16", "code"), typed("Int8", "grpc_status"), typed(enum8(record.OutcomeNames()), "outcome"),
		typed("UInt64", "flags"), typed(lowCard, "details"), typed(enum8(record.MTLSNames()), "mtls"),
		typed("UInt32", "duration_us", "first_byte_us"), typed("UInt8", "attempts", "attempt"),
		typed("UInt64", "request_bytes", "response_bytes"),
		typed(fixed16, "call_id"), typed("String", "request_id"), typed(fixed16, "trace_id"), typed(fixed8, "span_id"),
		typed("Int16", "duration_bin", "first_byte_bin"), typed(fixed16, blockIDs),
	)}
}

// AttemptsIn describes attempts_in: one row per record.Attempt.
func AttemptsIn() Table {
	return Table{Name: "attempts_in", Columns: join(
		typed(micros, "ts"), typed("Int64", "skew_us"),
		typed(lowCard, "src", "src_service", "src_version", "dst", "dst_service", "dst_version"),
		typed(lowCard, "proxy", "route", "method", "cluster", "upstream"),
		typed("UInt8", "number"), typed("UInt16", "code"), typed("Int8", "grpc_status"),
		typed(enum8(record.OutcomeNames()), "outcome"), typed("UInt64", "flags"), typed(lowCard, "failure"),
		typed("UInt32", "duration_us", "first_byte_us", "pool_wait_us"),
		typed(fixed16, "call_id"), typed("String", "request_id"), typed(fixed16, blockIDs),
	)}
}

// HeartbeatsIn describes heartbeats_in: one row per record.Heartbeat.
func HeartbeatsIn() Table {
	return Table{Name: "heartbeats_in", Columns: join(
		typed(micros, "ts"), typed(lowCard, "collector", "proxy"), typed(micros, "complete_through"),
		typed("UInt64", "requests", "attempts", "refused", "clamped"), typed(micros, "started"),
		typed("UInt64", "interim", "flows"), typed(fixed16, blockIDs),
	)}
}

// Tables lists the tables that inserts go to.
func Tables() []Table {
	return []Table{
		RequestsIn(), AttemptsIn(), HeartbeatsIn(), SpansIn(), LogsIn(),
		EdgeSamplesIn(), FlowsIn(), ProxyStatsIn(), ConfigChangesIn(),
	}
}

// peer returns the columns of one end of a call.
func peer(side string) []Column {
	return join(
		typed(lowCard, side, side+"_service", side+"_version", side+"_principal"),
		typed(enum8(record.IDSourceNames()), side+"_source"),
	)
}

func typed(kind string, names ...string) []Column {
	out := make([]Column, len(names))
	for i, name := range names {
		out[i] = Column{Name: name, Type: kind}
	}
	return out
}

func join(groups ...[]Column) []Column {
	var out []Column
	for _, g := range groups {
		out = append(out, g...)
	}
	return out
}

func array(kind string) string { return "Array(" + kind + ")" }

// enum8 returns the type whose numbers are the positions of the names.
func enum8(names []string) string {
	values := make([]string, len(names))
	for i, name := range names {
		values[i] = fmt.Sprintf("'%s' = %d", name, i)
	}
	return "Enum8(" + strings.Join(values, ", ") + ")"
}
