package workload

import (
	"context"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
)

func constant(d time.Duration) scenario.Work {
	return scenario.Work{Dist: scenario.DistConstant, Mean: yamlfile.Duration(d)}
}

func lognormal(median time.Duration, sigma float64) scenario.Work {
	return scenario.Work{Dist: scenario.DistLognormal, Median: yamlfile.Duration(median), Sigma: sigma}
}

func noCalls(context.Context, *scenario.Call) bool { return true }

// bench is an app with one endpoint, driven without HTTP.
type bench struct {
	app  *app
	pool *pool
	end  *scenario.Endpoint
	wg   sync.WaitGroup
	mu   sync.Mutex
	by   map[int]int // answers by status
	took time.Duration
}

func newBench(spec scenario.Service, work scenario.Work) *bench {
	spec.Name = "bench"
	b := &bench{app: newApp(&spec, 1), pool: newPool(spec.Workers, spec.Queue), by: map[int]int{}}
	b.end = &scenario.Endpoint{Path: "/", Method: "GET", Work: work}
	return b
}

// arrive starts a call whose caller has gone when ctx ends.
func (b *bench) arrive(ctx, alive context.Context) {
	b.wg.Go(func() {
		start := time.Now()
		status := b.app.serve(ctx, alive, b.pool, b.end, noCalls)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.by[status]++
		b.took += time.Since(start)
	})
}

func (b *bench) counters() Counters {
	c := &b.app.count
	return Counters{
		Arrivals: c.arrivals.Load(), Completions: c.completions.Load(), Zombies: c.zombies.Load(),
		Rejected: c.rejected.Load(), Abandoned: c.abandoned.Load(),
	}
}

// TestLittle: on average over a long stretch, calls in the system = rate × time
// in the system (Little 1961), measured independently of each other.
func TestLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, rate = 4000, 150.0
		b := newBench(scenario.Service{Workers: 10, Queue: 1000}, lognormal(36*time.Millisecond, 0.65))
		r := rand.New(rand.NewPCG(1, 1))
		start := time.Now()
		var area time.Duration // calls in the system × time, by looking before each arrival and each millisecond
		for range n {
			for gap := time.Duration(r.ExpFloat64() / rate * 1e9); gap > 0; gap -= time.Millisecond {
				step := min(gap, time.Millisecond)
				time.Sleep(step)
				busy, queued := b.pool.gauges()
				area += time.Duration(busy+queued) * step
			}
			b.arrive(t.Context(), t.Context())
		}
		span := time.Since(start)
		b.wg.Wait()
		inSystem := area.Seconds() / span.Seconds()
		want := float64(n) / span.Seconds() * (b.took.Seconds() / n)
		if math.Abs(inSystem-want) > 0.03*want {
			t.Errorf("%.2f calls in the system, rate × time is %.2f", inSystem, want)
		}
		if inSystem < rate*0.0445*0.95 { // at least those at work
			t.Errorf("%.2f calls in the system: fewer than the work alone", inSystem)
		}
	})
}

// TestCapacity: saturated, workers ÷ expected work time is what comes out, also
// when slowed and scaled.
func TestCapacity(t *testing.T) {
	for name, tc := range map[string]struct {
		factor  float64
		workers int
		want    float64 // per second
	}{
		"normal": {1, 10, 224.9},
		"slowed": {3, 10, 75.0},
		"scaled": {1, 4, 90.0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 5000
				b := newBench(scenario.Service{Workers: 10, Queue: n}, lognormal(36*time.Millisecond, 0.65))
				b.app.factor.Store(&tc.factor)
				b.pool.resize(tc.workers)
				start := time.Now()
				for range n {
					b.arrive(t.Context(), t.Context())
				}
				b.wg.Wait()
				if got := n / time.Since(start).Seconds(); math.Abs(got-tc.want) > 0.03*tc.want {
					t.Errorf("%.1f/s, want %.1f/s", got, tc.want)
				}
			})
		})
	}
}

