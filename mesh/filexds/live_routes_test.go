package filexds

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf"
	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf/envoytest"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// TestLiveMatches sees that Envoy reads matches as the model means them: all
// conditions of one, any of several, the first route that has one.
func TestLiveMatches(t *testing.T) {
	m := envoytest.FreePorts(t, envoytest.Mesh())
	header := []model.HeaderMatch{{Name: "X-Tier", Exact: "gold"}}
	to := func(name, subset string, matches ...model.Match) *model.Route {
		return &model.Route{Name: name, Matches: matches, Destinations: []model.Destination{{Subset: subset, Weight: 1}}}
	}
	m.Service("default", "reviews").Routes = []*model.Route{
		to("both", "v2", model.Match{Path: model.PathMatch{Prefix: "/shop"}, Headers: header}, model.Match{Path: model.PathMatch{Exact: "/gold"}}),
		to("rest", "v1"),
	}
	p := newPlane(t, m)
	for _, name := range []string{"reviews-v1", "reviews-v2"} {
		w := m.Workload("default", name)
		handle(t, w.InboundPort, func(out http.ResponseWriter, _ *http.Request) { fmt.Fprint(out, w.Version) })
	}
	start(t, p, "productpage")
	c := newCaller(t, m, "productpage")
	for _, tc := range []struct{ path, tier, want string }{
		{"/shop/1", "gold", "v2"},
		{"/shopping", "gold", "v2"}, // a prefix of characters, as in Istio
		{"/shop/1", "silver", "v1"},
		{"/shop/1", "", "v1"},
		{"/other", "gold", "v1"},
		{"/gold", "", "v2"},
		{"/gold?q=1", "", "v2"}, // the query is no part of the path
		{"/gold/", "", "v1"},
	} {
		if _, got := c.call(tc.path, "x-tier", tc.tier); got != tc.want {
			t.Errorf("%s of tier %q went to %s, want %s", tc.path, tc.tier, got, tc.want)
		}
	}
}

// TestLiveWeights sends by weights that do not add up to 100, of which one is
// nothing.
func TestLiveWeights(t *testing.T) {
	m := envoytest.FreePorts(t, envoytest.Mesh())
	m.Service("default", "reviews").Routes = []*model.Route{{
		Name:         "split",
		Destinations: []model.Destination{{Subset: "v1", Weight: 1}, {Subset: "v2"}, {Subset: "v3", Weight: 3}},
	}}
	p := newPlane(t, m)
	var answered [4]atomic.Int64
	for i, name := range []string{"reviews-v1", "reviews-v2", "reviews-v3"} {
		handle(t, m.Workload("default", name).InboundPort, func(http.ResponseWriter, *http.Request) { answered[i+1].Add(1) })
	}
	start(t, p, "productpage")
	c := newCaller(t, m, "productpage")
	for range 400 {
		c.call("/")
	}
	// A quarter of 400 with a standard deviation of 9: seven of them are no accident.
	if v1 := answered[1].Load(); v1 < 40 || v1 > 160 || answered[2].Load() != 0 || v1+answered[3].Load() != 400 {
		t.Errorf("v1, v2, v3 answered %d, %d, %d, want about 100, none and the rest", v1, answered[2].Load(), answered[3].Load())
	}
}

// TestLiveSubsetWithoutHosts sees that a subset that no workload is in costs
// only the calls to it.
func TestLiveSubsetWithoutHosts(t *testing.T) {
	m := envoytest.FreePorts(t, envoytest.Mesh())
	s := m.Service("default", "reviews")
	s.Subsets = append(s.Subsets, &model.Subset{Name: "v9", Labels: map[string]string{model.VersionLabel: "v9"}})
	s.Routes[0].Destinations[0].Subset = "v9"
	s.Routes[1].Destinations = []model.Destination{{Subset: "v1", Weight: 1}}
	p := newPlane(t, m)
	handle(t, m.Workload("default", "reviews-v1").InboundPort, func(http.ResponseWriter, *http.Request) {})
	e := start(t, p, "productpage")
	c := newCaller(t, m, "productpage")
	if status, _ := c.call("/", "end-user", "jason"); status != http.StatusServiceUnavailable {
		t.Errorf("status of a call to nobody = %d, want 503", status)
	}
	if status, _ := c.call("/"); status != http.StatusOK {
		t.Errorf("status of another call = %d, want 200", status)
	}
	if got := e.Stat(t, "cluster."+envoyconf.ClusterStats(s.ClusterName("v9"))+".upstream_cx_none_healthy"); got != 1 {
		t.Errorf("%d calls found no host, want 1", got)
	}
}

