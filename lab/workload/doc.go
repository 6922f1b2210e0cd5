// Package workload runs the services of a scenario as HTTP/1.1 servers whose
// behaviour is known: so many workers, a first-in-first-out queue, a
// distribution of work time, calls to other services, and whether work goes on
// when the caller has gone.
//
// A call waits for a worker (the queue full: 503), sleeps for its work time,
// perhaps fails, and then makes the calls of its endpoint, all the while keeping
// the worker. Any call that fails and is not optional makes the answer 500.
// Work time and errors of the n-th arrival at a workload depend on (seed,
// workload, n) only, not on scheduling.
//
//	w, err := workload.Start(ctx, workload.Config{Service: s, Listen: …, Upstreams: …})
//	w.SetFactor(3)             // slow
//	w.SetFail(0.2, 503)        // fail
//	w.SetWorkers(5)            // scale
//	w.Kill(); err = w.Restore(ctx)
//	w.Counters()               // any time
//	w.Close()                  // ends all work, waits for it
//
// pool.go is the queue, app.go what a call goes through, call.go the calls it
// makes, server.go the HTTP around it.
package workload
