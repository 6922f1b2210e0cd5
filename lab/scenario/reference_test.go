package scenario

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestReferencePage: docs/scenario.md names every field and every verb, with the
// parameters that the checker demands.
func TestReferencePage(t *testing.T) {
	data, err := os.ReadFile("../../docs/scenario.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for _, typ := range []reflect.Type{
		reflect.TypeFor[document](), reflect.TypeFor[Scenario](), reflect.TypeFor[Service](), reflect.TypeFor[Endpoint](),
		reflect.TypeFor[Call](), reflect.TypeFor[Work](), reflect.TypeFor[Load](), reflect.TypeFor[Phase](),
		reflect.TypeFor[Action](), reflect.TypeFor[Comparison](), reflect.TypeFor[Expectation](), reflect.TypeFor[MinDuration](),
	} {
		for _, f := range fields(typ) {
			if !regexp.MustCompile("[`{ ]" + f + "[`,} ]").MatchString(page) {
				t.Errorf("the field %s of %s is not on the page", f, typ.Name())
			}
		}
	}
	rows := map[string][]string{}
	for _, line := range strings.Split(page, "\n") {
		if cells := strings.Split(line, "|"); len(cells) == 6 {
			rows[strings.Trim(cells[1], " `")] = cells[2:]
		}
	}
	for _, v := range []Verb{Slow, Fail, Kill, ScaleWorkers, Apply, TuneProbe, TuneApply, TuneRollback, CollectorKill, StoreKill} {
		p, ok := v.parameters()
		if !ok {
			t.Errorf("%s has no parameters", v)
		}
		cells, ok := rows[string(v)]
		if !ok {
			t.Errorf("%s is not on the page", v)
			continue
		}
		sameWords(t, v, "must have", cells[0], p.must)
		sameWords(t, v, "may have", cells[1], p.may)
		if !strings.Contains(verbs, string(v)) {
			t.Errorf("%s is not in the finding about unknown verbs", v)
		}
	}
}

// fields lists the YAML names of a struct's own fields.
func fields(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name != "" && name != "-" {
			out = append(out, name)
		}
	}
	return out
}

var (
	defaults = regexp.MustCompile(`\([^)]*\)`)
	code     = regexp.MustCompile("`([a-z_]+)`")
)

// sameWords compares the code words of a cell, defaults in brackets left out.
func sameWords(t *testing.T, v Verb, column, cell string, want []string) {
	t.Helper()
	var got []string
	for _, m := range code.FindAllStringSubmatch(defaults.ReplaceAllString(cell, ""), -1) {
		got = append(got, m[1])
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s: the page says it %s %v, the checker %v", v, column, got, want)
	}
}
