package status

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/internal/golden"

	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// well returns facts without any finding.
func well() facts {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return facts{
		now: now, store: "26.7.2.1", schema: query.SchemaVersion,
		watermark: query.Mark{At: now.Add(-6 * time.Second), Collectors: []string{"c1"}},
		proxies:   []proxy{{id: "p1", collector: "c1", seen: now.Add(-time.Second)}},
	}
}

func TestAllIsWell(t *testing.T) {
	f := well()
	f.meshEnabled = true
	want := []string{"PLM001", "PLM002", "PLM003", "PLM004", "PLM005", "PLM006"}
	got := checks(f)
	if len(got) != len(want) {
		t.Fatalf("%d checks, want %d", len(got), len(want))
	}
	for i, c := range got {
		if c.Code != want[i] || c.Result != "ok" || c.Name == "" || c.Detail == "" || c.Hint != "" {
			t.Errorf("check %v, want %s to be ok, with a detail and no hint", c, want[i])
		}
	}
}

// finding is a change to facts that are well, and what it must lead to.
type finding struct {
	name   string
	change func(*facts)
	code   string
	result string
	detail string
	checks int // how many are made at all
}

func findings() []finding {
	broken := errors.New("connection refused")
	return []finding{
		{"store is down", func(f *facts) { f.storeErr = broken }, "PLM001", "error", "connection refused", 1},
		{"no tables", func(f *facts) { f.schemaErr = broken }, "PLM002", "error", "connection refused", 2},
		{"no watermark", func(f *facts) { f.watermark = query.Mark{Reason: "no collector has reported"} }, "PLM003", "error", "no collector has reported", 5},
		{"older tables", func(f *facts) { f.schema-- }, "PLM002", "error", fmt.Sprintf("version %d, this analyzer expects %d", query.SchemaVersion-1, query.SchemaVersion), 5},
		{"no migration finished", func(f *facts) { f.schema = 0 }, "PLM002", "error", "schema version 0", 5},
		{"newer tables", func(f *facts) { f.schema++ }, "PLM002", "warning", "knows only", 5},
		{"dead collector", func(f *facts) {
			f.watermark = query.Mark{At: f.now.Add(-time.Minute), Silent: []string{"c1"}, Reason: "no collector has reported for 54s"}
		}, "PLM003", "error", "no collector has reported for 54s", 5},
		{"old watermark", func(f *facts) { f.watermark.At = f.now.Add(-time.Minute) }, "PLM003", "warning", "1m0s behind now", 5},
		{"silent collector", func(f *facts) { f.watermark.Silent = []string{"c9"} }, "PLM004", "warning", "c9", 5},
		{"no proxies", func(f *facts) { f.proxies = nil }, "PLM005", "warning", "no proxy", 5},
		{"proxies unreadable", func(f *facts) { f.proxiesErr = broken }, "PLM005", "error", "connection refused", 5},
		{"silent proxy", func(f *facts) {
			f.proxies = append(f.proxies, proxy{id: "p2", seen: f.now.Add(-31 * time.Second)})
		}, "PLM005", "warning", "1 of 2 silent for more than 30s: p2", 5},
		{"mesh is down", func(f *facts) { f.meshEnabled, f.meshErr = true, broken }, "PLM006", "error", "connection refused", 6},
		{"mesh and store are down", func(f *facts) { f.meshEnabled, f.meshErr, f.storeErr = true, broken, broken }, "PLM006", "error", "connection refused", 2},
	}
}

func TestFindings(t *testing.T) {
	for _, c := range findings() {
		t.Run(c.name, func(t *testing.T) {
			f := well()
			c.change(&f)
			all := checks(f)
			if len(all) != c.checks {
				t.Errorf("%d checks, want %d: %v", len(all), c.checks, all)
			}
			got := find(all, c.code)
			if got == nil {
				t.Fatalf("no check %s", c.code)
			}
			if got.Result != c.result || !strings.Contains(got.Detail, c.detail) || got.Hint == "" {
				t.Errorf("check %v, want %s with %q and a hint", got, c.result, c.detail)
			}
		})
	}
}

// TestTexts keeps what a person reads of each finding in testdata/findings.txt:
// the detail says what is wrong, the hint what to do, each on one line.
func TestTexts(t *testing.T) {
	var text strings.Builder
	for _, c := range findings() {
		f := well()
		c.change(&f)
		got := find(checks(f), c.code)
		fmt.Fprintf(&text, "# %s\n%s %s %s\n  %s\n  → %s\n\n", c.name, got.Code, got.Name, got.Result, got.Detail, got.Hint)
	}
	const path = "testdata/findings.txt"
	golden.Check(t, path, []byte(text.String()))
}

// TestEveryCodeIsDocumented compares the codes with the package comment, which
// promises that each keeps its meaning.
func TestEveryCodeIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	f := well()
	f.meshEnabled = true
	for _, c := range checks(f) {
		if strings.Count(string(doc), c.Code) != 1 {
			t.Errorf("doc.go does not say once what %s is", c.Code)
		}
	}
	found := map[string]bool{}
	for _, c := range findings() {
		found[c.code] = true
	}
	for _, c := range checks(f) {
		if !found[c.Code] {
			t.Errorf("no test makes %s find anything", c.Code)
		}
	}
}

func find(all []*statusv1.Check, code string) *statusv1.Check {
	for _, c := range all {
		if c.Code == code {
			return c
		}
	}
	return nil
}

func TestBounds(t *testing.T) {
	f := well()
	f.watermark.At = f.now.Add(-fresh)
	f.proxies[0].seen = f.now.Add(-silent)
	for _, c := range checks(f) {
		if c.Result != "ok" {
			t.Errorf("%v, want ok exactly on the bound", c)
		}
	}
}

func TestList(t *testing.T) {
	var names []string
	for i := range 8 {
		names = append(names, fmt.Sprintf("p%d", 8-i))
	}
	for _, c := range []struct {
		names []string
		want  string
	}{
		{names[:1], "p8"},
		{names[:2], "p7, p8"},
		{names[:5], "p4, p5, p6, p7, p8"},
		{names, "p1, p2, p3, p4, p5 and 3 more"},
	} {
		if got := list(c.names); got != c.want {
			t.Errorf("list of %v = %q, want %q", c.names, got, c.want)
		}
	}
}
