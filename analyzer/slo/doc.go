// Package slo reads service level objectives and says how they stand.
//
// Load turns OpenSLO v1 files into SLO values and refuses, by file, line and
// field, whatever it does not understand. NewEvaluator(conn, watermark, slos)
// answers Status, the state of one SLO at a time, and LastBurn, the latest
// stretch in which one burned its budget. Nothing here reads a clock: every
// evaluation takes its time, and every window ends at the watermark, aligned
// down to the grid of the rollups.
//
// # Terms
//
// A window is half-open, [From, To). Over a window an SLO has integer counts,
// good and total; bad = total − good. With the objective τ the budget fraction
// is β = 1 − τ, and
//
//	error ratio       e  = bad ÷ total              undefined without events
//	burn rate         BR = e ÷ β                    1 spends the budget in one period
//	budget allowed       = β × total                in events, over the period
//	budget remaining  R  = 1 − bad ÷ (β × total)    signed, never clamped
//
// Counts are summed first and divided last; ratios are never averaged.
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
// windows exceed its factor.
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
// slo.go (what an SLO is), load.go, openslo.go and rows.go (files), math.go
// (pure formulas), status.go (from counts to a state), evaluator.go and
// source.go (counts from the store), burn.go (the last burn).
package slo
