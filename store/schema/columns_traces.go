package schema

import "github.com/plimsoll-mesh/plimsoll/record"

// SpansIn describes spans_in: one row per record.Span. Its events and links
// are arrays of equal length.
func SpansIn() Table {
	return Table{Name: "spans_in", Columns: join(
		typed(micros, "start"), typed("Int64", "skew_us"), typed("UInt64", "duration_us"),
		typed(fixed16, "trace_id"), typed(fixed8, "span_id", "parent_id"),
		typed(enum8(record.SpanKindNames()), "kind"), typed(enum8(record.SpanStatusNames()), "status"),
		typed("String", "status_message"),
		typed(lowCard, "name", "scope", "node", "service", "version", "peer", "proxy"),
		typed("UInt16", "code"), typed("UInt64", "flags"), typed("String", "request_id"), typed(fixed16, "call_id"),
		typed(attributes, "attrs", "resource"),
		typed(array(micros), "event_at"), typed(array(lowCard), "event_name"), typed(array(attributes), "event_attrs"),
		typed(array(fixed16), "link_trace_id"), typed(array(fixed8), "link_span_id"), typed(fixed16, blockIDs),
	)}
}

// LogsIn describes logs_in: one row per record.Log.
func LogsIn() Table {
	return Table{Name: "logs_in", Columns: join(
		typed(micros, "ts"), typed("Int64", "skew_us"), typed(fixed16, "trace_id"), typed(fixed8, "span_id"),
		typed("UInt8", "severity"), typed(lowCard, "node", "service", "version", "scope"), typed("String", "body"),
		typed(attributes, "attrs", "resource"), typed(fixed16, blockIDs),
	)}
}
