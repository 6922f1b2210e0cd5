package delta

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// source is a process that counts, as a reader never sees it: each increment
// is known.
type source struct {
	rng    *rand.Rand
	now    time.Time
	start  time.Time
	series map[string]*counted
}

type counted struct {
	value   float64 // since the process, or the series, began
	total   float64 // over all lives
	evicted bool
}

func newSource(seed uint64, names int) *source {
	s := &source{rng: rand.New(rand.NewPCG(seed, 1)), now: epoch, start: epoch.Add(-time.Hour), series: map[string]*counted{}}
	for i := range names {
		n := float64(s.rng.IntN(1000))
		s.series[fmt.Sprint(i)] = &counted{value: n, total: n}
	}
	return s
}

// live lets some time pass in which series grow.
func (s *source) live() {
	s.now = s.now.Add(time.Duration(1+s.rng.IntN(20)) * time.Second)
	for _, c := range s.series {
		if n := float64(s.rng.IntN(4)); n > 0 {
			c.value += n
			c.total += n
			c.evicted = false
		}
	}
}

func (s *source) restart() {
	s.now = s.now.Add(time.Second)
	s.start = s.now
	for _, c := range s.series {
		c.value = 0
	}
}

// evict drops a series until it is counted again.
func (s *source) evict() {
	c := s.series[fmt.Sprint(s.rng.IntN(len(s.series)))]
	c.value, c.evicted = 0, true
}

// scrape reads all, in any order; a failed one reads a part and is not
// completed.
func (s *source) scrape(t *Tracker[string], sum map[string]float64, first map[string]float64, known, failed bool) {
	p := Point{At: s.now}
	if known {
		p.Start = s.start
	}
	for name, c := range s.series {
		if c.evicted || failed && s.rng.IntN(2) == 0 {
			continue
		}
		p.Value = c.value
		change := t.Observe(s.now, name, p)
		if change.Kind == First {
			first[name] = c.total
			continue
		}
		sum[name] += change.Growth
	}
	if !failed {
		t.Complete(s.now)
	}
}

// TestSumOfGrowth is the promise of the package: whatever is read, missed and
// in whatever order, growth adds up to what was counted since the first
// reading, if no counter began anew.
func TestSumOfGrowth(t *testing.T) {
	for seed := range uint64(200) {
		s := newSource(seed, 5)
		tracker, sum, first := New[string](options, s.now.Add(-time.Second)), map[string]float64{}, map[string]float64{}
		s.now = s.now.Add(time.Second)
		s.scrape(tracker, sum, first, seed%2 == 0, false)
		for range 50 {
			s.live()
			s.scrape(tracker, sum, first, seed%2 == 0, s.rng.IntN(3) == 0)
		}
		s.live()
		s.scrape(tracker, sum, first, seed%2 == 0, false)
		for name, c := range s.series {
			if want := c.total - first[name]; sum[name] != want {
				t.Fatalf("seed %d: series %s grew by %v, counted %v", seed, name, sum[name], want)
			}
		}
	}
}

// TestNeverMoreThanCounted restarts the process and evicts series at any time:
// growth is at most what was counted. What is missing was counted between the
// last reading of a life and its end.
func TestNeverMoreThanCounted(t *testing.T) {
	for seed := range uint64(400) {
		s := newSource(seed, 5)
		tracker, sum, first := New[string](options, s.now.Add(-time.Second)), map[string]float64{}, map[string]float64{}
		s.now = s.now.Add(time.Second)
		s.scrape(tracker, sum, first, true, false)
		for range 50 {
			s.live()
			known := seed%2 == 0 // where starts are not known, only falling values tell
			switch s.rng.IntN(6) {
			case 0:
				s.restart()
			case 1:
				s.evict()
			}
			s.live()
			s.scrape(tracker, sum, first, known, s.rng.IntN(4) == 0)
		}
		for name, c := range s.series {
			if most := c.total - first[name]; sum[name] > most {
				t.Fatalf("seed %d: series %s grew by %v, more than the %v counted", seed, name, sum[name], most)
			}
		}
	}
}

// TestRestartsLoseOnlyTheUnread restarts the process right after a reading,
// with its start known: nothing is lost.
func TestRestartsLoseOnlyTheUnread(t *testing.T) {
	for seed := range uint64(100) {
		s := newSource(seed, 3)
		tracker, sum, first := New[string](options, s.now.Add(-time.Second)), map[string]float64{}, map[string]float64{}
		for range 30 {
			s.live()
			s.scrape(tracker, sum, first, true, false)
			if s.rng.IntN(3) == 0 {
				s.restart()
			}
		}
		s.live()
		s.scrape(tracker, sum, first, true, false)
		for name, c := range s.series {
			if want := c.total - first[name]; sum[name] != want {
				t.Fatalf("seed %d: series %s grew by %v, counted %v", seed, name, sum[name], want)
			}
		}
	}
}

// TestConcurrentUse has several senders of one tracker; the race detector
// watches.
func TestConcurrentUse(t *testing.T) {
	const limit = 110
	tracker := New[int](Options{Limit: limit, Idle: time.Hour}, at(0))
	sums := make([]float64, 4)
	for sender := range sums { // before there is a crowd
		tracker.Observe(at(0), sender, Point{Value: 0, At: at(0)})
	}
	var senders sync.WaitGroup
	for sender := range sums {
		senders.Go(func() {
			for i := 1; i <= 1000; i++ {
				sums[sender] += tracker.Observe(at(i), sender, Point{Value: float64(i), At: at(i)}).Growth
				tracker.Observe(at(i), 10+i%200, Point{Value: 1, At: at(i)})
			}
		})
	}
	senders.Wait()
	for sender, sum := range sums {
		if sum != 1000 {
			t.Errorf("sender %d: growth adds up to %v, want 1000", sender, sum)
		}
	}
	if s := tracker.Stats(); s.Series > limit {
		t.Errorf("%d series are remembered, more than the limit", s.Series)
	}
}

func BenchmarkObserve(b *testing.B) {
	tracker := New[string](Options{Limit: 10_000, Idle: time.Hour}, at(0))
	names := make([]string, 2000)
	for i := range names {
		names[i] = fmt.Sprintf("cluster/outbound|9080||service-%d/upstream_rq_total", i)
	}
	now := at(1)
	for b.Loop() {
		now = now.Add(time.Second)
		for _, name := range names {
			tracker.Observe(now, name, Point{Value: float64(now.Unix()), At: now})
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(names)), "ns/point")
}
