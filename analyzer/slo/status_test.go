package slo

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

func demo() *SLO {
	return &SLO{
		Name: "shop", Service: "shop", Objective: 0.99, Period: h,
		Rows: []Row{{Severity: Page, Long: 20 * s, Short: 10 * s, Factor: 10}, {Severity: Ticket, Long: m, Short: 20 * s, Factor: 2}},
	}
}

func status(t *testing.T, e *Evaluator, at time.Time) Status {
	t.Helper()
	st, err := e.Status(t.Context(), e.SLOs()[0], at)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// TestStates evaluates at the end of an hour of which the last buckets are
// given; the others are clean, with 100 requests each.
func TestStates(t *testing.T) {
	clean, half, amber := Count{Good: 100, Total: 100}, Count{Good: 50, Total: 100}, Count{Good: 95, Total: 100}
	for _, tc := range []struct {
		name         string
		last         []Count
		state        State
		page, ticket bool
		bad          uint64
	}{
		{"clean", nil, OK, false, false, 0},
		{"both windows burn", []Count{half, half}, Burning, true, true, 100},
		{"one bucket is enough for both at twice the factor", []Count{half}, Burning, true, true, 50},
		{"exactly the factor is not above it", []Count{{Good: 90, Total: 100}, {Good: 90, Total: 100}}, Burning, false, true, 20},
		{"the long window alone", []Count{half, half, clean}, Burning, false, true, 100},
		{"the short window alone", []Count{{Good: 85, Total: 100}}, Burning, false, true, 15},
		{"a slow burn makes a ticket", []Count{amber, amber, amber, amber}, Burning, false, true, 20},
		{"a slow burn that is over", []Count{amber, amber, amber, amber, clean, clean}, OK, false, false, 20},
		{"exhausted: the state, though nothing burns", append(repeat(8, half), repeat(6, clean)...), Exhausted, false, false, 400},
		{"exhausted to the last event", append(repeat(4, Count{Good: 10, Total: 100}), repeat(6, clean)...), Exhausted, false, false, 360},
		{"one event left", append([]Count{{Good: 11, Total: 100}, {Good: 10, Total: 100}, {Good: 10, Total: 100}, {Good: 10, Total: 100}}, repeat(6, clean)...), OK, false, false, 359},
	} {
		t.Run(tc.name, func(t *testing.T) {
			buckets := append(repeat(360-len(tc.last), clean), tc.last...)
			st := status(t, evaluatorOf(script{start: t0, buckets: buckets}, demo()), t0.Add(h))
			if st.State != tc.state || st.Rows[0].Firing != tc.page || st.Rows[1].Firing != tc.ticket {
				t.Errorf("state %s, page %v, ticket %v, want %s, %v, %v", st.State, st.Rows[0].Firing, st.Rows[1].Firing, tc.state, tc.page, tc.ticket)
			}
			if st.Count.Bad() != tc.bad || st.Count.Total != 36_000 {
				t.Errorf("bad %d of %d, want %d of 36000", st.Count.Bad(), st.Count.Total, tc.bad)
			}
			if st.Reason != "" {
				t.Errorf("reason %q, want none", st.Reason)
			}
		})
	}
}

func TestNoData(t *testing.T) {
	full := repeat(360, Count{Good: 50, Total: 100})
	quietEnd := append(repeat(358, Count{Good: 50, Total: 100}), Count{}, Count{})
	for _, tc := range []struct {
		name      string
		source    script
		watermark WatermarkFunc
		state     State
		reason    string
		row       string // why the page row has no data
	}{
		{"all there", script{start: t0, buckets: full}, atOnce, Exhausted, "", ""},
		{
			"no watermark",
			script{start: t0, buckets: full},
			func(context.Context, time.Time) (time.Time, string, error) {
				return time.Time{}, "no live collector", nil
			},
			NoData, "no live collector", "no live collector",
		},
		{
			"late watermark",
			script{start: t0.Add(-5 * m), buckets: repeat(400, Count{Good: 1, Total: 1})},
			func(_ context.Context, at time.Time) (time.Time, string, error) { return at.Add(-75 * s), "", nil },
			NoData, "rows are complete only up to 1m15s before the time asked for", "rows are complete only up to 1m15s before the time asked for",
		},
		{"no traffic at all", script{start: t0}, atOnce, NoData, "no requests in the last 1h", "no requests in the last 1h"},
		{"no traffic of late: the budget is known, the row is not", script{start: t0, buckets: quietEnd}, atOnce, Exhausted, "", "no requests in the last 20s"},
		{"blind of late", script{start: t0, buckets: full, blind: []Window{span(h-40*s, h)}}, atOnce, Exhausted, "", "only 0 % of the last 20s was seen"},
		{"blind for long", script{start: t0, buckets: full, blind: []Window{span(0, 20*m)}}, atOnce, NoData, "only 67 % of the last 1h was seen", "only 67 % of the last 1h was seen"},
		{"young", script{start: t0.Add(30 * m), buckets: repeat(180, Count{Good: 1, Total: 1})}, atOnce, OK, "young: heartbeats cover 30m of 1h", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &Evaluator{source: tc.source, watermark: tc.watermark, slos: []*SLO{demo()}}
			st := status(t, e, t0.Add(h))
			if st.State != tc.state || st.Reason != tc.reason || st.Rows[0].NoData != tc.row {
				t.Errorf("got %s, %q, row %q, want %s, %q, row %q", st.State, st.Reason, st.Rows[0].NoData, tc.state, tc.reason, tc.row)
			}
			if r := st.Rows[0]; r.NoData != "" && (r.Firing || r.Calm) {
				t.Error("a row without data fires or clears")
			}
		})
	}
}

