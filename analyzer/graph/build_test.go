package graph

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

const (
	web     = "m/c/ns/web"
	ratings = "m/c/ns/ratings"
)

// row makes a group of requests web → ratings over HTTP/1.
func row(v record.Vantage, route string, o record.Outcome, requests, attempts uint64) countRow {
	return countRow{Src: web, Dst: ratings, Vantage: v, Route: route, Protocol: "http1", Outcome: o, Requests: requests, Attempts: attempts}
}

func source(v record.Vantage, requests, failures uint64) *graphv1.EdgeSource {
	return &graphv1.EdgeSource{Source: "als", Vantage: v.String(), Unit: unit(v), Requests: requests, Failures: failures, ErrorRatio: ratio(failures, requests)}
}

func float(v float64) *float64 { return &v }

// TestEdges shows how rows of several vantages become edges.
func TestEdges(t *testing.T) {
	const client, server, gateway = record.VantageClient, record.VantageServer, record.VantageGateway
	const ok, timeout, notFound = record.OutcomeOK, record.OutcomeTimeout, record.OutcomeClientError
	for _, c := range []struct {
		name string
		rows []countRow
		want []*graphv1.Edge
	}{
		{"nothing", nil, nil},
		{"rows of nothing", []countRow{row(client, "r", ok, 0, 0)}, nil},
		{
			"the caller's view wins, the server's rows are arrivals",
			[]countRow{
				row(client, "r", ok, 8, 10), row(client, "r", notFound, 1, 1), row(client, "r", timeout, 1, 4),
				row(server, "r", ok, 12, 12), row(server, "r", record.OutcomeClientGone, 3, 3),
			},
			[]*graphv1.Edge{{
				Src: web, Dst: ratings, Route: "r", Protocol: "http1", Vantage: "client", Unit: "requests",
				Requests: 10, Arrivals: 15, Attempts: 15, Failures: 1,
				Outcomes: map[string]uint64{"ok": 8, "client_error": 1, "timeout": 1},
				Rate:     1, ErrorRatio: float(0.1),
				Sources: []*graphv1.EdgeSource{source(client, 10, 1), source(server, 15, 3)},
			}},
		},
		{
			"without the caller's proxy the server's rows are the edge",
			[]countRow{row(server, "r", ok, 20, 19), row(gateway, "r", ok, 5, 5)},
			[]*graphv1.Edge{{
				Src: web, Dst: ratings, Route: "r", Protocol: "http1", Vantage: "server", Unit: "attempts",
				Requests: 20, Arrivals: 20, Attempts: 20,
				Outcomes: map[string]uint64{"ok": 20}, Rate: 2, ErrorRatio: float(0),
				Sources: []*graphv1.EdgeSource{source(server, 20, 0), source(gateway, 5, 0)},
			}},
		},
		{
			"a single route takes the arrivals whatever the server calls it",
			[]countRow{row(client, "r", ok, 10, 10), row(server, "inbound", ok, 6, 6), row(server, "other", ok, 4, 4)},
			[]*graphv1.Edge{{
				Src: web, Dst: ratings, Route: "r", Protocol: "http1", Vantage: "client", Unit: "requests",
				Requests: 10, Arrivals: 10, Attempts: 10,
				Outcomes: map[string]uint64{"ok": 10}, Rate: 1, ErrorRatio: float(0),
				Sources: []*graphv1.EdgeSource{source(client, 10, 0), source(server, 10, 0)},
			}},
		},
		{
			"with several routes, arrivals that match none are one remainder",
			[]countRow{
				row(client, "r1", ok, 10, 10), row(client, "r2", ok, 5, 5), row(server, "r1", ok, 10, 10),
				row(server, "inbound", timeout, 3, 3), row(server, "other", ok, 2, 2), row(gateway, "edge", ok, 1, 1),
			},
			[]*graphv1.Edge{
				{
					Src: web, Dst: ratings, Route: "r1", Protocol: "http1", Vantage: "client", Unit: "requests",
					Requests: 10, Arrivals: 10, Attempts: 10, Outcomes: map[string]uint64{"ok": 10}, Rate: 1, ErrorRatio: float(0),
					Sources: []*graphv1.EdgeSource{source(client, 10, 0), source(server, 10, 0)},
				},
				{
					Src: web, Dst: ratings, Route: "r2", Protocol: "http1", Vantage: "client", Unit: "requests",
					Requests: 5, Attempts: 5, Outcomes: map[string]uint64{"ok": 5}, Rate: 0.5, ErrorRatio: float(0),
					Sources: []*graphv1.EdgeSource{source(client, 5, 0)},
				},
				{
					Src: web, Dst: ratings, Route: "~unmatched", Protocol: "http1", Vantage: "server", Unit: "attempts", Arrivals: 5,
					Sources: []*graphv1.EdgeSource{source(server, 5, 3), source(gateway, 1, 0)},
				},
			},
		},
		{
			"arrivals on every route of the caller leave no remainder",
			[]countRow{row(client, "r1", ok, 4, 4), row(client, "r2", ok, 5, 5), row(server, "r2", ok, 5, 5), row(server, "r1", ok, 4, 4)},
			[]*graphv1.Edge{
				{
					Src: web, Dst: ratings, Route: "r1", Protocol: "http1", Vantage: "client", Unit: "requests",
					Requests: 4, Arrivals: 4, Attempts: 4, Outcomes: map[string]uint64{"ok": 4}, Rate: 0.4, ErrorRatio: float(0),
					Sources: []*graphv1.EdgeSource{source(client, 4, 0), source(server, 4, 0)},
				},
				{
					Src: web, Dst: ratings, Route: "r2", Protocol: "http1", Vantage: "client", Unit: "requests",
					Requests: 5, Arrivals: 5, Attempts: 5, Outcomes: map[string]uint64{"ok": 5}, Rate: 0.5, ErrorRatio: float(0),
					Sources: []*graphv1.EdgeSource{source(client, 5, 0), source(server, 5, 0)},
				},
			},
		},
		{
			"the server's routes are the edges where the caller has no proxy, whatever others say",
			[]countRow{row(server, "r1", ok, 1, 1), row(server, "r2", ok, 2, 2), row(gateway, "r3", ok, 4, 4)},
			[]*graphv1.Edge{
				{
					Src: web, Dst: ratings, Route: "r1", Protocol: "http1", Vantage: "server", Unit: "attempts",
					Requests: 1, Arrivals: 1, Attempts: 1, Outcomes: map[string]uint64{"ok": 1}, Rate: 0.1, ErrorRatio: float(0),
					Sources: []*graphv1.EdgeSource{source(server, 1, 0)},
				},
				{
					Src: web, Dst: ratings, Route: "r2", Protocol: "http1", Vantage: "server", Unit: "attempts",
					Requests: 2, Arrivals: 2, Attempts: 2, Outcomes: map[string]uint64{"ok": 2}, Rate: 0.2, ErrorRatio: float(0),
					Sources: []*graphv1.EdgeSource{source(server, 2, 0)},
				},
				{
					Src: web, Dst: ratings, Route: "~unmatched", Protocol: "http1", Vantage: "gateway", Unit: "requests",
					Sources: []*graphv1.EdgeSource{source(gateway, 4, 0)},
				},
			},
		},
		{
			"a request that no try was made for",
			[]countRow{row(client, "r", record.OutcomeOverflow, 3, 0)},
			[]*graphv1.Edge{{
				Src: web, Dst: ratings, Route: "r", Protocol: "http1", Vantage: "client", Unit: "requests",
				Requests: 3, Failures: 3, Outcomes: map[string]uint64{"overflow": 3}, Rate: 0.3, ErrorRatio: float(1),
				Sources: []*graphv1.EdgeSource{source(client, 3, 3)},
			}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, got := build(c.rows, nil, options{length: 10 * time.Second})
			// TestLineFinish and TestTimeouts show these.
			others := protocmp.IgnoreFields(&graphv1.Edge{}, "first_seen", "last_seen", "amplification", "timeouts")
			if diff := cmp.Diff(c.want, got, protocmp.Transform(), others); diff != "" {
				t.Errorf("edges (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEdgeDetails(t *testing.T) {
	counts := []countRow{
		{Src: web, Dst: ratings, Vantage: record.VantageClient, Protocol: "http2", Outcome: record.OutcomeOK, Requests: 6, MTLSKnown: 4, MTLSMutual: 3},
		{Src: web, Dst: ratings, Vantage: record.VantageClient, Protocol: "http1", Outcome: record.OutcomeOK, Requests: 2},
	}
	latencies := []latencyRow{
		{Src: web, Dst: ratings, Vantage: record.VantageClient, Hist: histogramOf(25_300, 25_300)},
		{Src: web, Dst: ratings, Vantage: record.VantageClient, Hist: histogramOf(91_000)},
		{Src: web, Dst: ratings, Vantage: record.VantageServer, Hist: histogramOf(1, 1, 1)},
		{Src: "no", Dst: "counts", Vantage: record.VantageServer, Hist: histogramOf(1)},
	}
	_, edges := build(counts, latencies, options{length: time.Second, withBins: true})
	if len(edges) != 1 {
		t.Fatalf("%d edges, want 1", len(edges))
	}
	e := edges[0]
	if e.Protocol != "http2" {
		t.Errorf("protocol %q, want the one of most requests", e.Protocol)
	}
	if e.GetMtls() != 0.75 {
		t.Errorf("mtls %v, want the share among rows that know", e.Mtls)
	}
	if e.Completeness != nil {
		t.Errorf("completeness %v, want none", *e.Completeness)
	}
	if got := e.LatencyMs.P99.High; got != 91 {
		t.Errorf("p99 ≤ %v ms, want 91: only rows of the canonical vantage", got)
	}
	want := []*graphv1.LatencyBin{{LowUs: 25_000, HighUs: 26_000, Requests: 2}, {LowUs: 90_000, HighUs: 91_000, Requests: 1}}
	if diff := cmp.Diff(want, e.LatencyBins, protocmp.Transform()); diff != "" {
		t.Errorf("bins (-want +got):\n%s", diff)
	}
}

func TestMTLSUnknown(t *testing.T) {
	_, edges := build([]countRow{row(record.VantageClient, "r", record.OutcomeOK, 1, 1)}, nil, options{length: time.Second})
	if edges[0].Mtls != nil {
		t.Errorf("mtls %v, want none where no row knows", *edges[0].Mtls)
	}
}

// TestBuildProperties checks on random rows what must hold for any input:
// nothing is lost or counted twice, shares are shares, and neither the order of
// rows nor how they are grouped changes the answer.
func TestBuildProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 1))
	for range 200 {
		rows := randomRows(rng)
		nodes, edges := build(rows, nil, options{length: time.Minute})
		checkTotals(t, rows, edges)
		checkShape(t, nodes, edges)

		shuffled := slices.Clone(rows)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		sameNodes, sameEdges := build(halve(shuffled), nil, options{length: time.Minute})
		if diff := cmp.Diff(edges, sameEdges, protocmp.Transform()); diff != "" {
			t.Fatalf("edges change with the order or grouping of rows:\n%s", diff)
		}
		if diff := cmp.Diff(nodes, sameNodes, protocmp.Transform()); diff != "" {
			t.Fatalf("nodes change with the order or grouping of rows:\n%s", diff)
		}
	}
}

func randomRows(rng *rand.Rand) []countRow {
	ids := []string{web, ratings, "m/c/ns/~ratings", "unknown/ns", "external/x"}
	rows := make([]countRow, rng.IntN(30))
	for i := range rows {
		known, first := rng.Uint64N(5), rng.Int64N(9)
		rows[i] = countRow{
			Src: ids[rng.IntN(len(ids))], Dst: ids[rng.IntN(len(ids))],
			SrcService: []string{"", "a", "b"}[rng.IntN(3)], DstVersion: []string{"", "v1"}[rng.IntN(2)],
			Route: []string{"r1", "r2", "inbound", unmatched}[rng.IntN(4)], Protocol: []string{"http1", "http2"}[rng.IntN(2)],
			Vantage: record.Vantage(rng.IntN(7)), Outcome: record.Outcome(rng.IntN(20)),
			Requests: rng.Uint64N(10), Attempts: rng.Uint64N(30), MTLSKnown: known, MTLSMutual: rng.Uint64N(known + 1),
			RequestBytes: rng.Uint64N(9), ResponseBytes: rng.Uint64N(9), First: first, Last: first + rng.Int64N(3),
		}
	}
	return rows
}

// halve splits each row in two that add up to it.
func halve(rows []countRow) []countRow {
	var out []countRow
	for _, r := range rows {
		a, b := r, r
		a.Requests, a.Attempts, a.MTLSKnown, a.MTLSMutual = r.Requests/2, r.Attempts/2, r.MTLSKnown/2, r.MTLSMutual/2
		a.RequestBytes, a.ResponseBytes = r.RequestBytes/2, r.ResponseBytes/2
		b.RequestBytes, b.ResponseBytes = r.RequestBytes-a.RequestBytes, r.ResponseBytes-a.ResponseBytes
		b.Requests, b.Attempts, b.MTLSKnown, b.MTLSMutual = r.Requests-a.Requests, r.Attempts-a.Attempts, r.MTLSKnown-a.MTLSKnown, r.MTLSMutual-a.MTLSMutual
		// A row without requests holds nothing, so its sums stay with the other.
		if a.Requests == 0 {
			b = r
		}
		out = append(out, a, b)
	}
	return out
}

// checkTotals compares sums over edges with sums over rows, per (src, dst).
func checkTotals(t *testing.T, rows []countRow, edges []*graphv1.Edge) {
	t.Helper()
	byVantage := map[pair]map[record.Vantage]uint64{}
	for _, r := range rows {
		p := pair{r.Src, r.Dst}
		if byVantage[p] == nil {
			byVantage[p] = map[record.Vantage]uint64{}
		}
		byVantage[p][r.Vantage] += r.Requests
	}
	requests, arrivals := map[pair]uint64{}, map[pair]uint64{}
	for _, e := range edges {
		p := pair{e.Src, e.Dst}
		requests[p] += e.Requests
		arrivals[p] += e.Arrivals
		var outcomes uint64
		for _, n := range e.Outcomes {
			outcomes += n
		}
		if outcomes != e.Requests || e.Failures > e.Requests {
			t.Fatalf("edge %v: outcomes add up to %d, failures are %d of %d", p, outcomes, e.Failures, e.Requests)
		}
	}
	for p, counts := range byVantage {
		want := uint64(0)
		for _, v := range []record.Vantage{1, 2, 3, 4, 5, 6, 0} {
			if counts[v] > 0 {
				want = counts[v]
				break
			}
		}
		if requests[p] != want || arrivals[p] != counts[record.VantageServer] {
			t.Fatalf("%v: %d requests, %d arrivals; the rows hold %v", p, requests[p], arrivals[p], counts)
		}
	}
}

func checkShape(t *testing.T, nodes []*graphv1.Node, edges []*graphv1.Edge) {
	t.Helper()
	known := map[string]bool{}
	for _, n := range nodes {
		known[n.Id] = true
	}
	for i, e := range edges {
		if !known[e.Src] || !known[e.Dst] {
			t.Fatalf("edge %s → %s has an end that is no node", e.Src, e.Dst)
		}
		if i > 0 && compareEdges(edges[i-1], e) >= 0 {
			t.Fatalf("edges %d and %d are not in order, or the same", i-1, i)
		}
		if m := e.Mtls; m != nil && (*m < 0 || *m > 1) {
			t.Fatalf("mtls share %v", *m)
		}
	}
}
