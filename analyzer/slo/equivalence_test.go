package slo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// testAgainstRows writes random requests and compares what the rollups give
// for random indicators and windows with a count over the requests themselves.
func testAgainstRows(t *testing.T, conn driver.Conn) {
	r := rand.New(rand.NewPCG(5, 6))
	calls := randomCalls(r, 3000)
	insert(t, conn, calls...)
	for i := range 25 {
		in, windows := randomIndicator(r), randomWindows(r)
		got, err := store{conn}.counts(t.Context(), in, windows, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(countRows(calls, in, windows), got); diff != "" {
			t.Errorf("case %d, indicator %+v, windows %v:\n%s", i, in, windows, diff)
		}
		series, err := store{conn}.series(t.Context(), in, windows[0], Grid)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(countRows(calls, in, bucketsOf(windows[0])), series); diff != "" {
			t.Errorf("case %d, series of %+v:\n%s", i, in, diff)
		}
	}
}

// randomCalls spreads calls over half an hour before t0. Some callers have a
// proxy, one has none, and one is the service itself.
func randomCalls(r *rand.Rand, n int) []call {
	durations := []time.Duration{0, time.Microsecond, 99 * time.Microsecond, 990 * time.Microsecond, 9999 * time.Microsecond, 10 * time.Millisecond, 250 * time.Millisecond, time.Second}
	calls := make([]call, n)
	for i := range calls {
		c := call{
			at:       -time.Duration(r.Int64N(int64(30 * time.Minute))),
			src:      []string{"web", "app", "pay", "unknown/ns"}[r.IntN(4)],
			vantage:  []string{"client", "server"}[r.IntN(2)],
			dst:      []string{"n3/pay", "n4/pay"}[r.IntN(2)],
			route:    []string{"a", "b"}[r.IntN(2)],
			outcome:  record.Outcome(r.IntN(len(record.OutcomeNames()))),
			duration: durations[r.IntN(len(durations))] + time.Duration(r.IntN(3))*time.Microsecond,
			n:        1,
		}
		if c.src == "unknown/ns" {
			c.vantage = "server"
		}
		calls[i] = c
	}
	return calls
}

func randomIndicator(r *rand.Rand) Indicator {
	in := Indicator{
		Service: "pay", Namespace: []string{"", "n3", "n4"}[r.IntN(3)], Route: []string{"", "a"}[r.IntN(2)], Good: defaultGood(),
	}
	switch r.IntN(3) {
	case 0:
		in.Latency = []time.Duration{time.Microsecond, 100 * time.Microsecond, 990 * time.Microsecond, 10 * time.Millisecond, 250 * time.Millisecond}[r.IntN(5)]
	case 1:
		in.Good = []record.Outcome{record.OutcomeOK, record.Outcome(2 + r.IntN(10))}
	}
	return in
}

// randomWindows returns a window and two within it, on the grid.
func randomWindows(r *rand.Rand) []Window {
	from := -time.Duration(1+r.IntN(180)) * Grid
	to := from + time.Duration(1+r.IntN(int(-from/Grid)))*Grid
	half := (to - from) / 2 / Grid * Grid
	return []Window{span(from, to), span(from, from+half), span(from+half, to)}
}

func bucketsOf(w Window) []Window {
	var list []Window
	for at := w.From; at.Before(w.To); at = at.Add(Grid) {
		list = append(list, Window{From: at, To: at.Add(Grid)})
	}
	return list
}

// countRows is the definition: windows[0] or, for a series, all windows
// together decide which callers report.
func countRows(calls []call, in Indicator, windows []Window) []Count {
	whole := window.Hull(windows)
	counts := func(c call) bool {
		ns, service := c.dst[:2], c.dst[3:]
		return service == in.Service && c.src != in.Service &&
			(in.Namespace == "" || in.Namespace == ns) && (in.Route == "" || in.Route == c.route)
	}
	inside := func(c call, w Window) bool {
		at := t0.Add(c.at)
		return !at.Before(w.From) && at.Before(w.To)
	}
	reports := map[string]bool{}
	for _, c := range calls {
		if counts(c) && c.vantage == "client" && inside(c, whole) {
			reports[c.src] = true
		}
	}
	list := make([]Count, len(windows))
	for _, c := range calls {
		if !counts(c) || (c.vantage == "client") != reports[c.src] {
			continue
		}
		good := slices.Contains(in.Good, c.outcome) && (in.Latency == 0 || c.duration <= in.Latency)
		for i, w := range windows {
			if inside(c, w) {
				list[i].Total++
				if good {
					list[i].Good++
				}
			}
		}
	}
	return list
}

// TestCountRowsIsNotEmpty guards the comparison above against agreeing on
// nothing.
func TestCountRowsIsNotEmpty(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	calls := randomCalls(r, 3000)
	seen := map[string]bool{}
	for range 25 {
		c := countRows(calls, randomIndicator(r), randomWindows(r))[0]
		seen[fmt.Sprintf("good %v bad %v", c.Good > 0, c.Bad() > 0)] = true
	}
	if !seen["good true bad true"] {
		t.Errorf("cases seen: %v", seen)
	}
}
