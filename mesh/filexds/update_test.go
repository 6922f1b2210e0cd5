package filexds

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf/envoytest"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// TestUpdate changes configured timeouts and limits, with an override above.
func TestUpdate(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	fakes(t, p)
	c := newClient(t, p, token)
	c.apply(ratingsEdge, &meshv1.TrafficPolicy{Retries: proto.Uint32(1)})

	next := envoytest.Mesh()
	ratings := next.Service("default", "ratings")
	ratings.Routes[0].Timeout, ratings.Routes[0].Retry.Attempts = 5*time.Second, 7
	ratings.Policy.Limits.Requests = 30
	changes, err := p.Update(t.Context(), next)
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) != 2 || changes[0].Err != nil || changes[0].Runtime == 0 || changes[0].Routes == 0 {
		t.Errorf("changes = %+v, want two proxies with runtime and routes", changes)
	}
	got := c.get(ratingsEdge)
	if d := got.GetConfigured(); d.GetTimeout().AsDuration() != 5*time.Second || d.GetRetries() != 7 || d.GetMaxRequests() != 60 {
		t.Errorf("configured = %v, want 5s, 7 retries and 30 requests for each of two callers", d)
	}
	if got.GetEffective().GetRetries() != 1 {
		t.Errorf("effective = %v, want the override's one retry", got.GetEffective())
	}
	if runtime := contents(t, p)["reviews-v3.default/runtime.json"]; !strings.Contains(runtime, `max_requests": 30`) {
		t.Errorf("runtime.json lacks the limit:\n%s", runtime)
	}
}

func TestUpdateRefused(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	_, v3 := fakes(t, p)
	v3.is(refusesRoutes)
	before := contents(t, p)
	c := newClient(t, p, token)
	next := envoytest.Mesh()
	next.Service("default", "ratings").Routes[0].Timeout = 5 * time.Second
	changes, err := p.Update(t.Context(), next)
	want := "changing demo/local/default/reviews-v3: the proxy refused outbound|80||ratings.default"
	if err == nil || !strings.Contains(err.Error(), want) || len(changes) != 2 {
		t.Errorf("Update = %v, %v, want two changes and %q", changes, err, want)
	}
	if diff := cmp.Diff(before, contents(t, p)); diff != "" {
		t.Error(diff)
	}
	if got := c.get(ratingsEdge).GetConfigured().GetTimeout().AsDuration(); got != 2*time.Second {
		t.Errorf("configured timeout = %v, want the former 2s", got)
	}
}

func TestUpdateOfNothing(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	changes, err := p.Update(t.Context(), envoytest.Mesh()) // no proxy runs: none is asked
	if err != nil || len(changes) != 0 {
		t.Errorf("Update = %v, %v, want nothing", changes, err)
	}
}

// TestUpdateWithProxyAway sees that a proxy which does not run is no error, and
// that none at all is one.
func TestUpdateWithProxyAway(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	next := envoytest.Mesh()
	next.Service("default", "ratings").Routes[0].Timeout = 5 * time.Second
	before := contents(t, p)
	if _, err := p.Update(t.Context(), next); !errors.Is(err, errNobody) {
		t.Errorf("error = %v, want %v", err, errNobody)
	}
	if diff := cmp.Diff(before, contents(t, p)); diff != "" {
		t.Error("files:", diff)
	}
	startFake(t, p.proxies[2].paths)
	changes, err := p.Update(t.Context(), next)
	if err != nil || len(changes) != 2 || changes[0].Away || !changes[1].Away {
		t.Errorf("Update = %+v, %v, want the second proxy away", changes, err)
	}
}

// TestUpdateThatNeedsRestart lists what a running proxy cannot take.
func TestUpdateThatNeedsRestart(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*model.Mesh)
		want   string
	}{
		"new subset": {
			func(m *model.Mesh) {
				s := m.Service("default", "ratings")
				s.Subsets = []*model.Subset{{Name: "v1", Labels: map[string]string{"version": "v1"}}}
			},
			"changing demo/local/default/reviews-v2: cluster outbound|80|v1|ratings.default can only change with a restart of its proxy",
		},
		"outlier detection": {
			func(m *model.Mesh) { m.Service("default", "reviews").Policy.Outlier = nil },
			"changing demo/local/default/productpage: cluster outbound|80|v1|reviews.default, cluster outbound|80|v2|reviews.default, " +
				"cluster outbound|80|v3|reviews.default, cluster outbound|80||reviews.default can only change with a restart of its proxy",
		},
		"local port": {
			func(m *model.Mesh) { m.Workloads[0].Upstreams[0].LocalPort = 21399 },
			"changing demo/local/default/productpage: listener outbound|80||reviews.default can only",
		},
		"version": {
			func(m *model.Mesh) { m.Workloads[4].Version = "v2" },
			"changing demo/local/default/ratings-v1: node identity can only",
		},
		"workload gone": {
			func(m *model.Mesh) { m.Workloads = m.Workloads[1:] },
			"changing demo/local/default/productpage: it is gone from the configuration",
		},
		"workload new": {
			func(m *model.Mesh) {
				w := *m.Workloads[1]
				w.Name, w.InboundPort, w.AppPort = "reviews-v4", 21398, 21399
				m.Workloads = append(m.Workloads, &w)
			},
			"6 workloads instead of 5",
		},
		"budget removed": {
			func(m *model.Mesh) { m.Service("default", "ratings").Policy.RetryBudget = nil },
			"rendering limits of ratings.default: a retry budget that the proxies started with can be changed, not removed",
		},
		"contradiction": {
			func(m *model.Mesh) { m.Service("default", "ratings").Routes = nil },
			"service ratings.default: has no route",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlane(t, envoytest.Mesh())
			before := contents(t, p)
			next := envoytest.Mesh()
			tc.change(next)
			_, err := p.Update(t.Context(), next)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want one with %q", err, tc.want)
			}
			if diff := cmp.Diff(before, contents(t, p)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOverrides(t *testing.T) {
	limit := uint32(1)
	all := edge{namespace: "default", src: "a", dst: "b"}
	one := edge{namespace: "default", src: "a", dst: "b", route: "r"}
	var list overrides
	list = list.with(one, model.Override{Retries: &limit})
	list = list.with(all, model.Override{MaxRequests: &limit})
	if len(list) != 2 || list[0].edge != all || list[1].edge != one {
		t.Errorf("list = %+v, want all routes before one", list)
	}
	again := list.with(all, model.Override{})
	if o, ok := again.find(all); !ok || o.MaxRequests != nil || len(again) != 2 {
		t.Errorf("list = %+v, want one replaced", again)
	}
	if o, _ := list.find(all); o.MaxRequests == nil {
		t.Error("replacing changed the list in place")
	}
	if rest := list.without(all); len(rest) != 1 || len(list) != 2 {
		t.Errorf("without left %+v of %+v", rest, list)
	}
	if _, ok := list.find(edge{}); ok {
		t.Error("found an override that nobody set")
	}
}
