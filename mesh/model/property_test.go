package model

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The tests of this file hold for any value; each draws some thousands from a
// fixed seed, so that a failure comes again.

const draws = 2000

func source() *rand.Rand { return rand.New(rand.NewPCG(7, 11)) }

// maybe returns a pointer to what draw gives, or nil.
func maybe[T any](r *rand.Rand, draw func() T) *T {
	if r.IntN(2) == 0 {
		return nil
	}
	v := draw()
	return &v
}

func drawLimit(r *rand.Rand) uint32 {
	return []uint32{0, 1, 2, 3, 1000, Unlimited - 1, Unlimited, r.Uint32()}[r.IntN(8)]
}

func drawDuration(r *rand.Rand) time.Duration {
	return time.Duration(r.IntN(5000)) * time.Millisecond
}

func drawRetryOn(r *rand.Rand) RetryOn {
	var on RetryOn
	for _, i := range r.Perm(len(conditions))[:r.IntN(4)] {
		on.Conditions = append(on.Conditions, conditions[i])
	}
	for range r.IntN(4) {
		on.StatusCodes = append(on.StatusCodes, 100+r.Uint32N(500))
	}
	slices.Sort(on.StatusCodes)
	on.StatusCodes = slices.Compact(on.StatusCodes)
	return on
}

func drawOverride(r *rand.Rand) Override {
	return Override{
		Timeout:       maybe(r, func() time.Duration { return drawDuration(r) }),
		PerTryTimeout: maybe(r, func() time.Duration { return drawDuration(r) }),
		Retries:       maybe(r, func() uint32 { return r.Uint32N(10) }),
		RetryOn:       maybe(r, func() RetryOn { return drawRetryOn(r) }),
		RetryBudget:   maybe(r, func() RetryBudget { return RetryBudget{float64(r.IntN(101)), r.Uint32N(9)} }),
		MaxRequests:   maybe(r, func() uint32 { return drawLimit(r) }),
	}
}

// drawService has up to four routes, of which the last takes all.
func drawService(r *rand.Rand) *Service {
	s := &Service{Name: "s", Namespace: "n", Port: HTTPPort, Policy: DefaultPolicy()}
	s.Policy.Limits.Requests = drawLimit(r)
	for _, name := range []string{"a", "b", "c", "d"}[r.IntN(4):] {
		on := drawRetryOn(r)
		s.Routes = append(s.Routes, &Route{
			Name: name, Timeout: drawDuration(r), Destinations: []Destination{{Weight: 100}},
			Retry: Retry{Attempts: r.Uint32N(4), On: on.Conditions, StatusCodes: on.StatusCodes},
		})
	}
	return s
}

// copyOf is deep, and by hand: it must not share the code that is tested.
func copyOf(s *Service) *Service {
	out := *s
	out.Routes = nil
	for _, r := range s.Routes {
		c := *r
		c.Destinations = slices.Clone(r.Destinations)
		c.Retry.On, c.Retry.StatusCodes = slices.Clone(r.Retry.On), slices.Clone(r.Retry.StatusCodes)
		out.Routes = append(out.Routes, &c)
	}
	return &out
}

// TestShareIsTheLeastThatSuffices: n shares together are the total or more, and
// with one less each they would not be.
func TestShareIsTheLeastThatSuffices(t *testing.T) {
	r := source()
	for range draws {
		total, n := drawLimit(r), 1+r.IntN(50)
		share := Share(total, n)
		sum := uint64(share) * uint64(n)
		switch {
		case total == Unlimited:
			if share != Unlimited {
				t.Fatalf("Share(unlimited, %d) = %d", n, share)
			}
		case sum < uint64(total) || share > 0 && sum-uint64(n) >= uint64(total):
			t.Fatalf("Share(%d, %d) = %d, which together is %d", total, n, share, sum)
		}
		if back := Total(share, n); uint64(back) < uint64(total) || uint64(back) >= uint64(total)+uint64(n) {
			t.Fatalf("Total(%d, %d) = %d, of %d", share, n, back, total)
		}
	}
}

// TestMoreIsNeverLess: a higher total gives no lower share, a further proxy no
// higher one.
func TestMoreIsNeverLess(t *testing.T) {
	r := source()
	for range draws {
		low, high, n := drawLimit(r), drawLimit(r), 1+r.IntN(50)
		if low > high {
			low, high = high, low
		}
		if Share(low, n) > Share(high, n) {
			t.Fatalf("shares of %d and %d among %d: %d and %d", low, high, n, Share(low, n), Share(high, n))
		}
		if Share(high, n+1) > Share(high, n) {
			t.Fatalf("shares of %d among %d and one more: %d and %d", high, n, Share(high, n), Share(high, n+1))
		}
	}
}

