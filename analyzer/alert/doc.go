// Package alert turns burning SLOs into incidents and tells people about them:
// never lost, and when told twice, told with the same id.
//
// New(config, db, evaluator, log) reads the targets' secrets and returns
// Alerts, whose Run evaluates and delivers until its context ends.
// NewHandler(db, evaluator) serves plimsoll.slo.v1.SLOService and
// plimsoll.alert.v1.AlertService, and may run in a process of its own.
//
// # Incidents
//
// There is at most one open incident for each SLO and severity. It opens when
// a row of that severity fires. It resolves when the short windows of all rows
// of the severity have stayed at or below their factors for as long as the
// shortest of them, counted in watermark time; that keeps a burn which touches
// its limit from opening and closing at each evaluation. While a row has no
// data the incident is frozen: it keeps its state, and the calm time starts
// anew. Silence never resolves anything. An incident whose rule is gone from the
// configuration is resolved, and says why.
//
// # The outbox
//
// An incident's transition and the messages about it are written in one
// transaction, so there is no transition without its messages and no message
// without its transition. The body of a message is frozen there, and the
// message's id, the receiver's key against doubles, is the same in each try.
//
// One dispatcher per target claims a batch of messages with a lease, sends them
// one after the other until one is not taken, and records the results. A process
// that dies between the receiver's 2xx and the record leaves them to the next
// one, and then the same messages go out again: that is the only way to a repeat
// besides a receiver that took a message and answered with an error or not at
// all.
//
// # One leader
//
// Of several processes on one PostgreSQL one leads (election.go). Each
// transaction of its begins by asking whether its epoch is still the current
// one, so a process that was paused and wakes late can write nothing.
//
// The message that an incident resolved waits for the one that it fired to be
// done with. If the receiver cannot have seen that one (it was never sent, or
// refused) both are skipped.
//
// # Results
//
//	2xx                              delivered
//	network error, 408, 425, 429, 5xx   tried again, after Retry-After or 1 s, 2 s, 4 s … 10 min, less a random part
//	410                              the target is disabled until its URL changes; all its messages are dead
//	any other                        dead at once, redirects too: they are not followed
//
// A message that is not delivered within 72 hours is dead, and may be replayed. A
// page that its target refuses or does not take in time escalates to another.
// Package format writes messages, package webhook signs them, package guard says
// where none may go.
//
// # Muting
//
// An incident is opened in any case, but nobody is told while a silence, a page
// of the same SLO or a page of a service that it depends on speaks for it.
//
// # Reading order
//
// rule.go (when an incident opens and resolves), evaluate.go (an evaluation),
// mute.go and silence.go (who is told), incidents.go, ledger.go and
// transition.go (rows and transactions), outbox.go, claim.go and settle.go
// (messages), escalate.go and replay.go, result.go and backoff.go (what an answer
// means), notes.go (what is said), target.go, auth.go and sender.go (to whom, and
// HTTP), dispatcher.go (the loop), election.go and alerts.go (Run),
// alertmanager.go (what is pushed), handler*.go (API).
package alert
