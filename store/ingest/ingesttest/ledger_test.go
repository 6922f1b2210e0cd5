package ingesttest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var base = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestRequestIsMadeFromItsNumber(t *testing.T) {
	seen := map[string]bool{}
	for n := range 1000 {
		r := Request(n, base)
		if diff := cmp.Diff(r, Request(n, base)); diff != "" {
			t.Fatal(diff)
		}
		if seen[r.RequestID] || r.End.Before(base) || !r.End.Before(base.Add(10*time.Minute)) {
			t.Fatalf("request %d: id %s, end %s", n, r.RequestID, r.End)
		}
		seen[r.RequestID] = true
	}
}

// TestWantAddsUp: every request is in one bucket of each rollup.
func TestWantAddsUp(t *testing.T) {
	l := New(base)
	rows := map[int]int{}
	for n := range 500 {
		rows[n] = 1 + n%2 // copies do not count
	}
	for _, step := range []time.Duration{10 * time.Second, time.Minute, time.Hour} {
		for _, table := range []string{"edge_counts_x", "edge_latency_x"} {
			var sum uint64
			for key, n := range l.want(table, step, rows) {
				if !strings.Contains(key, "|ttfb|") {
					sum += n[0]
				}
			}
			if sum != 500 {
				t.Errorf("%s %s: %d requests, want 500", table, step, sum)
			}
		}
	}
}

func TestDifferences(t *testing.T) {
	want := map[string][]uint64{"same": {1, 2}, "less": {3, 0}, "gone": {1, 1}}
	got := map[string][]uint64{"same": {1, 2}, "less": {2, 0}, "more": {1, 1}}
	if out := differences("t", want, got); len(out) != 3 {
		t.Errorf("differences = %v, want less, gone and more", out)
	}
}

func TestReport(t *testing.T) {
	for name, tc := range map[string]struct {
		r    Report
		want bool
	}{
		"nothing":               {Report{}, true},
		"not acknowledged":      {Report{Handed: 3, Expected: 2, Found: 3, Unacked: 1}, true},
		"lost":                  {Report{Lost: 1}, false},
		"twice":                 {Report{Twice: 1}, false},
		"foreign":               {Report{Foreign: 1}, false},
		"a rollup that differs": {Report{Rollups: []string{"x"}}, false},
	} {
		if got := tc.r.Exact(); got != tc.want {
			t.Errorf("%s: exact = %t", name, got)
		}
		if !strings.Contains(tc.r.String(), "difference") {
			t.Errorf("%s: %s", name, tc.r)
		}
	}
}
