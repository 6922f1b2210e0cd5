package model

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// demo is two versions of a, which call b.
func demo() *Mesh {
	workload := func(name, service, version string, port int, upstreams ...Upstream) *Workload {
		return &Workload{
			Name: name, Namespace: "default", Service: service, Version: version,
			Address: "127.0.0.1", InboundPort: port, AppPort: port + 1, Upstreams: upstreams,
		}
	}
	service := func(name string) *Service {
		return &Service{Name: name, Namespace: "default", Port: HTTPPort, Routes: []*Route{DefaultRoute()}, Policy: DefaultPolicy()}
	}
	return &Mesh{
		Name: "demo", Cluster: "local",
		Workloads: []*Workload{
			workload("a-v1", "a", "v1", 1000, Upstream{Service: "b", Namespace: "default", LocalPort: 1002}),
			workload("a-v2", "a", "v2", 2000, Upstream{Service: "b", Namespace: "default", LocalPort: 2002}),
			workload("b", "b", "", 3000),
		},
		Services: []*Service{service("a"), service("b")},
	}
}

func names(list []*Workload) string {
	var out []string
	for _, w := range list {
		out = append(out, w.Name)
	}
	return strings.Join(out, " ")
}

func TestLookups(t *testing.T) {
	m := demo()
	a, b := m.Service("default", "a"), m.Service("default", "b")
	if a == nil || b == nil || m.Service("other", "a") != nil {
		t.Fatal("Service looks at other than namespace and name")
	}
	if m.Workload("default", "a-v2") != m.Workloads[1] || m.Workload("other", "a-v2") != nil {
		t.Error("Workload looks at other than namespace and name")
	}
	if got := m.ID(m.Workloads[0]); got != "demo/local/default/a-v1" {
		t.Errorf("ID = %s", got)
	}
	if got := names(m.Callers("default", "a", b)); got != "a-v1 a-v2" {
		t.Errorf("callers of b = %q", got)
	}
	if got := names(m.Callers("default", "b", a)); got != "" {
		t.Errorf("callers of a = %q, want none", got)
	}
}

func TestInstances(t *testing.T) {
	m := demo()
	m.Workloads[0].Labels = map[string]string{"track": "canary"}
	m.Workloads[1].Labels = map[string]string{"version": "labelled"}
	a := m.Service("default", "a")
	for want, labels := range map[string]map[string]string{
		"a-v1 a-v2": nil,
		"a-v1":      {"version": "v1"}, // by the field, since it has no such label
		"a-v2":      {"version": "labelled"},
		"":          {"version": "v1", "track": "stable"},
	} {
		if got := names(m.Instances(a, labels)); got != want {
			t.Errorf("instances with %v = %q, want %q", labels, got, want)
		}
	}
	if got := names(m.Instances(a, map[string]string{"version": "v2"})); got != "" {
		t.Errorf("a label must win over the field, got %q", got)
	}
	if got := names(m.Instances(m.Service("default", "b"), map[string]string{"version": ""})); got != "" {
		t.Errorf("a workload without a version has version %q", got)
	}
}

func TestClusterNames(t *testing.T) {
	s := &Service{Name: "reviews", Namespace: "shop", Port: 9080, Subsets: []*Subset{{Name: "v1"}, {Name: "v2"}}}
	want := []string{"outbound|9080||reviews.shop", "outbound|9080|v1|reviews.shop", "outbound|9080|v2|reviews.shop"}
	if diff := cmp.Diff(want, s.ClusterNames()); diff != "" {
		t.Error(diff)
	}
	if s.Subset("v2") != s.Subsets[1] || s.Subset("") != nil {
		t.Error("Subset finds by other than the name")
	}
}

func TestValidate(t *testing.T) {
	if err := demo().Validate(); err != nil {
		t.Fatalf("a good mesh: %v", err)
	}
	for want, change := range map[string]func(*Mesh){
		"mesh without a name":                                                      func(m *Mesh) { m.Name = "" },
		"workload .default: name, namespace and service":                           func(m *Mesh) { m.Workloads[2].Name = "" },
		"workload a-v1.default: stands twice":                                      func(m *Mesh) { m.Workloads[1].Name = "a-v1" },
		`workload b.default: address "localhost" is not an IP`:                     func(m *Mesh) { m.Workloads[2].Address = "localhost" },
		"inbound port 0 is not a port":                                             func(m *Mesh) { m.Workloads[2].InboundPort = 0 },
		"application port 65536 is not a port":                                     func(m *Mesh) { m.Workloads[2].AppPort = 65536 },
		"inbound port 127.0.0.1:1002 is also the local port for b of a-v1.default": func(m *Mesh) { m.Workloads[2].InboundPort = 1002 },
		"calls c.default, which no workload offers":                                func(m *Mesh) { m.Workloads[0].Upstreams[0].Service = "c" },
		"service b.default: has no route":                                          func(m *Mesh) { m.Services[1].Routes = nil },
		"route default leads to subset v9": func(m *Mesh) {
			m.Services[1].Routes[0].Destinations[0].Subset = "v9"
		},
		"weights add up to 0": func(m *Mesh) { m.Services[1].Routes[0].Destinations[0].Weight = 0 },
		"weights add up to 4294967395": func(m *Mesh) {
			r := m.Services[1].Routes[0]
			r.Destinations = append(r.Destinations, Destination{Weight: Unlimited})
		},
		"negative timeout":      func(m *Mesh) { m.Services[1].Routes[0].Timeout = -1 },
		"retry budget of 101 %": func(m *Mesh) { m.Services[1].Policy.RetryBudget = &RetryBudget{Percent: 101} },
	} {
		m := demo()
		change(m)
		if err := m.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want one with %q", err, want)
		}
	}
}

