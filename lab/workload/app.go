package workload

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
)

// app is what a workload does with a call, apart from HTTP.
type app struct {
	spec   *scenario.Service
	seed   uint64
	number atomic.Uint64 // of arrivals, for the draws
	count  counters
	factor atomic.Pointer[float64]
	fail   atomic.Pointer[failure]
}

// failure is what SetFail asked for.
type failure struct {
	rate float64
	code int
}

func newApp(spec *scenario.Service, seed uint64) *app {
	h := fnv.New64a()
	h.Write([]byte(spec.Workload()))
	a := &app{spec: spec, seed: seed ^ h.Sum64()}
	one := 1.0
	a.factor.Store(&one)
	a.fail.Store(&failure{})
	return a
}

// draw is all that chance decides about one arrival.
type draw struct {
	work        time.Duration // before the factor
	error, fail float64       // uniform in [0, 1)
}

// draw returns the draws of the n-th arrival.
func (a *app) draw(n uint64, e *scenario.Endpoint) draw {
	r := rand.New(rand.NewPCG(a.seed, mix(n)))
	return draw{work: e.Work.Sample(r), error: r.Float64(), fail: r.Float64()}
}

// mix spreads counting numbers over all bits (the finaliser of SplitMix64,
// Steele, Lea and Flood 2014), since PCG's first values after similar seeds are
// similar.
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// serve takes a call through queue, work and dependencies and returns its HTTP
// status. caller ends when the caller has gone, alive when the workload is
// killed; do makes a call to another service and tells whether it went well.
func (a *app) serve(caller, alive context.Context, p *pool, e *scenario.Endpoint, do func(context.Context, *scenario.Call) bool) int {
	a.count.arrivals.Add(1)
	n := a.number.Add(1)
	ctx := alive
	if a.spec.Cancel {
		ctx = caller
	}
	if err := p.acquire(ctx); err != nil {
		if errors.Is(err, errQueueFull) {
			a.count.rejected.Add(1)
		} else {
			a.count.abandoned.Add(1)
		}
		return http.StatusServiceUnavailable
	}
	defer p.release()
	status, finished := a.work(ctx, a.draw(n, e), e, do)
	switch {
	case !finished:
		a.count.abandoned.Add(1)
	case caller.Err() != nil:
		a.count.completions.Add(1)
		a.count.zombies.Add(1)
	default:
		a.count.completions.Add(1)
	}
	return status
}

// work sleeps, and makes the calls. It is false when ctx ended it.
func (a *app) work(ctx context.Context, d draw, e *scenario.Endpoint, do func(context.Context, *scenario.Call) bool) (status int, finished bool) {
	if !sleep(ctx, time.Duration(float64(d.work)**a.factor.Load())) {
		return http.StatusServiceUnavailable, false
	}
	if f := a.fail.Load(); d.fail < f.rate {
		return f.code, true
	}
	if d.error < e.ErrorRate || !callAll(ctx, e.Calls, do) {
		return http.StatusInternalServerError, ctx.Err() == nil
	}
	return http.StatusOK, true
}

func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
