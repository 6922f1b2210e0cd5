// Package verdict judges the limits that callers keep towards one service:
// retries, retry budget, route timeout, concurrent requests and per-try
// timeout. It is pure: the same rows, in any order, give the same plan, and
// nothing but the rows, the deadline and the policy in force is looked at.
//
// Judge is the entry. Rows come from two windows: a healthy one, which
// durations are read from, and a stressed one, which tells what the edge does
// when its server is too slow: how often tries are repeated, whether that
// rescues anything, and how much the server completes while its full queue
// rejects the rest.
//
// One file judges one knob; they read in this order, since each builds on the
// ones before it: retries.go, budget.go, timeout.go, pertry.go,
// maxrequests.go. The estimates behind them are in tries.go (what a row says
// about latency), tally.go (counts and conditional success), capacity.go and
// inflight.go. Every knob gets one of five verdicts, see Verdict.
//
// The formulas are those of the project's tuning rules. Two of them carry the
// whole: a try that was cut is a lower bound and never a value, so a tail
// beyond a uniform cut is a matter for a PROBE and not for an estimate; and
// what bounds the harm of an overload is the limit on concurrent requests, so
// no probe is proposed without it.
package verdict
