package run

import (
	"errors"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// TestCheckListsAll: mesh, later mesh, objectives and expectations are all
// judged, whatever is wrong with another of them.
func TestCheckListsAll(t *testing.T) {
	const bad = `
  kind: VirtualService
  metadata: {name: x}
  spec:
    hosts: [%s]
    http: [{name: r, route: [{destination: {host: back}}]}]
`
	object := func(indent, host string) string {
		text := "- apiVersion: networking.istio.io/v1" + strings.Replace(bad, "%s", host, 1)
		return strings.ReplaceAll(text, "\n", "\n"+indent)
	}
	s, err := parse(t, tinyScenario+
		"- {name: wrong, that: fase.calm > 1}\n"+
		"slos: [{kind: SLO}]\n"+
		"mesh:\n"+object("", "nobody")+"\n")
	if err != nil {
		t.Fatal(err)
	}
	later, err := parse(t, strings.Replace(tinyScenario, "timeline: [{at: 1200ms, do: slow, service: back, factor: 2, for: 300ms}]",
		"timeline:\n- at: 1s\n  do: apply\n  mesh:\n  "+object("  ", "nowhere"), 1))
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	slos := func(docs []yamlfile.Doc) error {
		asked = len(docs)
		return errors.New("the objective is bad")
	}
	_, err = Check(s, slos)
	for _, want := range []string{"nobody", "the objective is bad", "expect: ", "fase"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not found:\n%v", want, err)
		}
	}
	if asked != 1 {
		t.Errorf("%d objectives judged, want 1", asked)
	}
	if _, err := Check(later, nil); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("objects that are applied later: %v", err)
	}
}

// TestCurrentMesh: calls that begin after an apply have the new names.
func TestCurrentMesh(t *testing.T) {
	s, err := parse(t, smallScenario)
	if err != nil {
		t.Fatal(err)
	}
	workloads, err := buildWorkloads(s, &ports{next: 20000})
	if err != nil {
		t.Fatal(err)
	}
	before, _, err := buildMesh(s.Name, workloads, s.Mesh)
	if err != nil {
		t.Fatal(err)
	}
	after, _, err := buildMesh(s.Name, workloads, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := newCurrentMesh(before)
	route := c.route // as the ledger holds it
	if got := route("front", "back", "GET", "/items"); got != "items" {
		t.Errorf("before: %q", got)
	}
	c.set(after)
	if got := route("front", "back", "GET", "/items"); got != "default" {
		t.Errorf("after: %q", got)
	}
}