// TestValidateReportsAll sees that one finding does not hide the next.
func TestValidateReportsAll(t *testing.T) {
	m := demo()
	m.Name, m.Workloads[0].Address, m.Services[0].Routes = "", "", nil
	if got := strings.Count(m.Validate().Error(), "\n") + 1; got != 3 {
		t.Errorf("%d findings, want 3: %v", got, m.Validate())
	}
}

// TestAddressesApart sees that one port may serve on two addresses.
func TestAddressesApart(t *testing.T) {
	m := demo()
	m.Workloads[1].Address, m.Workloads[1].InboundPort = "127.0.0.2", m.Workloads[0].InboundPort
	if err := m.Validate(); err != nil {
		t.Error(err)
	}
}

func TestParseRetryOn(t *testing.T) {
	for in, want := range map[string]Retry{
		"":                      {},
		"5xx":                   {On: []string{"5xx"}},
		" reset , 503,429, 503": {On: []string{"reset"}, StatusCodes: []uint32{429, 503}},
		"unavailable,unavailable,connect-failure": {On: []string{"unavailable", "connect-failure"}},
	} {
		on, codes, err := ParseRetryOn(in)
		got := Retry{On: on, StatusCodes: codes}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("ParseRetryOn(%q): %v %s", in, err, diff)
		}
		again, codesAgain, err := ParseRetryOn(got.RetryOn())
		if diff := cmp.Diff(got, Retry{On: again, StatusCodes: codesAgain}); diff != "" || err != nil {
			t.Errorf("%q does not come back: %v %s", got.RetryOn(), err, diff)
		}
	}
	for _, in := range []string{"always", "5xx,sometimes", "99", "600", "-503", "5XX"} {
		if on, codes, err := ParseRetryOn(in); err == nil {
			t.Errorf("ParseRetryOn(%q) = %v, %v, want an error", in, on, codes)
		}
	}
}

func TestDefaults(t *testing.T) {
	if r := DefaultRoute(); r.Timeout != 0 || r.Retry.RetryOn() != "connect-failure,refused-stream,unavailable,cancelled" || r.Retry.Attempts != 2 {
		t.Errorf("default route = %+v, want Istio's", r)
	}
	if p := DefaultPolicy(); p.Limits != (Limits{Unlimited, Unlimited, Unlimited, Unlimited}) || p.RetryBudget != nil || p.Outlier != nil {
		t.Errorf("default policy = %+v, want no limits", p)
	}
}

func ptr[T any](v T) *T { return &v }

func TestOverrideApply(t *testing.T) {
	s := demo().Services[1]
	second := DefaultRoute()
	second.Name = "second"
	s.Routes = append(s.Routes, second)
	o := Override{
		Timeout:       ptr(time.Second),
		PerTryTimeout: ptr(300 * time.Millisecond),
		Retries:       ptr(uint32(1)),
		RetryOn:       &RetryOn{Conditions: []string{"5xx"}, StatusCodes: []uint32{429}},
		RetryBudget:   &RetryBudget{Percent: 20, MinConcurrency: 3},
		MaxRequests:   ptr(uint32(21)),
	}
	got := o.Apply(s, "second", 2)
	want := demo().Services[1]
	want.Routes = append(want.Routes, &Route{
		Name: "second", Destinations: []Destination{{Weight: 100}}, Timeout: time.Second,
		Retry: Retry{Attempts: 1, PerTryTimeout: 300 * time.Millisecond, On: []string{"5xx"}, StatusCodes: []uint32{429}},
	})
	want.Policy.RetryBudget, want.Policy.Limits.Requests = o.RetryBudget, 11
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s.Routes[1].Timeout != 0 || s.Policy.Limits.Requests != Unlimited || s.Policy.RetryBudget != nil {
		t.Errorf("Apply changed what it was given: %+v", s)
	}
	if all := o.Apply(s, "", 1); all.Routes[0].Timeout != time.Second || all.Routes[1].Timeout != time.Second {
		t.Error("an override without a route must hold for all")
	}
	if diff := cmp.Diff(s, (Override{}).Apply(s, "", 2)); diff != "" {
		t.Error("an empty override changes something:", diff)
	}
}

func TestOverrideMerge(t *testing.T) {
	below := Override{Timeout: ptr(time.Second), Retries: ptr(uint32(3))}
	above := Override{Retries: ptr(uint32(1)), MaxRequests: ptr(uint32(9))}
	want := Override{Timeout: below.Timeout, Retries: above.Retries, MaxRequests: above.MaxRequests}
	if diff := cmp.Diff(want, below.Merge(above)); diff != "" {
		t.Error(diff)
	}
	if *below.Retries != 3 || below.MaxRequests != nil {
		t.Error("Merge changed what it was given")
	}
}

func TestShareAndTotal(t *testing.T) {
	for _, tc := range []struct {
		total, share uint32
		n            int
	}{
		{20, 10, 2},
		{21, 11, 2},
		{1, 1, 3},
		{20, 20, 1},
		{20, 20, 0},
		{Unlimited, Unlimited, 5},
		{Unlimited - 1, (Unlimited - 1) / 2, 2},
	} {
		if got := Share(tc.total, tc.n); got != tc.share {
			t.Errorf("Share(%d, %d) = %d, want %d", tc.total, tc.n, got, tc.share)
		}
		if got := Total(tc.share, tc.n); got < tc.total {
			t.Errorf("Total(%d, %d) = %d, want at least %d", tc.share, tc.n, got, tc.total)
		}
	}
	if got := Total(Unlimited/2+2, 2); got != Unlimited {
		t.Errorf("Total overflows to %d", got)
	}
}
