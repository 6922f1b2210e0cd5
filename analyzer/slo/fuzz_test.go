package slo

import (
	"os"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// FuzzParse: whatever a file holds, the reader refuses it or makes an SLO that
// keeps its promises.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"spec/testdata/checkout.yaml", "spec/testdata/plain.yaml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("apiVersion: openslo/v1\nkind: SLO\nspec: {objectives: [null], timeWindow: [null]}\n")
	f.Fuzz(func(t *testing.T, text string) {
		docs, err := yamlfile.Parse("f.yaml", []byte(text))
		if err != nil {
			return
		}
		slos, err := Parse(docs)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("refused without a reason")
			}
			return
		}
		for _, s := range slos {
			checkSLO(t, s)
		}
	})
}

func checkSLO(t *testing.T, s *SLO) {
	t.Helper()
	if s.Name == "" || s.Service == "" || s.Indicator.Service == "" || len(s.Indicator.Good) == 0 {
		t.Errorf("something is missing in %+v", s)
	}
	if !(s.Objective > 0 && s.Objective < 1) || !(s.Beta() > 0 && s.Beta() < 1) {
		t.Errorf("objective %v, beta %v", s.Objective, s.Beta())
	}
	if len(s.Rows) == 0 {
		t.Error("no rows")
	}
	for _, r := range s.Rows {
		if err := r.Lint(burn.Limits{Period: s.Period, Bucket: Grid, Beta: s.Beta()}); err != nil {
			t.Errorf("row %+v: %v", r, err)
		}
	}
	for _, w := range windowsOf(s, t0) {
		if w.Empty() || w.Len()%Grid != 0 {
			t.Errorf("window %+v", w)
		}
	}
}

// FuzzParseRows: what is accepted has a form that reads back as the same rows.
func FuzzParseRows(f *testing.F) {
	f.Add("page 1h 5m 14.4, ticket 3d 6h 1")
	f.Add("page 20s 10s 10")
	f.Add("page 1h 5m 0x1p-2")
	f.Add("page 9999999h 5m 1e300")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := burn.ParseRows(text, burn.Limits{Period: 30 * window.Day, Bucket: Grid, Beta: 0.001})
		if err != nil {
			return
		}
		for _, r := range rows {
			if r.Short < Grid || r.Long < r.Short || r.Long > 30*window.Day || !(r.Factor > 0 && r.Factor < 1000) {
				t.Errorf("%q gives %+v", text, r)
			}
			if back, err := burn.ParseWindow(window.Short(r.Long)); err != nil || back != r.Long {
				t.Errorf("%s reads back as %v, %v", window.Short(r.Long), back, err)
			}
		}
	})
}