func TestQueueOverflows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(scenario.Service{Workers: 2, Queue: 3}, constant(time.Second))
		for range 9 {
			b.arrive(t.Context(), t.Context())
			synctest.Wait()
		}
		b.wg.Wait()
		if diff := cmp.Diff(map[int]int{200: 5, 503: 4}, b.by); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(Counters{Arrivals: 9, Completions: 5, Rejected: 4}, b.counters()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestCancel: three calls to one worker, whose callers all go after half the
// first one's work.
func TestCancel(t *testing.T) {
	for name, tc := range map[string]struct {
		cancel bool
		want   Counters
		span   time.Duration
	}{
		"honoured": {true, Counters{Arrivals: 3, Abandoned: 3}, 500 * time.Millisecond},
		"ignored":  {false, Counters{Arrivals: 3, Completions: 3, Zombies: 3}, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(scenario.Service{Workers: 1, Queue: 10, Cancel: tc.cancel}, constant(time.Second))
				ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
				defer cancel()
				start := time.Now()
				for range 3 {
					b.arrive(ctx, t.Context())
				}
				b.wg.Wait()
				if got := time.Since(start); got != tc.span {
					t.Errorf("all over after %v, want %v", got, tc.span)
				}
				if diff := cmp.Diff(tc.want, b.counters()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// TestKilled: work ends with the workload even where it ignores its callers.
func TestKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(scenario.Service{Workers: 1, Queue: 10}, constant(time.Hour))
		alive, die := context.WithCancel(t.Context())
		b.arrive(t.Context(), alive)
		b.arrive(t.Context(), alive)
		synctest.Wait()
		die()
		b.wg.Wait()
		if diff := cmp.Diff(Counters{Arrivals: 2, Abandoned: 2}, b.counters()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestErrors(t *testing.T) {
	const n = 20_000
	for name, tc := range map[string]struct {
		errorRate float64
		fail      failure
		want      map[int]float64
	}{
		"none":            {0, failure{}, map[int]float64{200: 1}},
		"some":            {0.1, failure{}, map[int]float64{200: 0.9, 500: 0.1}},
		"all":             {1, failure{}, map[int]float64{500: 1}},
		"injected":        {0, failure{0.25, 429}, map[int]float64{200: 0.75, 429: 0.25}},
		"injected as all": {0.5, failure{1, 503}, map[int]float64{503: 1}},
		"both":            {0.5, failure{0.5, 503}, map[int]float64{200: 0.25, 500: 0.25, 503: 0.5}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(scenario.Service{Workers: n}, scenario.Work{})
				b.end.ErrorRate = tc.errorRate
				b.app.fail.Store(&tc.fail)
				for range n {
					b.arrive(t.Context(), t.Context())
				}
				b.wg.Wait()
				for status := range b.by {
					if _, ok := tc.want[status]; !ok {
						t.Errorf("%d answers of %d", b.by[status], status)
					}
				}
				for status, share := range tc.want {
					if got := float64(b.by[status]) / n; math.Abs(got-share) > 0.012 {
						t.Errorf("a share of %.3f of %d, want %.3f", got, status, share)
					}
				}
			})
		})
	}
}

// TestDraws: the n-th arrival's fate hangs on seed, workload and n alone.
func TestDraws(t *testing.T) {
	e := &scenario.Endpoint{Work: lognormal(10*time.Millisecond, 1)}
	a := newApp(&scenario.Service{Name: "a"}, 1)
	same := newApp(&scenario.Service{Name: "a"}, 1)
	for n := uint64(10); n > 0; n-- { // in another order than before
		if a.draw(n, e) != same.draw(n, e) {
			t.Errorf("draw %d differs", n)
		}
	}
	first := a.draw(1, e)
	for name, other := range map[string]*app{
		"another seed":     newApp(&scenario.Service{Name: "a"}, 2),
		"another workload": newApp(&scenario.Service{Name: "a", Version: "v1"}, 1),
	} {
		if other.draw(1, e) == first {
			t.Errorf("%s draws the same", name)
		}
	}
	if a.draw(2, e) == first {
		t.Error("the second draw is the first")
	}
}

// TestDrawsAreUncorrelated: similar numbers give unrelated draws.
func TestDrawsAreUncorrelated(t *testing.T) {
	const n = 20_000
	a := newApp(&scenario.Service{Name: "a"}, 1)
	e := &scenario.Endpoint{Work: lognormal(time.Second, 1)}
	sum, product := 0.0, 0.0
	last := 0.0
	for i := range uint64(n) {
		z := math.Log(a.draw(i, e).work.Seconds()) // standard normal
		sum += z
		product += z * last
		last = z
	}
	if mean := sum / n; math.Abs(mean) > 4/math.Sqrt(n) {
		t.Errorf("mean %.4f, want 0", mean)
	}
	if c := product / n; math.Abs(c) > 4/math.Sqrt(n) {
		t.Errorf("neighbours correlate by %.4f", c)
	}
}

func TestSlowedWorkIsScaled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(scenario.Service{Workers: 1}, constant(time.Second))
		three := 3.0
		b.app.factor.Store(&three)
		b.arrive(t.Context(), t.Context())
		b.wg.Wait()
		if b.took != 3*time.Second || b.by[http.StatusOK] != 1 {
			t.Errorf("took %v, %v", b.took, b.by)
		}
	})
}

// TestSameSeedSameWork: two runs of the same arrivals take the same work, call
// by call in another order.
func TestSameSeedSameWork(t *testing.T) {
	run := func(gap time.Duration) (total time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(scenario.Service{Workers: 1000}, lognormal(20*time.Millisecond, 1))
			for range 500 {
				b.arrive(t.Context(), t.Context())
				time.Sleep(gap)
			}
			b.wg.Wait()
			total = b.took
		})
		return total
	}
	if slow, fast := run(50*time.Millisecond), run(0); slow != fast {
		t.Errorf("one after the other they work %v, all at once %v", slow, fast)
	}
}
