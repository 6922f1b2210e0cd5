package graph

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// ask returns the answer for a window, with bins.
func ask(t *testing.T, s *Service, from, to time.Time) *graphv1.GetGraphResponse {
	t.Helper()
	req := &graphv1.GetGraphRequest{From: timestamppb.New(from), To: timestamppb.New(to), WithBins: true}
	answer, err := s.GetGraph(context.Background(), connect.NewRequest(req))
	if err != nil {
		t.Fatal(err)
	}
	return answer.Msg
}

// TestBlocksAndTheirOrderDoNotMatter stores the same requests in one block and,
// shuffled, in many of every size: all answers are the same.
func TestBlocksAndTheirOrderDoNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(27, 18))
	start := recently()
	requests := traffic(rng, start, 5*time.Minute, 3_000)
	now := start.Add(10 * time.Minute)
	serve := func(write func(driver.Conn)) *Service {
		reader, writer := openStore(t)
		write(writer)
		heartbeat(t, writer, now, now)
		return New(reader, func() time.Time { return now })
	}
	whole := serve(func(conn driver.Conn) { insert(t, conn, requests) })
	parts := serve(func(conn driver.Conn) {
		rest := slices.Clone(requests)
		rng.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
		for len(rest) > 0 {
			n := min(len(rest), 1+rng.IntN(400))
			insert(t, conn, rest[:n])
			rest = rest[n:]
		}
	})
	for _, w := range [][2]time.Duration{{0, 5 * time.Minute}, {7 * time.Second, 3*time.Minute + 1}, {41 * time.Second, 49 * time.Second}} {
		want, got := ask(t, whole, start.Add(w[0]), start.Add(w[1])), ask(t, parts, start.Add(w[0]), start.Add(w[1]))
		if len(want.Edges) == 0 {
			t.Fatalf("no edges in %v: the test shows nothing", w)
		}
		if !proto.Equal(want, got) {
			t.Errorf("%v (-one block +many):\n%s", w, cmp.Diff(want, got, protocmp.Transform()))
		}
	}
}

// seen is what one vantage counts of one (src, dst).
type seen struct {
	pair
	vantage string
}

// sums adds up an answer by (src, dst) and vantage, which does not depend on
// the vantage that was chosen: requests, failures.
func sums(edges []*graphv1.Edge) map[seen][2]uint64 {
	out := map[seen][2]uint64{}
	for _, e := range edges {
		for _, s := range e.Sources {
			at := seen{pair{e.Src, e.Dst}, s.Vantage}
			out[at] = [2]uint64{out[at][0] + s.Requests, out[at][1] + s.Failures}
		}
	}
	return out
}

// TestAdjacentWindowsAddUp cuts a window in three at random times: the parts
// hold each request of the whole exactly once.
func TestAdjacentWindowsAddUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(16, 18))
	reader, writer := openStore(t)
	start := recently()
	const length = 6 * time.Minute
	insert(t, writer, traffic(rng, start, length, 4_000))
	now := start.Add(10 * time.Minute)
	heartbeat(t, writer, now, now)
	service := New(reader, func() time.Time { return now })
	want := sums(ask(t, service, start, start.Add(length)).Edges)
	if len(want) < 10 {
		t.Fatalf("%d sums: the test shows nothing", len(want))
	}
	for range 6 {
		cuts := []time.Time{start, start.Add(length)}
		for range 2 {
			cuts = append(cuts, start.Add(time.Duration(1+rng.Int64N(int64(length-1)))).Truncate(time.Microsecond))
		}
		slices.SortFunc(cuts, time.Time.Compare)
		got := map[seen][2]uint64{}
		for i := range cuts[1:] {
			for at, n := range sums(ask(t, service, cuts[i], cuts[i+1]).Edges) {
				got[at] = [2]uint64{got[at][0] + n[0], got[at][1] + n[1]}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("cut at %v (-whole +parts):\n%s", cuts, diff)
		}
	}
}

// TestOtherVantagesNeverChangeTheCanonicalView adds rows of worse vantages to
// pairs that already have rows of a better one: of each edge only arrivals and
// sources may change, and the only new edge is a remainder without requests.
func TestOtherVantagesNeverChangeTheCanonicalView(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 28))
	o := options{length: time.Minute, withBins: true}
	for range 300 {
		best := rng.IntN(len(precedence) - 1)
		counts := randomRows(rng)
		var latencies []latencyRow
		for i := range counts {
			counts[i].Vantage, counts[i].Requests = precedence[best], counts[i].Requests+1
			latencies = append(latencies, latencyOf(rng, counts[i]))
		}
		_, before := build(counts, latencies, o)
		for _, r := range slices.Clone(counts) { // more rows of the same pairs
			r.Vantage = precedence[best+1+rng.IntN(len(precedence)-best-1)]
			r.Route = []string{"r1", "r2", "inbound", "their own"}[rng.IntN(4)]
			r.Outcome, r.Protocol = record.Outcome(rng.IntN(20)), "http3"
			counts, latencies = append(counts, r), append(latencies, latencyOf(rng, r))
		}
		_, after := build(counts, latencies, o)
		if diff := cmp.Diff(canonicalOnly(before), canonicalOnly(after), protocmp.Transform()); diff != "" {
			t.Fatalf("rows of other vantages than %s change its view (-before +after):\n%s", precedence[best], diff)
		}
	}
}

func latencyOf(rng *rand.Rand, r countRow) latencyRow {
	return latencyRow{Src: r.Src, Dst: r.Dst, Route: r.Route, Vantage: r.Vantage, Hist: histogram{record.Bin(rng.IntN(300)): r.Requests}}
}

// canonicalOnly leaves out of edges what other vantages may add.
func canonicalOnly(edges []*graphv1.Edge) []*graphv1.Edge {
	var out []*graphv1.Edge
	for _, e := range edges {
		if e.Route == unmatched && e.Requests == 0 {
			continue
		}
		c := proto.CloneOf(e)
		c.Arrivals, c.Sources = 0, nil
		out = append(out, c)
	}
	return out
}
