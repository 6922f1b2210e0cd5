package model

import (
	"strings"
	"testing"
)

// copies is the demo mesh with a second copy of a-v1, which also calls b.
func copies() *Mesh {
	m := demo()
	m.Workloads = append(m.Workloads, &Workload{
		Name: "a-v1", Instance: "a-v1-b", Namespace: "default", Service: "a", Version: "v1", Address: "127.0.0.1",
		InboundPort: 4000, AppPort: 4001, Upstreams: []Upstream{{Service: "b", Namespace: "default", LocalPort: 4002}},
	})
	return m
}

// TestCopies sees that copies of a workload are one node of the graph and
// several hosts, callers and proxies.
func TestCopies(t *testing.T) {
	m := copies()
	if err := m.Validate(); err != nil {
		t.Fatalf("two copies of a workload: %v", err)
	}
	first, second := m.Workloads[0], m.Workloads[3]
	if m.ID(first) != m.ID(second) {
		t.Errorf("copies are the nodes %s and %s", m.ID(first), m.ID(second))
	}
	if first.InstanceName() != "a-v1" || second.InstanceName() != "a-v1-b" {
		t.Errorf("copies are called %s and %s", first.InstanceName(), second.InstanceName())
	}
	if m.Workload("default", "a-v1") != first || m.Workload("default", "a-v1-b") != second {
		t.Error("copies are not found by their own names")
	}
	if got := len(m.Instances(m.Services[0], map[string]string{"version": "v1"})); got != 2 {
		t.Errorf("%d hosts of version v1, want both copies", got)
	}
	if got := len(m.Callers("default", "a", m.Services[1])); got != 3 {
		t.Errorf("%d callers, want each copy to count: limits are shared among them", got)
	}
}

func TestCopiesNeedNames(t *testing.T) {
	for want, name := range map[string]string{
		"workload a-v1.default: stands twice": "",     // the name of the first
		"workload a-v2.default: stands twice": "a-v2", // that of another workload
	} {
		m := copies()
		m.Workloads[3].Instance = name
		if err := m.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("instance %q: error = %v, want one with %q", name, err, want)
		}
	}
	other := copies()
	other.Workloads[3].Namespace, other.Workloads[3].Instance = "other", "a-v1"
	if err := other.Validate(); err != nil {
		t.Errorf("the same name in another namespace: %v", err)
	}
}

// TestCopiesNeedPorts sees that the error tells which of two copies has the
// port.
func TestCopiesNeedPorts(t *testing.T) {
	m := copies()
	m.Workloads[3].AppPort = 1001
	want := "workload a-v1-b.default: application port 127.0.0.1:1001 is also the application port of a-v1.default"
	if err := m.Validate(); err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

// TestOneUpstreamOnce sees that a service which is called on two local ports is
// refused: both would have one listener's name and one set of clusters, with
// which no proxy starts.
func TestOneUpstreamOnce(t *testing.T) {
	m := demo()
	m.Workloads[0].Upstreams = append(m.Workloads[0].Upstreams, Upstream{Service: "b", Namespace: "default", LocalPort: 1003})
	want := "workload a-v1.default: calls b.default twice; one local port serves all its calls"
	if err := m.Validate(); err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestRouteByName(t *testing.T) {
	s := &Service{Routes: []*Route{{Name: "a"}, {Name: "b"}, {Name: "b"}}}
	if s.Route("b") != s.Routes[1] || s.Route("a") != s.Routes[0] || s.Route("") != nil {
		t.Error("Route must find the first of that name, and no other")
	}
}
