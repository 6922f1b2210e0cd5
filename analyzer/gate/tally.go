package gate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/gate/sequential"
	gatev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/gate/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// pair names an edge.
type pair struct{ src, dst string }

// precedence orders vantages for the canonical view as package graph does.
var precedence = []string{
	record.VantageClient.String(), record.VantageServer.String(), record.VantageGateway.String(),
	record.VantageL4Client.String(), record.VantageL4Server.String(), record.VantageNode.String(),
}

var server = record.VantageServer.String()

// canonical tells the vantage that speaks for each edge: the best one that has
// requests in the window.
func canonical(rows []row) map[pair]string {
	best := map[pair]string{}
	for i := range rows {
		r := &rows[i]
		p := pair{r.src, r.dst}
		if now, ok := best[p]; r.total > 0 && (!ok || rank(r.vantage) < rank(now)) {
			best[p] = r.vantage
		}
	}
	return best
}

func rank(vantage string) int {
	if i := slices.Index(precedence, vantage); i >= 0 {
		return i
	}
	return len(precedence)
}

// tally is what was counted of one metric.
type tally struct {
	blocks       map[time.Time]*sequential.Block
	evidence     map[gateKey]*gatev1.Evidence
	unattributed sequential.Arm
	others       map[string]uint64
}

type gateKey struct {
	pair
	vantage, version string
}

// tallyOf counts the rows that keep lets through.
func tallyOf(rows []row, canary, baseline string, keep func(*row) bool) *tally {
	t := &tally{blocks: map[time.Time]*sequential.Block{}, evidence: map[gateKey]*gatev1.Evidence{}, others: map[string]uint64{}}
	for i := range rows {
		r := &rows[i]
		if !keep(r) {
			continue
		}
		switch r.version {
		case canary:
			add(&t.block(r.at).Canary, r)
		case baseline:
			add(&t.block(r.at).Baseline, r)
		case "":
			add(&t.unattributed, r)
			continue
		default:
			t.others[r.version] += r.total
			continue
		}
		t.prove(r)
	}
	return t
}

func add(a *sequential.Arm, r *row) {
	a.Bad += r.bad
	a.Total += r.total
}

func (t *tally) block(at time.Time) *sequential.Block {
	if t.blocks[at] == nil {
		t.blocks[at] = &sequential.Block{}
	}
	return t.blocks[at]
}

func (t *tally) prove(r *row) {
	at := gateKey{pair{r.src, r.dst}, r.vantage, r.version}
	e := t.evidence[at]
	if e == nil {
		e = &gatev1.Evidence{Src: r.src, Dst: r.dst, Vantage: r.vantage, Version: r.version}
		t.evidence[at] = e
	}
	e.Bad += r.bad
	e.Total += r.total
}

// run lets the test see the blocks in the order of time.
func (t *tally) run(rule sequential.Rule) *sequential.Test {
	test := sequential.NewTest(rule)
	for _, at := range slices.SortedFunc(maps.Keys(t.blocks), time.Time.Compare) {
		test.Add(*t.blocks[at])
	}
	return test
}

// proof lists the evidence in order.
func (t *tally) proof() []*gatev1.Evidence {
	return slices.SortedFunc(maps.Values(t.evidence), func(a, b *gatev1.Evidence) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.Src, b.Src), cmp.Compare(a.Dst, b.Dst), cmp.Compare(a.Vantage, b.Vantage))
	})
}

// namespaceOf reads the namespace out of a node id, "" where it has none.
func namespaceOf(id string) string {
	parts := strings.Split(id, "/")
	switch {
	case len(parts) == 4:
		return parts[2]
	case len(parts) == 2 && parts[0] == "unknown":
		return parts[1]
	}
	return ""
}

// namespaces lists where the destinations of the rows are, by name.
func namespaces(rows []row) []string {
	set := map[string]bool{}
	for i := range rows {
		set[namespaceOf(rows[i].dst)] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// within keeps the rows whose destination is in a namespace; "" keeps all.
func within(rows []row, namespace string) []row {
	if namespace == "" {
		return rows
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return namespaceOf(r.dst) != namespace })
}

// leastHistory is how many requests a threshold may be taken from.
const leastHistory = 100

// percentile95 returns the bin that holds the value of rank ⌈0.95·n⌉ of all
// edges, each seen from its best vantage; false with too few requests.
func percentile95(edges []past) (record.Bin, uint64, bool) {
	best := map[pair]string{}
	for _, e := range edges {
		p := pair{e.src, e.dst}
		if now, ok := best[p]; !ok || rank(e.vantage) < rank(now) {
			best[p] = e.vantage
		}
	}
	all, n := map[int16]uint64{}, uint64(0)
	for _, e := range edges {
		if best[pair{e.src, e.dst}] != e.vantage {
			continue
		}
		for bin, count := range e.bins {
			all[bin] += count
			n += count
		}
	}
	if n < leastHistory {
		return 0, n, false
	}
	left := (n*95 + 99) / 100
	for _, bin := range slices.Sorted(maps.Keys(all)) {
		if all[bin] >= left {
			return record.Bin(bin), n, true
		}
		left -= all[bin]
	}
	return 0, n, false
}

// runBegan returns the first bucket of the last run without a gap of ten
// minutes; zero without buckets.
func runBegan(seen []time.Time) time.Time {
	const gap = 10 * time.Minute
	var began time.Time
	for i, t := range seen {
		if i == 0 || t.Sub(seen[i-1]) > gap {
			began = t
		}
	}
	return began
}
