package graph

import (
	"strings"
	"testing"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// chain is a → b → c → d, with failures on c → d and most traffic on b → c.
func chain() ([]*graphv1.Node, []*line) {
	call := func(src, dst string, o record.Outcome, n uint64) countRow {
		return countRow{
			Src: "m/c/n/" + src, SrcService: src, Dst: "m/c/n/" + dst, DstService: dst, Route: "r",
			Vantage: record.VantageClient, Outcome: o, Requests: n, Attempts: n,
		}
	}
	return count([]countRow{
		call("a", "b", record.OutcomeOK, 5), call("b", "c", record.OutcomeOK, 9),
		call("c", "d", record.OutcomeOK, 4), call("c", "d", record.OutcomeTimeout, 1),
	}, options{})
}

func TestShown(t *testing.T) {
	for _, c := range []struct {
		name, edges, nodes string
		req                *graphv1.GetGraphRequest
		left               int
	}{
		{"all", "ab bc cd", "abcd", &graphv1.GetGraphRequest{}, 0},
		{"errors", "cd", "cd", &graphv1.GetGraphRequest{ErrorsOnly: true}, 0},
		{"busiest", "bc", "bc", &graphv1.GetGraphRequest{Limit: 1}, 2},
		{"busiest, equal ones by name", "ab bc", "abc", &graphv1.GetGraphRequest{Limit: 2}, 1},
		{"most failures", "cd", "cd", &graphv1.GetGraphRequest{Limit: 1, RankBy: "failures"}, 2},
		{"limit beyond", "ab bc cd", "abcd", &graphv1.GetGraphRequest{Limit: 9}, 0},
		{"two hops", "ab bc", "abc", &graphv1.GetGraphRequest{Service: "a", Depth: 2}, 0},
		{"two hops, both ways", "ab bc cd", "abcd", &graphv1.GetGraphRequest{Service: "b", Depth: 2}, 0},
		{"no such service", "", "", &graphv1.GetGraphRequest{Service: "x", Depth: 2}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			ends, all := chain()
			nodes, all, left := shown(ends, all, c.req)
			last := func(id string) string { return id[strings.LastIndex(id, "/")+1:] }
			var edges, ids []string
			for _, l := range all {
				edges = append(edges, last(l.edge.Src)+last(l.edge.Dst))
			}
			for _, n := range nodes {
				ids = append(ids, last(n.Id))
			}
			if got := strings.Join(edges, " "); got != c.edges || left != c.left {
				t.Errorf("edges %q and %d left out, want %q and %d", got, left, c.edges, c.left)
			}
			if got := strings.Join(ids, ""); got != c.nodes {
				t.Errorf("nodes %q, want %q", got, c.nodes)
			}
		})
	}
}

func TestOptionsRefused(t *testing.T) {
	for want, req := range map[string]*graphv1.GetGraphRequest{
		`group_by "pod" is none of workload, service, version, namespace, cluster, mesh`: {GroupBy: "pod"},
		`rank_by "x" is neither requests nor failures`:                                   {RankBy: "x"},
		"depth needs a service to start from":                                            {Depth: 1},
		"depth 65 is more than 64":                                                       {Service: "a", Depth: 65},
		"counts_only leaves out what with_bins and within_us ask for":                    {CountsOnly: true, WithinUs: []uint32{5}},
		"within_us 0 is not between 1 and 3600000000":                                    {WithinUs: []uint32{0}},
	} {
		if err := checkShown(req); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if err := checkShown(&graphv1.GetGraphRequest{GroupBy: "mesh", RankBy: "failures", Service: "a", Depth: 64}); err != nil {
		t.Error(err)
	}
}

func TestDead(t *testing.T) {
	call := func(dst string, o record.Outcome) countRow {
		return countRow{Src: "m/c/n/a", Dst: "m/c/n/" + dst, Vantage: record.VantageClient, Outcome: o, Requests: 1}
	}
	nodes, _ := count([]countRow{
		call("gone", record.OutcomeNoHealthy), call("gone", record.OutcomeConnectFail),
		call("ill", record.OutcomeNoHealthy), call("ill", record.OutcomeServerError),
	}, options{})
	for _, n := range nodes {
		if want := map[bool]string{true: stateDead}[n.Workload == "gone"]; n.State != want {
			t.Errorf("state of %s is %q, want %q", n.Id, n.State, want)
		}
	}
}

func TestPairsOf(t *testing.T) {
	_, all := chain()
	if got := pairsOf(all); len(got) != 3 || got[0] != (pair{"m/c/n/a", "m/c/n/b"}) {
		t.Errorf("pairs %v", got)
	}
	many := make([]*line, 1001)
	for i := range many {
		many[i] = &line{members: []member{{pair: pair{Src: string(rune(i + 1))}}}}
	}
	if got := pairsOf(many); got != nil {
		t.Errorf("%d pairs are named, want none", len(got))
	}
}
