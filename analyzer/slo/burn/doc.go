// Package burn decides whether a budget burns too fast, and when it will be
// gone. It is pure: counts in, verdicts out.
//
// A Row is one line of the multi-window, multi-burn-rate rule (The Site
// Reliability Workbook, chapter 5): it fires iff the burn rates of both its
// windows exceed its factor. DefaultRows scales the usual four to a period,
// ParseRows reads those of a person, and both keep the lints: a factor that no
// burn rate can exceed and a window under the buckets are refused. Gate keeps a
// row still that a handful of requests would make fire. TimeToFire and
// TimeToClear are the analytic delays, Exhaustion projects the end of a budget.
package burn
