package report

import (
	"bytes"
	"strings"
	"testing"
)

// TestComparisonNeedsBothPhases: half a comparison would read as a result.
func TestComparisonNeedsBothPhases(t *testing.T) {
	for name, c := range map[string]Comparison{
		"no before": {Title: "the slowdown", Before: "storm", After: "again"},
		"no after":  {Title: "the slowdown", Before: "trigger", After: "storm"},
		"neither":   {Title: "the slowdown"},
	} {
		t.Run(name, func(t *testing.T) {
			r := sample()
			if r.overlayChart(r.Compare[0]) == "" {
				t.Error("no chart of two phases that are there")
			}
			r.Compare = []Comparison{c}
			var table bytes.Buffer
			if err := r.WriteTable(&table); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(table.String(), "THE SLOWDOWN") || r.overlayChart(c) != "" {
				t.Errorf("compared with a phase that is not there:\n%s", table.String())
			}
		})
	}
}