// TestMergeIsLayering: applying the merged override is applying one after the
// other.
func TestMergeIsLayering(t *testing.T) {
	r := source()
	for range draws {
		s, below, above := drawService(r), drawOverride(r), drawOverride(r)
		route, n := []string{"", "c", "d"}[r.IntN(3)], 1+r.IntN(4)
		want := above.Apply(below.Apply(s, route, n), route, n)
		if diff := cmp.Diff(want, below.Merge(above).Apply(s, route, n)); diff != "" {
			t.Fatalf("below %+v, above %+v, route %q: %s", below, above, route, diff)
		}
	}
}

func TestMergeLaws(t *testing.T) {
	r := source()
	for range draws {
		a, b, c := drawOverride(r), drawOverride(r), drawOverride(r)
		if diff := cmp.Diff(a.Merge(b).Merge(c), a.Merge(b.Merge(c))); diff != "" {
			t.Fatal("the order of merging matters:", diff)
		}
		if diff := cmp.Diff(a, (Override{}).Merge(a).Merge(Override{})); diff != "" {
			t.Fatal("an empty override changes something:", diff)
		}
		if diff := cmp.Diff(a.Merge(b), a.Merge(b).Merge(b)); diff != "" {
			t.Fatal("the same again changes something:", diff)
		}
	}
}

// TestApplyTouchesNothingElse: what was given stays as it was, and so do the
// routes of other names, their order, and what no override can set.
func TestApplyTouchesNothingElse(t *testing.T) {
	r := source()
	for range draws {
		s, o := drawService(r), drawOverride(r)
		before := copyOf(s)
		got := o.Apply(s, "c", 1+r.IntN(4))
		if diff := cmp.Diff(before, s); diff != "" {
			t.Fatalf("%+v changed what it was given: %s", o, diff)
		}
		for i, route := range got.Routes {
			if route.Name != "c" && !cmp.Equal(route, before.Routes[i]) {
				t.Fatalf("an override of c changed route %d: %s", i, cmp.Diff(before.Routes[i], route))
			}
			if !cmp.Equal(route.Destinations, before.Routes[i].Destinations) || route.Name != before.Routes[i].Name {
				t.Fatalf("an override changed where route %d leads", i)
			}
		}
		want := before.Policy
		want.RetryBudget, want.Limits.Requests = got.Policy.RetryBudget, got.Policy.Limits.Requests
		if diff := cmp.Diff(want, got.Policy); diff != "" {
			t.Fatalf("%+v changed a limit that it cannot name: %s", o, diff)
		}
	}
}

func TestRetryOnComesBack(t *testing.T) {
	r := source()
	for range draws {
		on := drawRetryOn(r)
		text := Retry{On: on.Conditions, StatusCodes: on.StatusCodes}.RetryOn()
		conditions, codes, err := ParseRetryOn(text)
		if diff := cmp.Diff(on, RetryOn{conditions, codes}); diff != "" || err != nil {
			t.Fatalf("%q does not come back: %v %s", text, err, diff)
		}
	}
}

// TestValidateInAnyOrder: whether a mesh is accepted, and how much is found,
// does not depend on the order in which its parts are listed.
func TestValidateInAnyOrder(t *testing.T) {
	r := source()
	faults := []func(*Mesh){
		func(*Mesh) {},
		func(m *Mesh) { m.Workloads[r.IntN(3)].InboundPort = 1002 },
		func(m *Mesh) { m.Workloads[r.IntN(3)].Name = "b" },
		func(m *Mesh) { m.Workloads[r.IntN(3)].Address = "nowhere" },
		func(m *Mesh) { m.Services[r.IntN(2)].Routes[0].Destinations[0].Subset = "v9" },
		func(m *Mesh) { m.Services[r.IntN(2)].Routes = nil },
	}
	for range draws {
		m := demo()
		for range 2 {
			faults[r.IntN(len(faults))](safely(m))
		}
		want := findings(m)
		r.Shuffle(3, func(i, j int) { m.Workloads[i], m.Workloads[j] = m.Workloads[j], m.Workloads[i] })
		r.Shuffle(2, func(i, j int) { m.Services[i], m.Services[j] = m.Services[j], m.Services[i] })
		if got := findings(m); got != want {
			t.Fatalf("%d findings in one order and %d in another: %v", want, got, m.Validate())
		}
	}
}

// safely gives every service a route to spoil.
func safely(m *Mesh) *Mesh {
	for _, s := range m.Services {
		if len(s.Routes) == 0 {
			s.Routes = []*Route{DefaultRoute()}
		}
	}
	return m
}

func findings(m *Mesh) int {
	if err := m.Validate(); err != nil {
		return strings.Count(err.Error(), "\n") + 1
	}
	return 0
}
