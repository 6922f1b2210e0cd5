// Package gate judges a new version of a service (the canary) beside the old one
// (the baseline) while both take traffic, for pipelines: pass, fail, or not
// enough traffic yet.
//
// # What is compared
//
// Three shares of bad requests, each by the sequential test of package
// sequential with a non-inferiority margin:
//
//   - errors: failed ÷ all requests, each edge seen from its canonical vantage
//     (package graph: the caller's proxy, where it reports);
//   - latency: requests that succeeded but took longer than a threshold ÷
//     requests that succeeded, likewise. The threshold is an edge of a latency
//     bin, so the counts are exact. Where the caller names none it is the
//     baseline's p95 of the hour before the window, which is fixed before the
//     first request is judged;
//   - arrival_errors: failed ÷ all arrivals at the version's own proxies, on
//     edges whose caller speaks for errors. Retries hide a failing canary from
//     its callers, and a retried request carries the version that answered last.
//
// Nothing is added up over vantages, and no row counts twice within a share.
//
// # Several shares, one verdict
//
// With a probability α of a false verdict: the canary fails as soon as one share
// is shown to be worse at α ÷ 3 (Bonferroni), and passes as soon as all that are
// judged are shown to be not worse, each at α. The latter needs no correction:
// a canary that is worse in one share passes only if the test of that very share
// errs (intersection-union test, Berger, Technometrics 24, 1982).
//
// # Window
//
// The window begins at a fixed time and grows with the watermark, on the grid of
// the 10 s buckets. Each check counts all of it anew, so that late rows revise,
// and finds the same decision at the same bucket; nothing is kept between
// checks.
//
// # How to read it
//
// question.go (what is asked), sql.go and store.go (what is read), tally.go
// (rows to blocks, pure), verdict.go (blocks to a verdict, pure), service.go
// (Connect), hooks.go (Argo Rollouts and Flagger).
package gate