// TestYoungCanAlert: an SLO seen for one bucket pages on it.
func TestYoungCanAlert(t *testing.T) {
	st := status(t, evaluatorOf(script{start: t0, buckets: []Count{{Good: 0, Total: 50}}}, demo()), t0.Add(10*s))
	if !st.Rows[0].Firing {
		t.Errorf("page row = %+v, want firing", st.Rows[0])
	}
}

// TestTimeToFire burns at a constant error ratio after a clean past and
// compares the first evaluation that fires with the analytic time,
// max over both windows of factor × β × window ÷ e, and the first that is calm
// after the end with short × (1 − factor × β ÷ e), rounded up to the grid.
func TestTimeToFire(t *testing.T) {
	rows := burn.DefaultRows(30*window.Day, Grid, 0.001)
	for _, tc := range []struct {
		row  int
		bad  uint64 // of 10 000 in each bucket
		fire float64
	}{
		{0, 10_000, 0.864 * 60}, // 0.86 minutes at full outage and 99.9 %
		{1, 10_000, 2.16 * 60},
		{2, 10_000, 4.32 * 60},
		{3, 10_000, 4.32 * 60},
		{0, 1_000, 8.64 * 60},
		{0, 500, 17.28 * 60},
		{1, 1_000, 21.6 * 60},
	} {
		r := rows[tc.row]
		slo := &SLO{Name: "x", Service: "x", Objective: 0.999, Period: 30 * window.Day, Rows: []Row{r}}
		e := float64(tc.bad) / 10_000
		analytic := r.Factor * 0.001 * r.Long.Seconds() / e
		near(t, "analytic time", analytic, tc.fire, 0.01)

		past := int(30 * window.Day / Grid)
		burn := int(math.Ceil(r.Long.Seconds()/10)) + 1
		buckets := append(repeat(past, Count{Good: 10_000, Total: 10_000}), repeat(burn, Count{Good: 10_000 - tc.bad, Total: 10_000})...)
		buckets = append(buckets, repeat(int(r.Short/Grid)+1, Count{Good: 10_000, Total: 10_000})...)
		source := &prefix{start: t0, sums: prefixSums(buckets)}
		ev := &Evaluator{source: source, watermark: atOnce, slos: []*SLO{slo}}
		begin := t0.Add(30 * window.Day)

		fired := firstAt(t, ev, begin, burn, func(st RowStatus) bool { return st.Firing })
		if want := ceilGrid(analytic); fired != want {
			t.Errorf("row %d at e=%v fires after %v, want %v", tc.row, e, fired, want)
		}
		stop := begin.Add(time.Duration(burn) * Grid)
		calm := firstAt(t, ev, stop, int(r.Short/Grid)+1, func(st RowStatus) bool { return st.Calm })
		if want := ceilGrid(r.Short.Seconds() * (1 - r.Factor*0.001/e)); calm != want {
			t.Errorf("row %d at e=%v is calm %v after the end, want %v", tc.row, e, calm, want)
		}
	}
}

// firstAt evaluates at each bucket end after begin and returns how long it
// takes until the first row meets the condition.
func firstAt(t *testing.T, e *Evaluator, begin time.Time, buckets int, met func(RowStatus) bool) time.Duration {
	t.Helper()
	for n := range buckets {
		after := time.Duration(n+1) * Grid
		if met(status(t, e, begin.Add(after)).Rows[0]) {
			return after
		}
	}
	return -1
}

func ceilGrid(seconds float64) time.Duration {
	return time.Duration(math.Ceil(seconds/10-1e-9)) * Grid
}

// prefix is a script with running sums, for long windows.
type prefix struct {
	start time.Time
	sums  []Count
}

func prefixSums(buckets []Count) []Count {
	sums := make([]Count, len(buckets)+1)
	for i, c := range buckets {
		sums[i+1] = sums[i].Add(c)
	}
	return sums
}

func (p *prefix) counts(_ context.Context, _ Indicator, windows, _ []Window) ([]Count, error) {
	list := make([]Count, len(windows))
	for i, w := range windows {
		a, b := p.at(w.From), p.at(w.To)
		list[i] = Count{Good: b.Good - a.Good, Total: b.Total - a.Total}
	}
	return list, nil
}

func (p *prefix) at(t time.Time) Count {
	return p.sums[min(max(int(t.Sub(p.start)/Grid), 0), len(p.sums)-1)]
}

func (p *prefix) series(context.Context, Indicator, Window, time.Duration) ([]Count, error) {
	return nil, errors.New("not scripted")
}

func (p *prefix) sight(context.Context, Window) (Sight, error) { return Sight{First: p.start}, nil }

func TestErrorsNameTheSLO(t *testing.T) {
	broken := script{start: t0, err: errors.New("store is gone")}
	if _, err := evaluatorOf(broken, demo()).Statuses(t.Context(), t0); errText(err) != "evaluating slo shop: store is gone" {
		t.Errorf("error = %v", err)
	}
	if _, _, err := evaluatorOf(broken, demo()).LastBurn(t.Context(), t0); errText(err) != "looking for burns of slo shop: store is gone" {
		t.Errorf("error = %v", err)
	}
}
