// Package witness asks others than Plimsoll what happened in a lab: Envoy's own
// counters and file access logs, and the rows in ClickHouse, counted by a plain
// HTTP request. A lab compares them with what Plimsoll says.
package witness
