package slotest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// maxIntervals bounds a series: a year of minutes.
const maxIntervals = 366 * 24 * 60

// parseSeries reads numbers, each of one interval or, as "100x60", of many. "_"
// stands for an interval that nobody saw; it is counted as nil.
func parseSeries(text string) ([]*uint64, error) {
	var list []*uint64
	for _, part := range strings.Fields(text) {
		what, times, repeated := strings.Cut(part, "x")
		n := 1
		if repeated {
			var err error
			if n, err = strconv.Atoi(times); err != nil || n < 1 {
				return nil, fmt.Errorf("%q has not the form 100x60: a number, x, how many intervals", part)
			}
		}
		if len(list)+n > maxIntervals {
			return nil, fmt.Errorf("has more than %d intervals", maxIntervals)
		}
		var value *uint64
		if what != "_" {
			v, err := strconv.ParseUint(what, 10, 48)
			if err != nil {
				return nil, fmt.Errorf("%q is not a number of events", what)
			}
			value = &v
		}
		list = append(list, slices.Repeat([]*uint64{value}, n)...)
	}
	return list, nil
}

// traffic are the counts per grid bucket, by the service of an indicator, and
// which intervals nobody saw.
type traffic struct {
	buckets map[string][]budget.Count
	blind   []window.Window
}

func (r *reader) traffic(in document) {
	t := &traffic{buckets: map[string][]budget.Count{}}
	r.test.traffic = t
	if in.Series == nil && in.Events == nil {
		r.errorf("series", "is missing: write series or events")
	}
	for i, s := range in.Series {
		path := fmt.Sprintf("series[%d]", i)
		counts, seen := r.counts(path, s)
		for _, service := range r.services(path, s.Objective) {
			for j, c := range counts {
				t.spread(service, j*r.per(), r.per(), c)
			}
		}
		for j, ok := range seen {
			if !ok {
				t.hide(r.test.start.Add(time.Duration(j)*r.test.interval), r.test.interval)
			}
		}
	}
	for i, e := range in.Events {
		path := fmt.Sprintf("events[%d]", i)
		at, err := burn.ParseWindow(e.At)
		if err != nil || at < 0 || at > 366*window.Day {
			r.errorf(path+".at", "%q is not a time since the start such as 65m", e.At)
			continue
		}
		for _, service := range r.services(path, e.Objective) {
			t.spread(service, int(at/window.Grid), 1, budget.Count{Good: e.Good, Total: e.Good + e.Bad})
		}
	}
	slices.SortFunc(t.blind, func(a, b window.Window) int { return a.From.Compare(b.From) })
}

// per is the number of grid buckets of an interval.
func (r *reader) per() int { return int(r.test.interval / window.Grid) }

// services returns the indicators that an entry is of.
func (r *reader) services(path, objective string) []string {
	s := r.test.slo
	if len(s.Parts) == 0 {
		if objective != "" {
			r.errorf(path+".objective", "is for composites; the SLO is none")
		}
		return []string{s.Indicator.Service}
	}
	var list []string
	for _, p := range s.Parts {
		if objective == "" || objective == p.Name {
			list = append(list, p.Indicator.Service)
		}
	}
	if list == nil {
		r.errorf(path+".objective", "%q is not an objective of the SLO", objective)
	}
	return list
}

// counts joins two of good, bad and total.
func (r *reader) counts(path string, s series) ([]budget.Count, []bool) {
	read := func(name string, text *string) []*uint64 {
		if text == nil {
			return nil
		}
		list, err := parseSeries(*text)
		if err != nil {
			r.errorf(path+"."+name, "%v", err)
		}
		return list
	}
	good, bad, total := read("good", s.Good), read("bad", s.Bad), read("total", s.Total)
	given := 0
	for _, text := range []*string{s.Good, s.Bad, s.Total} {
		if text != nil {
			given++
		}
	}
	if given != 2 {
		r.errorf(path, "needs two of good, bad and total, has %d", given)
		return nil, nil
	}
	n := max(len(good), len(bad), len(total))
	counts, seen := make([]budget.Count, n), make([]bool, n)
	for i := range n {
		g, okG := at(good, i)
		b, okB := at(bad, i)
		sum, okT := at(total, i)
		seen[i] = okG && okB && okT
		switch {
		case s.Total == nil:
			counts[i] = budget.Count{Good: g, Total: g + b}
		case s.Good == nil:
			g = sum - min(b, sum)
			counts[i] = budget.Count{Good: g, Total: sum}
		default:
			counts[i] = budget.Count{Good: g, Total: sum}
		}
		if counts[i].Good > counts[i].Total || b > counts[i].Total {
			r.errorf(path, "has more events in interval %d than its total of %d", i+1, sum)
			return nil, nil
		}
	}
	return counts, seen
}

// at returns a value of a series; beyond its end there is no traffic. False if
// nobody saw.
func at(list []*uint64, i int) (uint64, bool) {
	if i >= len(list) {
		return 0, true
	}
	if list[i] == nil {
		return 0, false
	}
	return *list[i], true
}

// spread adds a count evenly to n buckets from the first one on; what does not
// divide comes late.
func (t *traffic) spread(service string, first, n int, c budget.Count) {
	list := t.buckets[service]
	if need := first + n - len(list); need > 0 {
		list = append(list, make([]budget.Count, need)...)
	}
	share := func(v uint64, i int) uint64 { return v*uint64(i+1)/uint64(n) - v*uint64(i)/uint64(n) }
	for i := range n {
		bad := share(c.Bad(), i)
		good := share(c.Good, i)
		list[first+i] = list[first+i].Add(budget.Count{Good: good, Total: good + bad})
	}
	t.buckets[service] = list
}

// hide makes an interval one that nobody saw.
func (t *traffic) hide(from time.Time, length time.Duration) {
	w := window.Window{From: from, To: from.Add(length)}
	if n := len(t.blind); n > 0 && t.blind[n-1].To.Equal(from) {
		t.blind[n-1].To = w.To
		return
	}
	t.blind = append(t.blind, w)
}
