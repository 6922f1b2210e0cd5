// Package load offers user requests to the lab: an open loop, in which arrivals
// come when they come and never wait for answers, with a deadline for each.
//
// Plan draws all arrivals ahead from the scenario's seed, so that the same seed
// offers the same arrivals; after a phase with a drain it leaves a gap. New and
// Run send them: each request begins its own call on the truth.Ledger, has until
// its scheduled time plus the deadline, and is measured twice, from its
// scheduled time (what a user waits; a stalled machine cannot hide) and from the
// moment of sending.
//
//	arrivals := load.Plan(scenario)
//	gen := load.New(load.Config{Targets: …, Arrivals: arrivals, Ledger: ledger})
//	go gen.Run(ctx, start)          // returns when the last answer is in
//	gen.Window(from, until)         // exact counts and latencies, any time
//	gen.Seconds()                   // per second of the run, for progress and curves
//	gen.InFlight()                  // requests without an answer yet
//
// To restart a phase the runner cancels Run's context, waits for Run to return,
// and makes a new Generator with a new start; a Generator runs once.
//
// Meter measures how far the machine oversleeps. The runner starts one beside
// the load and asks Disturbed about the calm phase before it believes it.
package load
