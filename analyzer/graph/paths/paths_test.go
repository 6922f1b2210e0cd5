package paths

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var near = cmpopts.EquateApprox(0, 1e-9)

func call(src, dst string, requests, attempts, failures uint64) Edge {
	return Edge{Src: src, Dst: dst, Requests: requests, Attempts: attempts, Failures: failures}
}

// shop is web → {cart, search}, both → db.
func shop() []Edge {
	return []Edge{
		call("web", "cart", 100, 150, 20), call("web", "search", 200, 200, 0),
		call("cart", "db", 50, 100, 15), call("search", "db", 400, 400, 0),
	}
}

func TestAmplifications(t *testing.T) {
	got, complete := Amplifications(shop(), "web", 10)
	want := []Path{
		{[]string{"web", "cart", "db"}, 3, 50},
		{[]string{"web", "search", "db"}, 1, 400},
	}
	if diff := cmp.Diff(want, got, near); diff != "" || !complete {
		t.Errorf("complete %v, paths (-want +got):\n%s", complete, diff)
	}
	if got, complete := Amplifications(shop(), "web", 1); len(got) != 1 || complete {
		t.Errorf("%d paths, complete %v; want the limit to be told", len(got), complete)
	}
	if got, complete := Amplifications(shop(), "nobody", 5); got != nil || !complete {
		t.Errorf("paths %v of nobody", got)
	}
	circle := []Edge{call("a", "b", 1, 2, 0), call("b", "a", 1, 2, 0), call("b", "c", 1, 2, 0)}
	if got, _ := Amplifications(circle, "a", 10); len(got) != 1 || got[0].Amplification != 4 {
		t.Errorf("a circle is walked twice: %v", got)
	}
}

func TestInversions(t *testing.T) {
	limit := func(src, dst string, d time.Duration) Edge {
		return Edge{Src: src, Dst: dst, Requests: 1, Timeout: d}
	}
	got := Inversions([]Edge{
		limit("a", "b", time.Second), limit("b", "c", 2*time.Second), limit("b", "d", time.Second), limit("b", "e", 0),
		limit("d", "f", 5*time.Second), limit("d", "f", 500*time.Millisecond),
	})
	want := []Inversion{
		{Src: "a", Via: "b", Dst: "c", Outer: time.Second, Inner: 2 * time.Second},
		{Src: "a", Via: "b", Dst: "e", Outer: time.Second, Unknown: true},
		{Src: "b", Via: "d", Dst: "f", Outer: time.Second, Inner: 5 * time.Second},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("inversions (-want +got):\n%s", diff)
	}
}

func TestCycles(t *testing.T) {
	got := Cycles([]Edge{
		call("a", "b", 1, 1, 0), call("b", "c", 1, 1, 0), call("c", "a", 1, 1, 0), call("c", "d", 1, 1, 0),
		call("e", "e", 1, 1, 0), call("d", "f", 1, 1, 0), call("f", "d", 0, 0, 0),
	})
	if diff := cmp.Diff([][]string{{"a", "b", "c"}, {"e"}}, got); diff != "" {
		t.Errorf("cycles (-want +got):\n%s", diff)
	}
	if got := Cycles(shop()); got != nil {
		t.Errorf("cycles %v of a tree", got)
	}
}

func TestBlastRadius(t *testing.T) {
	got := BlastRadius(shop(), "db", 10)
	want := []Dependent{
		{"search", 1, 1},
		{"web", 1, 2}, // 0.5·100/200 + 1·200/200, at most 1
		{"cart", 0.5, 1},
	}
	if diff := cmp.Diff(want, got, near); diff != "" {
		t.Errorf("dependents (-want +got):\n%s", diff)
	}
	if got := BlastRadius(shop(), "db", 1); len(got) != 2 {
		t.Errorf("dependents %v within one hop, want cart and search", got)
	}
	if got := BlastRadius(shop(), "web", 10); got != nil {
		t.Errorf("dependents %v of an entry", got)
	}
	circle := []Edge{call("a", "b", 1, 1, 0), call("b", "a", 1, 1, 0)}
	if diff := cmp.Diff([]Dependent{{"b", 1, 1}}, BlastRadius(circle, "a", 10)); diff != "" {
		t.Errorf("a circle (-want +got):\n%s", diff)
	}
}

func TestBlame(t *testing.T) {
	got := Blame(shop(), "web")
	want := []Culprit{
		{"cart", "db", 15, 0.75},  // 15 of cart's 20 are db's
		{"web", "cart", 20, 0.25}, // the other 5 its own
	}
	if diff := cmp.Diff(want, got, near); diff != "" {
		t.Errorf("culprits (-want +got):\n%s", diff)
	}
	if got := Blame(shop(), "search"); len(got) != 0 {
		t.Errorf("culprits %v of a service without errors", got)
	}
}

// TestBlameAddsUp: on random graphs, circles included, all shares together are
// one, or none where nothing failed, and the order of edges does not matter.
func TestBlameAddsUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 3))
	for range 300 {
		edges := random(rng)
		got := Blame(edges, "a")
		var sum float64
		for _, c := range got {
			if c.Share < 0 {
				t.Fatalf("a share below zero: %v", got)
			}
			sum += c.Share
		}
		if len(got) > 0 && sum != 0 && (sum < 1-1e-9 || sum > 1+1e-9) {
			t.Fatalf("shares add up to %v: %v of %v", sum, got, edges)
		}
		want, radius, cycles := got, BlastRadius(edges, "b", 9), Cycles(edges)
		rng.Shuffle(len(edges), func(i, j int) { edges[i], edges[j] = edges[j], edges[i] })
		if diff := cmp.Diff(want, Blame(edges, "a")); diff != "" {
			t.Fatalf("the order of edges matters:\n%s", diff)
		}
		if diff := cmp.Diff(radius, BlastRadius(edges, "b", 9)); diff != "" {
			t.Fatalf("the order of edges matters:\n%s", diff)
		}
		if diff := cmp.Diff(cycles, Cycles(edges)); diff != "" {
			t.Fatalf("the order of edges matters:\n%s", diff)
		}
	}
}

func random(rng *rand.Rand) []Edge {
	name := func() string { return string(rune('a' + rng.IntN(5))) }
	edges := make([]Edge, rng.IntN(15))
	for i := range edges {
		n := 1 + rng.Uint64N(20)
		edges[i] = call(name(), name(), n, n+rng.Uint64N(9), rng.Uint64N(n+1))
	}
	return edges
}
