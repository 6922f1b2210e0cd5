package burn

import (
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// TestTimeToFire has the delays of a full outage over 30 days.
func TestTimeToFire(t *testing.T) {
	for _, tc := range []struct {
		beta float64
		want []float64 // minutes
	}{
		{0.001, []float64{0.864, 2.16, 4.32, 4.32}},
		{0.01, []float64{8.64, 21.6, 43.2, 43.2}},
	} {
		for i, r := range DefaultRows(30*window.Day, window.Grid, tc.beta) {
			got, ok := r.TimeToFire(tc.beta, 1)
			if !ok || got.Minutes() < tc.want[i]-1e-6 || got.Minutes() > tc.want[i]+1e-6 {
				t.Errorf("beta %v, %v: %v, want %v minutes", tc.beta, r, got, tc.want[i])
			}
		}
	}
	r := Row{Page, h, 5 * m, 10}
	if _, ok := r.TimeToFire(0.01, 0.1); ok {
		t.Error("an error ratio at the limit fires")
	}
	if got := r.TimeToClear(0.01, 1); got != 270*s {
		t.Errorf("clears after %v", got)
	}
	if got := r.TimeToClear(0.01, 0.05); got != 0 {
		t.Errorf("what never fired clears after %v", got)
	}
}

func TestSoonest(t *testing.T) {
	rows := DefaultRows(30*window.Day, window.Grid, 0.001)
	for _, tc := range []struct {
		severity string
		e        float64
		want     time.Duration
		ok       bool
	}{
		{Page, 1, 51840 * time.Millisecond, true},
		{Page, 0.01, 6 * h * 6 / 10, true}, // only the 6h row: 6 × 0.001 × 6h ÷ 0.01
		{Page, 0.005, 0, false},
		{Ticket, 0.002, 36 * h, true},
	} {
		got, ok := Soonest(rows, tc.severity, 0.001, tc.e)
		if ok != tc.ok || (got-tc.want).Abs() > time.Millisecond {
			t.Errorf("%s at %v: %v, %v, want %v, %v", tc.severity, tc.e, got, ok, tc.want, tc.ok)
		}
	}
}

// TestTimeToFireIsWhenItFires runs the rule over counts at a constant error
// ratio after a clean hour and compares when it fires and clears with the
// formulas, to a bucket.
func TestTimeToFireIsWhenItFires(t *testing.T) {
	const bucket = 10 * time.Second
	for _, tc := range []struct {
		row  Row
		beta float64
		e    uint64 // per thousand
	}{
		{Row{Page, 10 * m, 2 * m, 5}, 0.01, 200},
		{Row{Page, 10 * m, 2 * m, 5}, 0.01, 1000},
		{Row{Page, 10 * m, 10 * m, 2}, 0.1, 500},
		{Row{Ticket, 5 * m, m, 1}, 0.05, 70},
	} {
		clean, failing := budget.Count{Good: 1000, Total: 1000}, budget.Count{Good: 1000 - tc.e, Total: 1000}
		var buckets []budget.Count
		fires := func() bool {
			sum := func(w time.Duration) budget.Count { return budget.Sum(buckets[len(buckets)-int(w/bucket):]...) }
			return sum(tc.row.Long).Exceeds(tc.row.Factor, tc.beta) && sum(tc.row.Short).Exceeds(tc.row.Factor, tc.beta)
		}
		for range 360 {
			buckets = append(buckets, clean)
		}
		want, _ := tc.row.TimeToFire(tc.beta, float64(tc.e)/1000)
		n := 0
		for ; !fires() && n < 1000; n++ {
			buckets = append(buckets, failing)
		}
		if got := time.Duration(n) * bucket; got < want || got > want+bucket {
			t.Errorf("%v at %d ‰ fires after %v, want %v", tc.row, tc.e, got, want)
		}
		for range 120 {
			buckets = append(buckets, failing)
		}
		want = tc.row.TimeToClear(tc.beta, float64(tc.e)/1000)
		for n = 0; fires() && n < 1000; n++ {
			buckets = append(buckets, clean)
		}
		if got := time.Duration(n) * bucket; tc.row.Short < tc.row.Long && (got < want-bucket || got > want+bucket) {
			t.Errorf("%v at %d ‰ clears after %v, want %v", tc.row, tc.e, got, want)
		}
	}
}
