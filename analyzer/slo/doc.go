// Package slo reads service level objectives and says how they stand.
//
// NewEvaluator(conn, watermark, slos) answers Status, the state of one SLO at a
// time, and LastBurn, the latest stretch in which one burned its budget. Nothing
// here reads a clock: every evaluation takes its time, and every window ends at
// the watermark, aligned down to the grid of the rollups.
//
// The rooms below are pure: budget (counts, methods, composites), burn (rules,
// the low-traffic gate, projected exhaustion), window (rolling and calendar
// periods), stats (intervals), recur and exclude (maintenance), spec (what
// people write), slotest (tests of SLOs).
//
// # What counts for a service
//
// The client-vantage rows of the edges into the service, and the server-vantage
// rows of those callers that have no client-vantage rows in the SLO's period,
// such as a load generator without a proxy. Calls of the service to itself do
// not count, nor do the server rows of a caller that reports: they are the
// same calls again, once per try. Which callers report is decided once per
// evaluation, over the period, so that a short window never counts a request
// that the long one leaves out.
//
// # Rules
//
// A Row is one line of the multi-window, multi-burn-rate rule (The Site
// Reliability Workbook, chapter 5): it fires iff the burn rates of both its
// windows exceed its factor, and the low-traffic gate lets it.
//
// # Blindness
//
// No traffic and no sight of it differ: coverage counts grid buckets in which
// some collector was alive, from the first heartbeat on. A window without
// events or with a coverage under 90 % has no data: it neither fires nor
// clears. An SLO whose period began before the first heartbeat is young; it is
// evaluated, and says so.
//
// # Reading order
//
// names.go (the words of the rooms below), status.go (from counts to a state),
// evaluator.go and measure.go (what is counted, by budgeting method), source.go,
// tally.go, sight.go and heartbeats.go (counts from the store), alarm.go (a
// severity over time), replay.go (written traffic in place of the store),
// lastburn.go (the last burn).
package slo
