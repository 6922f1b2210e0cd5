package filexds

import (
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf/envoytest"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// twoRoutes is the small mesh in which ratings has a second route.
func twoRoutes() *model.Mesh {
	m := envoytest.Mesh()
	s := m.Service("default", "ratings")
	gold := *s.Routes[0]
	gold.Name, gold.Matches = "gold", []model.Match{{Path: model.PathMatch{Prefix: "/gold"}}}
	s.Routes = append([]*model.Route{&gold}, s.Routes...)
	return m
}

func ratingsRoute(name string) *typesv1.EdgeRef {
	e := proto.CloneOf(ratingsEdge)
	e.Route = name
	return e
}

// timeouts returns the effective timeouts of the two routes.
func timeouts(c client) map[string]time.Duration {
	out := map[string]time.Duration{}
	for _, route := range []string{"gold", "ratings"} {
		out[route] = c.get(ratingsRoute(route)).GetEffective().GetTimeout().AsDuration()
	}
	return out
}

func seconds(n int64) *meshv1.TrafficPolicy {
	return &meshv1.TrafficPolicy{Timeout: &durationpb.Duration{Seconds: n}}
}

// TestOneRouteAboveAll sees that what is set for one route stands above what is
// set for all, whichever was set first, and that each is reset on its own.
func TestOneRouteAboveAll(t *testing.T) {
	for name, order := range map[string][]string{"one first": {"gold", ""}, "all first": {"", "gold"}} {
		t.Run(name, func(t *testing.T) {
			p := newPlane(t, twoRoutes())
			fakes(t, p)
			c := newClient(t, p, token)
			for _, route := range order {
				set := map[string]*meshv1.TrafficPolicy{"": seconds(5), "gold": seconds(9)}[route]
				if diff := cmp.Diff(both, c.apply(ratingsRoute(route), set)); diff != "" {
					t.Fatal(diff)
				}
			}
			steps := []struct {
				reset string
				want  map[string]time.Duration
			}{
				{"none", map[string]time.Duration{"gold": 9 * time.Second, "ratings": 5 * time.Second}},
				{"gold", map[string]time.Duration{"gold": 5 * time.Second, "ratings": 5 * time.Second}},
				{"", map[string]time.Duration{"gold": 2 * time.Second, "ratings": 2 * time.Second}},
			}
			for _, step := range steps {
				if step.reset != "none" {
					c.reset(ratingsRoute(step.reset))
				}
				if diff := cmp.Diff(step.want, timeouts(c)); diff != "" {
					t.Errorf("after the reset of %q: %s", step.reset, diff)
				}
			}
		})
	}
}

// TestResetTwice sees that a second reset finds nothing to do, also with no
// proxy to ask.
func TestResetTwice(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	v2, v3 := fakes(t, p)
	c := newClient(t, p, token)
	c.apply(ratingsEdge, tuned())
	if diff := cmp.Diff(both, c.reset(ratingsEdge)); diff != "" {
		t.Error("first:", diff)
	}
	v2.is(stuck)
	v3.is(stuck)
	if diff := cmp.Diff(map[string]string{}, c.reset(ratingsEdge)); diff != "" {
		t.Error("second:", diff)
	}
	if diff := cmp.Diff(map[string]string{}, c.reset(ratingsRoute("ratings"))); diff != "" {
		t.Error("a route that nothing was set for:", diff)
	}
}

// TestResetOfARouteThatIsGone sees that what was set for a route can be taken
// back after an update that has no such route: its limits hold for the whole
// service, and would hold for ever.
func TestResetOfARouteThatIsGone(t *testing.T) {
	p := newPlane(t, twoRoutes())
	fakes(t, p)
	c := newClient(t, p, token)
	c.apply(ratingsRoute("gold"), &meshv1.TrafficPolicy{MaxRequests: proto.Uint32(4)})
	if _, err := p.Update(t.Context(), envoytest.Mesh()); err != nil {
		t.Fatal(err)
	}
	if got := c.get(ratingsEdge).GetEffective().GetMaxRequests(); got != 4 {
		t.Fatalf("max_requests = %d, want the override's 4: the test proves nothing", got)
	}
	if diff := cmp.Diff(both, c.reset(ratingsRoute("gold"))); diff != "" {
		t.Error("reset:", diff)
	}
	answer := c.get(ratingsEdge)
	if diff := cmp.Diff(answer.GetConfigured(), answer.GetEffective(), protocmp.Transform()); diff != "" {
		t.Error("effective:", diff)
	}
	for call, err := range map[string]error{
		"reset again": second(c.ResetTrafficPolicy(t.Context(), connect.NewRequest(&meshv1.ResetTrafficPolicyRequest{Edge: ratingsRoute("gold")}))),
		"apply":       second(c.ApplyTrafficPolicy(t.Context(), connect.NewRequest(&meshv1.ApplyTrafficPolicyRequest{Edge: ratingsRoute("gold"), Policy: tuned()}))),
		"get":         second(c.GetTrafficPolicy(t.Context(), connect.NewRequest(&meshv1.GetTrafficPolicyRequest{Edge: ratingsRoute("gold")}))),
	} {
		if connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("%s: %v, want that there is no such route", call, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestLimitOfOneRouteIsSeenFromAll sees that a limit, which has no route, is
// answered alike whichever route is asked for.
func TestLimitOfOneRouteIsSeenFromAll(t *testing.T) {
	p := newPlane(t, twoRoutes())
	fakes(t, p)
	c := newClient(t, p, token)
	c.apply(ratingsRoute("gold"), &meshv1.TrafficPolicy{MaxRequests: proto.Uint32(5)})
	for _, route := range []string{"", "gold", "ratings"} {
		if got := c.get(ratingsRoute(route)).GetEffective().GetMaxRequests(); got != 5 {
			t.Errorf("max_requests seen from %q = %d, want 5", route, got)
		}
	}
	if runtime := contents(t, p)["reviews-v2.default/runtime.json"]; !strings.Contains(runtime, `max_requests": 3`) {
		t.Errorf("runtime.json lacks the half, rounded up:\n%s", runtime)
	}
}
