package suite

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// counting yields 1, 2, 3 … for its first figure and ten times that for its
// second.
func counting(runs int, specs ...Spec) Measurement {
	n := 0.0
	return Measurement{Name: "counting", Figures: specs, Runs: runs, Once: func(context.Context) ([]float64, error) {
		n++
		return []float64{n, 10 * n}[:len(specs)], nil
	}}
}

func TestRunTakesMedians(t *testing.T) {
	rate := Spec{Name: "rate", Unit: "rows/s", Target: AtLeast(3)}
	size := Spec{Name: "size", Unit: "B", Target: AtMost(29)}
	got, err := Run(t.Context(), []Measurement{counting(0, rate, size), counting(2, rate)}, 5, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := []Figure{
		{Name: "rate", Unit: "rows/s", Value: 3, Target: "≥ 3", Holds: true, Low: 1, High: 5, Runs: []float64{1, 2, 3, 4, 5}},
		{Name: "size", Unit: "B", Value: 30, Target: "≤ 29", Holds: false, Low: 10, High: 50, Runs: []float64{10, 20, 30, 40, 50}},
		{Name: "rate", Unit: "rows/s", Value: 1.5, Target: "≥ 3", Holds: false, Low: 1, High: 2, Runs: []float64{1, 2}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("figures differ (-want +got):\n%s", diff)
	}
}

func TestRunSaysWhatFailed(t *testing.T) {
	broken := Measurement{Name: "broken", Once: func(context.Context) ([]float64, error) { return nil, errors.New("no store") }}
	if _, err := Run(t.Context(), []Measurement{broken}, 1, io.Discard); err == nil || err.Error() != "measuring broken: no store" {
		t.Errorf("error = %v", err)
	}
	short := counting(1, Spec{}, Spec{}, Spec{})
	short.Once = func(context.Context) ([]float64, error) { return []float64{1}, nil }
	if _, err := Run(t.Context(), []Measurement{short}, 1, io.Discard); err == nil || !strings.Contains(err.Error(), "1 values for 3 figures") {
		t.Errorf("error = %v", err)
	}
}

func TestTargets(t *testing.T) {
	for name, tc := range map[string]struct {
		target Target
		value  float64
		holds  bool
		text   string
	}{
		"none":           {Target{}, -1, true, ""},
		"just reached":   {AtLeast(4), 4, true, "≥ 4"},
		"missed":         {AtLeast(0.5), 0.49, false, "≥ 0.5"},
		"at the limit":   {AtMost(150), 150, true, "≤ 150"},
		"over the limit": {AtMost(150), 150.1, false, "≤ 150"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.target.Holds(tc.value); got != tc.holds || tc.target.String() != tc.text {
				t.Errorf("Holds = %t, String = %q; want %t, %q", got, tc.target, tc.holds, tc.text)
			}
		})
	}
}

func TestTable(t *testing.T) {
	m := Machine{CPU: "A Chip", Cores: 2, Memory: 24 << 30, Kernel: "6.1", Go: "go1.26", Load: 0.25, At: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), Versions: map[string]string{"envoy": "1.40.0"}}
	var out strings.Builder
	err := Table(&out, m, []Figure{
		{Name: "rate", Value: 812345.6, Unit: "rows/s", Target: "≥ 600000", Holds: true, Low: 800000, High: 820000, Runs: make([]float64, 5)},
		{Name: "ratio", Value: 3.14159, Unit: "×", Target: "≥ 4", Low: 3, High: 3.2, Runs: make([]float64, 5)},
		{Name: "share", Value: 0.012345, Unit: "", Runs: make([]float64, 1)},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `A Chip, 2 cores, 24 GiB, Linux 6.1, go1.26, load 0.25, 2026-01-02 03:04 UTC, envoy 1.40.0
FIGURE  VALUE   UNIT    TARGET    HOLDS  LOW     HIGH    RUNS
rate    812346  rows/s  ≥ 600000  yes    800000  820000  5
ratio   3.14    ×       ≥ 4       NO     3.00    3.20    5
share   0.0123                    -      0       0       1
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("table differs (-want +got):\n%s", diff)
	}
}

func TestSave(t *testing.T) {
	path := filepath.Join(t.TempDir(), "build", "bench", "ingest.json")
	figures := []Figure{{Name: "rate", Value: 2, Unit: "rows/s", Target: "≥ 1", Holds: true, Low: 1, High: 3, Runs: []float64{1, 2, 3}}}
	if err := Save(path, figures); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{
		"name": "rate", "value": 2.0, "unit": "rows/s", "target": "≥ 1", "holds": true, "low": 1.0, "high": 3.0, "runs": []any{1.0, 2.0, 3.0},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("file differs (-want +got):\n%s", diff)
	}
}

func TestThisMachine(t *testing.T) {
	m := ThisMachine(time.Now())
	if m.Cores < 1 || m.Memory < 1<<28 || m.Kernel == "" || !strings.HasPrefix(m.Go, "go") {
		t.Errorf("machine = %+v", m)
	}
}
