package burn

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// TestDefaultRows holds the factors that the workbook, Sloth and Google's
// example have for 30 and 28 days, and the shrunken windows.
func TestDefaultRows(t *testing.T) {
	for _, tc := range []struct {
		name   string
		period time.Duration
		beta   float64
		want   []Row
	}{
		{"30 days", 30 * window.Day, 0.001, []Row{
			{Page, h, 5 * m, 14.4}, {Page, 6 * h, 30 * m, 6}, {Ticket, window.Day, 2 * h, 3}, {Ticket, 3 * window.Day, 6 * h, 1},
		}},
		{"28 days", 28 * window.Day, 0.001, []Row{
			{Page, h, 5 * m, 13.44}, {Page, 6 * h, 30 * m, 5.6}, {Ticket, window.Day, 2 * h, 2.8}, {Ticket, 3 * window.Day, 6 * h, 0.933333333},
		}},
		{"14 days: half the windows, the same factors", 14 * window.Day, 0.001, []Row{
			{Page, 30 * m, 150 * s, 13.44}, {Page, 3 * h, 15 * m, 5.6}, {Ticket, 12 * h, h, 2.8}, {Ticket, 36 * h, 3 * h, 0.933333333},
		}},
		{"one hour: bounded by the buckets", h, 0.01, []Row{
			{Page, 40 * s, 20 * s, 1.8}, {Ticket, 130 * s, 20 * s, 2.769230769}, {Ticket, 390 * s, 30 * s, 0.923076923},
		}},
		{"90 %: the first row can never fire", 28 * window.Day, 0.1, []Row{
			{Page, 6 * h, 30 * m, 5.6}, {Ticket, window.Day, 2 * h, 2.8}, {Ticket, 3 * window.Day, 6 * h, 0.933333333},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, DefaultRows(tc.period, window.Grid, tc.beta)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDefaultRowsAreSound gives every default row of every period to the lint
// that judges rows a person wrote.
func TestDefaultRowsAreSound(t *testing.T) {
	for period := m; period <= 400*window.Day; period = period*3/2/m*m + m {
		for _, beta := range []float64{0.5, 0.1, 0.05, 0.01, 0.001, 0.0001} {
			rows := DefaultRows(period, window.Grid, beta)
			for _, r := range rows {
				if err := r.Lint(Limits{period, window.Grid, beta}); err != nil {
					t.Errorf("period %s beta %v row %v: %v", period, beta, r, err)
				}
				if spent := r.Factor * float64(r.Long) / float64(period); math.Abs(spent-0.02) > 1e-6 && math.Abs(spent-0.05) > 1e-6 && math.Abs(spent-0.1) > 1e-6 {
					t.Errorf("period %s row %v fires at %v of the budget", period, r, spent)
				}
			}
			if beta <= 0.01 && period >= h && len(rows) == 0 {
				t.Errorf("period %s beta %v: no rows", period, beta)
			}
		}
	}
}

func TestParseRows(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want []Row
		err  string
	}{
		{in: "page 40s 20s 10", want: []Row{{Page, 40 * s, 20 * s, 10}}},
		{in: " page 1h 5m 14.4 ,ticket  1d 2h 3", want: []Row{{Page, h, 5 * m, 14.4}, {Ticket, window.Day, 2 * h, 3}}},
		{in: "page 20s 20s 0.5", want: []Row{{Page, 20 * s, 20 * s, 0.5}}},
		{in: "page 1h 10s 14.4", err: `row "page 1h 10s 14.4": short window 10s is a single bucket: write at least 20s`},
		{in: "", err: `row "" has not the form "severity long short factor", such as "page 1h 5m 14.4"`},
		{in: "page 1h 5m 14.4,", err: `row "" has not the form "severity long short factor", such as "page 1h 5m 14.4"`},
		{in: "page 1h 14.4", err: `row "page 1h 14.4" has not the form "severity long short factor", such as "page 1h 5m 14.4"`},
		{in: "warn 1h 5m 14.4", err: `row "warn 1h 5m 14.4": severity "warn" is neither page nor ticket`},
		{in: "page one 5m 14.4", err: `"one" is not a duration such as 20s, 5m, 1h or 3d`},
		{in: "page 1h 5x 14.4", err: `"5x" is not a duration such as 20s, 5m, 1h or 3d`},
		{in: "page 1h 5m fast", err: `factor "fast" is not a number such as 14.4`},
		{in: "page 1h 5m NaN", err: `factor "NaN" is not a number such as 14.4`},
		{in: "page 1h 5s 14.4", err: `row "page 1h 5s 14.4": short window 5s is under one bucket of 10s`},
		{in: "page 1h 15s 14.4", err: `row "page 1h 15s 14.4": windows must be multiples of the bucket of 10s`},
		{in: "page 1m 5m 14.4", err: `row "page 1m 5m 14.4": long window 1m is shorter than the short one, 5m`},
		{in: "page 8d 5m 14.4", err: `row "page 8d 5m 14.4": long window 8d is longer than the period, 7d`},
		{in: "page 1h 5m 0", err: `row "page 1h 5m 0": factor 0 is not above zero`},
		{in: "page 1h 5m -1", err: `row "page 1h 5m -1": factor -1 is not above zero`},
		{in: "page 1h 5m 20", err: `row "page 1h 5m 20": factor 20 can never be exceeded: with this target a burn rate is at most 20`},
	} {
		t.Run(tc.in, func(t *testing.T) {
			got, err := ParseRows(tc.in, Limits{7 * window.Day, window.Grid, 0.05})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if text := errText(err); text != tc.err {
				t.Errorf("error = %q, want %q", text, tc.err)
			}
		})
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
