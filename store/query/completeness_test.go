package query

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// beats returns heartbeats by the second from the given one on.
func beats(from float64, counts ...float64) []sample {
	var out []sample
	for i, n := range counts {
		out = append(out, sample{at: at(from + float64(i)), top: n, last: n})
	}
	return out
}

// held returns heartbeats that say n at each of the given seconds.
func held(n float64, seconds ...float64) []sample {
	var out []sample
	for _, s := range seconds {
		out = append(out, beats(s, n)...)
	}
	return out
}

func join(parts ...[]sample) (out []sample) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func one(samples ...sample) received { return received{series{"c", 1}: samples} }

func logs(written, dropped counter) *proxyStats {
	return &proxyStats{node: "n", stats: map[place]counter{logsWritten: written, logsDropped: dropped}}
}

func TestCompleteness(t *testing.T) {
	exact := func(v float64) Interval { return Interval{v, v, v} }
	for name, tc := range map[string]struct {
		stats    *proxyStats
		received received
		want     string // Written Dropped Received Silent Ratio Reason
	}{
		"all of it, at rest": {
			logs(read(100, 150), read(0, 0)),
			one(join(held(100, -1, 0, 1, 2, 3), held(150, 8, 9, 10, 11, 12, 13))...),
			fmt.Sprint(50, 0, exact(50), exact(0), exact(1), ""),
		},
		"a fifth is lost in silence": {
			logs(read(0, 50), read(0, 0)),
			one(join(held(0, 0, 1, 2), held(40, 9, 10, 11, 12))...),
			fmt.Sprint(50, 0, exact(40), exact(10), exact(0.8), ""),
		},
		"a fifth is dropped by the proxy": {
			logs(read(0, 40), read(0, 10)),
			one(join(held(0, 0, 1, 2), held(40, 9, 10, 11, 12))...),
			fmt.Sprint(40, 10, exact(40), exact(0), exact(0.8), ""),
		},
		"steady traffic has bounds": {
			logs(read(0, 100), read(0, 0)),
			one(beats(-1, 0, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120)...),
			fmt.Sprint(100, 0, Interval{80, 100, 120}, Interval{0, 0, 20}, Interval{0.8, 1, 1}, ""),
		},
		"a collector restarts": {
			logs(read(100, 150), read(0, 0)),
			received{
				{"c", at(-3600).UnixMicro()}: held(100, -1, 0, 1, 2, 3, 4),
				{"c", at(5).UnixMicro()}:     join(held(20, 6, 7), held(50, 9, 10, 11, 12)),
			},
			fmt.Sprint(50, 0, exact(50), exact(0), exact(1), ""),
		},
		"two collectors share the proxy": {
			logs(read(100, 160), read(0, 0)),
			received{
				{"a", 1}: join(held(30, 0, 2), held(70, 9, 12)),
				{"b", 7}: join(held(70, 0, 2), held(90, 9, 12)),
			},
			fmt.Sprint(60, 0, exact(60), exact(0), exact(1), ""),
		},
		"the proxy restarts": {
			logs(read(1000, 20), read(0, 0)),
			one(join(held(1000, 0, 2), held(1020, 9, 12))...),
			fmt.Sprint(20, 0, exact(20), exact(0), exact(1), ""),
		},
		"nobody received": {
			logs(read(0, 50), read(0, 0)), nil,
			fmt.Sprint(50, 0, exact(0), exact(50), exact(0), ""),
		},
		"more than was written counts as all": {
			logs(read(0, 50), read(0, 0)),
			one(join(held(0, 0, 2), held(60, 9, 12))...),
			fmt.Sprint(50, 0, exact(60), exact(0), exact(1), ""),
		},
		"nothing written": {
			logs(read(7, 7), read(0, 0)), one(held(7, 0, 2, 9, 12)...),
			fmt.Sprint(0, 0, exact(0), exact(0), "none ", NoEntries),
		},
		"never scraped": {nil, one(held(7, 0, 12)...), fmt.Sprint(0, 0, exact(0), exact(0), "none ", NoCounters)},
		"scraped, but for these counters": {
			&proxyStats{}, one(held(7, 0, 12)...),
			fmt.Sprint(0, 0, exact(0), exact(0), "none ", NoCounters),
		},
		"scraped once": {
			logs(read(7), read(0)), one(held(7, 0, 12)...),
			fmt.Sprint(0, 0, exact(0), exact(0), "none ", OneScrape),
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := completeness(tc.stats, tc.received, at(0), at(10))
			ratio := any("none ")
			if c.Ratio != nil {
				ratio = *c.Ratio
			}
			if got := fmt.Sprint(c.Written, c.Dropped, c.Received, c.Silent, ratio, c.Reason); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// TestCompletenessBoundsHold lets random traffic with random losses arrive up
// to Settle late: what was really received of what was written lies within the
// bounds, whenever anybody looks.
func TestCompletenessBoundsHold(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		const end = 60.0
		var written, arrivals []float64
		kept := map[float64]bool{} // moments of writing whose entry arrived
		for range rng.IntN(400) {
			w := rng.Float64() * end
			written = append(written, w)
			if rng.IntN(10) > 0 {
				kept[w] = true
				arrivals = append(arrivals, w+rng.Float64()*Settle.Seconds())
			}
		}
		until := func(moments []float64, t float64) (n float64) {
			for _, m := range moments {
				if m <= t {
					n++
				}
			}
			return n
		}
		var w counter
		for s := 0.0; s <= end; s += 5 {
			w = append(w, sample{at: at(s), top: until(written, s), last: until(written, s)})
		}
		var r []sample
		for s := rng.Float64(); s <= end+4; s += 0.5 + rng.Float64() {
			r = append(r, beats(s, until(arrivals, s))...)
		}
		from, to := 5*float64(rng.IntN(6)), 5*float64(7+rng.IntN(5))
		c := completeness(logs(w, read(0, 0)), one(r...), at(from), at(to))
		var truth float64
		for m := range kept {
			if m > from && m <= to {
				truth++
			}
		}
		if truth < c.Received.Low || truth > c.Received.High {
			t.Errorf("round %d: %v of %v entries were received, bounds are %v", round, truth, c.Written, c.Received)
		}
		if c.Received.Estimate < c.Received.Low || c.Received.Estimate > c.Received.High {
			t.Errorf("round %d: the estimate of %v is out of its bounds", round, c.Received)
		}
	}
}

func TestReceivedAround(t *testing.T) {
	r := beats(0, 10, 20)
	for seconds, want := range map[float64][3]float64{
		-1: {0, 0, 10}, 0: {10, 10, 10}, 0.25: {10, 12.5, 20}, 1: {20, 20, 20}, 5: {20, 20, 20},
	} {
		low, between, high := around(r, at(seconds))
		if diff := cmp.Diff(want, [3]float64{low, between, high}); diff != "" {
			t.Errorf("at %v s: %s", seconds, diff)
		}
	}
	if low, between, high := around(nil, at(0)); low+between+high != 0 {
		t.Error("no heartbeats count something")
	}
}

func TestIdentityRule(t *testing.T) {
	http := func(name string) place { return place{"http", "outbound", name} }
	cluster := func(object, name string) place { return place{"cluster", object, name} }
	base := func(change func(map[place]counter)) *proxyStats {
		stats := map[place]counter{
			logsWritten: read(10, 135), logsDropped: read(0, 5),
			http("downstream_rq_total"): read(5, 65), http("downstream_rq_active"): read(0, 0),
			{"http", "inbound", "downstream_rq_total"}:        read(0, 10),
			cluster("a", "upstream_rq_total"):                 read(0, 40),
			cluster("b", "upstream_rq_total"):                 read(3, 13),
			cluster("b", "upstream_rq_pending_failure_eject"): read(0, 4),
			cluster("b", "upstream_rq_active_overflow"):       read(0, 5),
			cluster("b", "upstream_rq_pending_overflow"):      read(0, 1),
		}
		change(stats)
		return &proxyStats{node: "n", stats: stats}
	}
	for name, tc := range map[string]struct {
		change func(map[place]counter)
		gap    float64
		broken bool
		reason string
	}{
		"holds":            {func(map[place]counter) {}, 0, false, ""},
		"an entry too few": {func(s map[place]counter) { s[logsWritten] = read(10, 134) }, -1, true, ""},
		"a try too many":   {func(s map[place]counter) { s[cluster("c", "upstream_rq_total")] = read(0, 1) }, -1, true, ""},
		"in flight at the end": {func(s map[place]counter) {
			s[http("downstream_rq_total")], s[http("downstream_rq_active")] = read(5, 68), read(0, 3)
		}, 0, false, ""},
		"a try in flight is no breach": {func(s map[place]counter) {
			s[http("downstream_rq_total")], s[http("downstream_rq_active")] = read(5, 66), read(0, 1)
			s[cluster("a", "upstream_rq_total")] = read(0, 41)
		}, -1, false, ""},
		"not scraped":        {func(s map[place]counter) { delete(s, logsWritten) }, 0, false, NoCounters},
		"scraped once":       {func(s map[place]counter) { s[logsWritten] = read(10) }, 0, false, OneScrape},
		"the proxy restarts": {func(s map[place]counter) { s[logsWritten] = read(10, 5) }, 0, false, "counters of the proxy began anew 1 times"},
	} {
		t.Run(name, func(t *testing.T) {
			got := identity(base(tc.change), at(0), at(10))
			if got.Gap != tc.gap || got.Broken != tc.broken || got.Reason != tc.reason {
				t.Errorf("got %+v, want gap %v, broken %v, reason %q", got, tc.gap, tc.broken, tc.reason)
			}
		})
	}
}

func TestBlind(t *testing.T) {
	gap := func(from, to float64) BlindInterval { return BlindInterval{Collector: "c", From: at(from), To: at(to)} }
	last := func(from float64) BlindInterval { return BlindInterval{Collector: "c", From: at(from), Open: true} }
	open := func(from, to float64) BlindInterval {
		return BlindInterval{Collector: "c", From: at(from), To: at(to), Open: true}
	}
	for name, tc := range map[string]struct {
		in, want []BlindInterval
	}{
		"none":                      {nil, nil},
		"within":                    {[]BlindInterval{gap(10, 50)}, []BlindInterval{gap(10, 50)}},
		"exactly the limit":         {[]BlindInterval{gap(10, 10+Live.Seconds())}, nil},
		"before the window":         {[]BlindInterval{gap(-90, -10)}, nil},
		"into the window":           {[]BlindInterval{gap(-90, 10)}, []BlindInterval{gap(-90, 10)}},
		"ends where it begins":      {[]BlindInterval{gap(-90, 0)}, nil},
		"alive to the end":          {[]BlindInterval{last(99)}, nil},
		"died within":               {[]BlindInterval{last(50)}, []BlindInterval{open(50, 100)}},
		"died long before":          {[]BlindInterval{last(-600)}, []BlindInterval{open(-600, 100)}},
		"silent a little too short": {[]BlindInterval{last(100 - Live.Seconds())}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, blind(tc.in, at(0), at(100))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
