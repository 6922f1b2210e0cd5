package run

import (
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

const smallScenario = `
name: small
services:
- name: front
  endpoints:
  - path: /
    work: {dist: constant, mean: 1ms}
    calls: [{service: back, path: /items}, {service: back, path: /other}, {service: store, path: /}]
- name: back
  version: v1
  endpoints: [{path: /items, work: {dist: constant, mean: 1ms}}, {path: /other, work: {dist: constant, mean: 1ms}}]
- name: back
  version: v2
  endpoints: [{path: /items, work: {dist: constant, mean: 1ms}}, {path: /other, work: {dist: constant, mean: 1ms}}]
- name: store
  endpoints: [{path: /, work: {dist: constant, mean: 1ms}}]
load: [{service: front, path: /, rps: 1, deadline: 1s}]
phases: [{name: calm, from: 0s, until: 10s}]
mesh:
- apiVersion: networking.istio.io/v1
  kind: VirtualService
  metadata: {name: back}
  spec:
    hosts: [back]
    http:
    - name: items
      match: [{uri: {exact: /items}}]
      route: [{destination: {host: back, subset: v1}, weight: 90}, {destination: {host: back, subset: v2}, weight: 10}]
    - name: rest
      route: [{destination: {host: back}}]
`

func parse(t *testing.T, text string) (*scenario.Scenario, error) {
	t.Helper()
	docs, err := yamlfile.Parse("small.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return scenario.Parse(docs[0])
}

func TestBuildMesh(t *testing.T) {
	s, err := parse(t, smallScenario)
	if err != nil {
		t.Fatal(err)
	}
	workloads, err := buildWorkloads(s, &ports{next: 20000})
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := buildMesh(s.Name, workloads, s.Mesh)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, w := range m.Workloads {
		ids = append(ids, m.ID(w))
	}
	want := "small/local/default/front small/local/default/back-v1 small/local/default/back-v2 small/local/default/store"
	if got := strings.Join(ids, " "); got != want {
		t.Errorf("nodes %s, want %s", got, want)
	}
	if n := len(m.Workloads[0].Upstreams); n != 2 {
		t.Errorf("front has %d upstreams, want one a service", n)
	}
	for service, want := range map[string]string{"store": "small/local/default/store", "back": "small/local/default/~back"} {
		if got := serviceNode(m, service); got != want {
			t.Errorf("calls to %s that nobody saw go to %s, want %s", service, got, want)
		}
	}
	route := routes(m)
	for _, tc := range [][4]string{
		{"front", "back", "/items", "items"},
		{"front", "back", "/other", "rest"},
		{"front", "store", "/", "default"},
		{"", "front", "/", "default"},
	} {
		if got := route(tc[0], tc[1], "GET", tc[2]); got != tc[3] {
			t.Errorf("route of %v is %q", tc, got)
		}
	}
}

func TestCheck(t *testing.T) {
	good := smallScenario + "expect:\n- {name: served, that: phase.calm.goodput > 0.9}\n"
	s, err := parse(t, good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Check(s, nil); err != nil {
		t.Errorf("good scenario refused: %v", err)
	}
	for name, tc := range map[string][2]string{
		"mesh object of another mesh": {strings.Replace(good, "hosts: [back]", "gateways: [x]\n    hosts: [back]", 1), "gateways"},
		"route to nobody":             {strings.Replace(good, "hosts: [back]", "hosts: [nobody]", 1), "nobody"},
		"expectation that is none":    {strings.Replace(good, "phase.calm.goodput > 0.9", "fase.calm > 1", 1), "small.yaml:"},
	} {
		s, err := parse(t, tc[0])
		if err == nil {
			_, err = Check(s, nil)
		}
		if err == nil || !strings.Contains(err.Error(), tc[1]) {
			t.Errorf("%s: %v, want an error with %q", name, err, tc[1])
		}
	}
}

// TestMeshThatFilesCannotCarry is refused before anything starts: nothing would
// enforce it.
func TestMeshThatFilesCannotCarry(t *testing.T) {
	docs, err := yamlfile.Parse("mesh.yaml", []byte("apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: default}\nspec: {mtls: {mode: STRICT}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	w := &model.Workload{Name: "front", Namespace: scenario.Namespace, Service: "front", Address: "127.0.0.1", InboundPort: 1, AppPort: 2}
	_, _, err = buildMesh("x", []*model.Workload{w}, []scenario.Source{{Doc: docs[0]}})
	if err == nil || !strings.Contains(err.Error(), "STRICT mutual TLS is not supported by a mesh that is configured by files") {
		t.Errorf("error = %v", err)
	}
}
