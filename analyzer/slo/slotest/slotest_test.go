package slotest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFiles runs the tests in testdata: they are what SLOs promise.
func TestFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		tests, err := Load(file)
		if err != nil {
			t.Error(err)
		}
		for _, test := range tests {
			t.Run(test.Name, func(t *testing.T) {
				diffs, err := test.Run(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, line := range diffs {
					t.Error(line)
				}
			})
		}
	}
}

const base = `slo:
  apiVersion: openslo/v1
  kind: SLO
  metadata: {name: checkout}
  spec:
    service: checkout
    indicatorRef: any
    timeWindow: [{duration: 30d, isRolling: true}]
    budgetingMethod: Occurrences
    objectives: [{target: 0.99}]
series:
  - {good: "100x60 0x5", total: "100x65"}
checks:
  - {at: 65m, sli: 0.5, error_budget_remaining: none, burn_rate: {1h: 8, 5m: 100}, alerts: []}
  - {at: 30m, sli: none, alerts: [{severity: page, state: firing}]}
  - {at: 0m, sli: 1}
`

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "t.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestDifferences: a person must see at once what is where, and why.
func TestDifferences(t *testing.T) {
	file := write(t, base)
	tests, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := tests[0].Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		file + ":14: checks[0]: at 65m: sli: want 0.5 ± 1e-06, got 0.923076923 (500 bad of 6500)",
		file + ":14: checks[0]: at 65m: error_budget_remaining: want none, got -6.69230769 (500 bad of 6500)",
		file + ":14: checks[0]: at 65m: burn_rate[1h]: want 8 ± 8e-06, got 8.33333333 (500 bad of 6000)",
		file + ":14: checks[0]: at 65m: alerts: want none, got page firing",
		file + ":14: checks[0]: at 65m: alerts: want none, got ticket firing",
		file + ":15: checks[1]: at 30m: sli: want none, got 1 (0 bad of 3000)",
		file + ":15: checks[1]: at 30m: alerts: want page firing, got inactive",
		file + ":16: checks[2]: at 0m: sli: want 1, got none: no events",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestTolerance: what is within it is the same.
func TestTolerance(t *testing.T) {
	for text, differs := range map[string]bool{
		"{at: 65m, sli: 0.92, tolerance: 0.01}": false, "{at: 65m, sli: 0.92, tolerance: 0.001}": true,
		"{at: 65m, sli: 0.923077}": false, "{at: 65m, sli: 0.9231}": true, "{at: 65m, sli: 0.923076923, tolerance: 0}": true,
	} {
		i := strings.Index(base, "checks:")
		tests, err := Load(write(t, base[:i]+"checks: ["+text+"]\n"))
		if err != nil {
			t.Fatal(err)
		}
		diffs, err := tests[0].Run(t.Context())
		if err != nil || (len(diffs) > 0) != differs {
			t.Errorf("%s: %v, %v", text, diffs, err)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, tc := range []struct{ name, old, new, want string }{
		{"no slo", base[:strings.Index(base, "series:")], "", `slo: is missing: an OpenSLO object, or the path of a file with one`},
		{"missing file", base[:strings.Index(base, "series:")], "slo: nothing.yaml\n", `slo: reading configuration: open DIR/nothing.yaml: no such file or directory`},
		{"a wrong slo", "target: 0.99", "target: 2", `objectives[0].target: must lie between nothing and all, both excluded: a target of all leaves no budget`},
		{"unknown field", "series:", "serie:", `serie: unknown field; did you mean "series"?`},
		{"no series", "series:\n  - {good: \"100x60 0x5\", total: \"100x65\"}\n", "", `series: is missing: write series or events`},
		{"one of three", `, total: "100x65"`, "", `series[0]: needs two of good, bad and total, has 1`},
		{"all three", `, total: "100x65"`, `, total: "100x65", bad: "1"`, `series[0]: needs two of good, bad and total, has 3`},
		{"more good than total", "100x65", "99x65", `series[0]: has more events in interval 1 than its total of 99`},
		{"times", "100x60", "100xmany", `series[0].good: "100xmany" has not the form 100x60: a number, x, how many intervals`},
		{"no times", "100x60", "100x0", `series[0].good: "100x0" has not the form 100x60: a number, x, how many intervals`},
		{"number", "100x60", "-1x60", `series[0].good: "-1" is not a number of events`},
		{"too many", "100x60", "100x999999", `series[0].good: has more than 527040 intervals`},
		{"objective", "{good:", "{objective: x, good:", `series[0].objective: is for composites; the SLO is none`},
		{"interval", "series:", "interval: 15s\nseries:", `interval: "15s" is not a multiple of 10s such as 1m`},
		{"start", "series:", "start: monday\nseries:", `start: "monday" is not a whole minute such as 2026-01-05T00:00:00Z`},
		{"select", "series:", "select: other\nseries:", `select: "other" is not one of the 1 SLOs there; name one`},
		{"no checks", base[strings.Index(base, "checks:"):], "", `checks: is missing: what must be true`},
		{"time", "at: 65m", "at: later", `checks[0].at: "later" is not a time since the start such as 65m`},
		{"window", "5m: 100", "5x: 100", `checks[0].burn_rate: "5x" is not a window such as 1h`},
		{"severity", "severity: page", "severity: loud", `checks[1].alerts[0].severity: "loud" is neither page nor ticket`},
		{"state", "state: firing", "state: on", `checks[1].alerts[0].state: "on" is not a state; write firing, inactive, resolved or no_data`},
		{"tolerance", "at: 0m", "tolerance: -1, at: 0m", `checks[2].tolerance: -1 is below zero`},
		{"figure", "sli: 0.5", "sli: half", `"half" is not a number, or none for an undefined figure`},
		{"event", "series:", "events: [{at: soon, good: 1}]\nseries:", `events[0].at: "soon" is not a time since the start such as 65m`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(base, tc.old, tc.new, 1)
			if text == base {
				t.Fatalf("%q is not in the file", tc.old)
			}
			file := write(t, text)
			_, err := Load(file)
			if err == nil {
				t.Fatal("no error")
			}
			want := strings.ReplaceAll(tc.want, "DIR", filepath.Dir(file))
			first, _, _ := strings.Cut(err.Error(), "\n")
			if !strings.HasPrefix(first, file) || !strings.HasSuffix(first, want) {
				t.Errorf("got  %s\nwant … %s", first, want)
			}
		})
	}
}

func TestNoTest(t *testing.T) {
	file := write(t, "# nothing\n")
	if _, err := Load(file); err == nil || err.Error() != file+": holds no test" {
		t.Error(err)
	}
}

// FuzzParseSeries: what is accepted has as many intervals as it says.
func FuzzParseSeries(f *testing.F) {
	f.Add("100x60 0x5")
	f.Add("_x3 7 1x")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseSeries(text)
		if err == nil && (len(list) > maxIntervals || len(list) < len(strings.Fields(text))) {
			t.Errorf("%q has %d intervals", text, len(list))
		}
	})
}