// TestLiveRetryOnStatus sees that a status code that is named is retried, and
// that a timeout of the whole call ends its retries.
func TestLiveRetryOnStatus(t *testing.T) {
	m := envoytest.FreePorts(t, envoytest.Mesh())
	p := newPlane(t, m)
	var tries atomic.Int64
	handle(t, m.Workload("default", "ratings-v1").InboundPort, func(out http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/never":
			<-r.Context().Done()
		case r.URL.Path == "/teapot":
			out.WriteHeader(http.StatusTeapot)
		case tries.Add(1) == 1:
			out.WriteHeader(http.StatusTooManyRequests)
		default:
			fmt.Fprint(out, r.Header.Get("x-envoy-attempt-count"))
		}
	})
	e := start(t, p, "reviews-v2")
	start(t, p, "reviews-v3")
	c := newCaller(t, m, "reviews-v2")
	if status, body := c.call("/"); status != http.StatusOK || body != "2" {
		t.Errorf("answer = %d by try %s, want 200 by the second", status, body)
	}
	retries := "cluster." + envoyconf.ClusterStats(m.Service("default", "ratings").ClusterName("")) + ".upstream_rq_retry"
	before := e.Stat(t, retries)
	if status, _ := c.call("/teapot"); status != http.StatusTeapot || e.Stat(t, retries) != before {
		t.Errorf("status = %d after %d retries, want 418 at once: nobody named it", status, e.Stat(t, retries)-before)
	}
	policy := &meshv1.TrafficPolicy{Timeout: durationpb.New(150 * time.Millisecond)}
	if diff := newClient(t, p, token).apply(ratingsEdge, policy); diff["reviews-v2"] != "" {
		t.Fatal(diff)
	}
	if status, _ := c.call("/never"); status != http.StatusGatewayTimeout {
		t.Errorf("status = %d, want 504", status)
	}
	// Tries of 100 ms within 150 ms are two; the three retries of the route are not.
	if got := e.Stat(t, retries) - before; got > 1 {
		t.Errorf("%d retries within the timeout, want at most 1", got)
	}
}

// TestLiveCopies sees that calls reach every copy of a workload, and that a
// retry goes to the other one.
func TestLiveCopies(t *testing.T) {
	m := envoytest.Mesh()
	second := *m.Workload("default", "ratings-v1")
	second.Instance = "ratings-v1-b"
	m.Workloads = append(m.Workloads, &second)
	envoytest.FreePorts(t, m)
	p := newPlane(t, m)
	var good, bad atomic.Int64
	handle(t, m.Workload("default", "ratings-v1").InboundPort, func(http.ResponseWriter, *http.Request) { good.Add(1) })
	handle(t, m.Workload("default", "ratings-v1-b").InboundPort, func(out http.ResponseWriter, _ *http.Request) {
		bad.Add(1)
		out.WriteHeader(http.StatusServiceUnavailable)
	})
	start(t, p, "reviews-v2")
	c := newCaller(t, m, "reviews-v2")
	for range 50 {
		if status, _ := c.call("/"); status != http.StatusOK {
			t.Fatalf("status = %d, want each failed try to be made good by the other copy", status)
		}
	}
	if bad.Load() == 0 || good.Load() != 50 || bad.Load() > 50 {
		t.Errorf("%d good and %d bad tries, want 50 good ones, and a bad one at most once a call", good.Load(), bad.Load())
	}
}
