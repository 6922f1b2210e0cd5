package slo

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// Burn is a stretch in which an SLO burned its budget, and what went before.
type Burn struct {
	SLO      string
	Stressed Window        // from the first burning bucket to the end of the last
	Healthy  Window        // the green stretch before it; empty if there is none
	Deadline time.Duration // the SLO's latency bound; 0 if it has none
}

const (
	burnLookback = 6 * time.Hour // how far back a burn is looked for
	maxHealthy   = 60            // buckets: ten minutes
	minHealthy   = 3             // buckets
)

// LastBurn returns the latest burn of any SLO as of a time; false if there is
// none within the SLO's period or the last six hours, whichever is shorter.
// Where two end together the one listed first is returned.
func (e *Evaluator) LastBurn(ctx context.Context, at time.Time) (Burn, bool, error) {
	watermark, _, err := e.watermark(ctx, at)
	if err != nil {
		return Burn{}, false, fmt.Errorf("looking for burns: %w", err)
	}
	if watermark.IsZero() {
		return Burn{}, false, nil
	}
	var latest Burn
	found := false
	for _, s := range e.slos {
		w := window.Before(end(at, watermark), min(s.Period, burnLookback))
		buckets, err := e.source.series(ctx, s.Indicators()[0], w, Grid)
		if err != nil {
			return Burn{}, false, fmt.Errorf("looking for burns of slo %s: %w", s.Name, err)
		}
		b, ok := findBurn(s, w.From, buckets)
		if ok && (!found || b.Stressed.To.After(latest.Stressed.To)) {
			latest, found = b, true
		}
	}
	return latest, found, nil
}

// findBurn looks for the latest run of burning buckets: those in which the
// burn rate exceeds the factor of the SLO's most severe row. A bucket without
// events ends a run.
func findBurn(s *SLO, from time.Time, buckets []Count) (Burn, bool) {
	beta, factor := s.Beta(), burn.Gravest(s.Rows).Factor
	burning := func(i int) bool { return buckets[i].Exceeds(factor, beta) }
	last := len(buckets) - 1
	for last >= 0 && !burning(last) {
		last--
	}
	if last < 0 {
		return Burn{}, false
	}
	first := last
	for first > 0 && burning(first-1) {
		first--
	}
	b := Burn{SLO: s.Name, Deadline: s.Indicator.Latency, Stressed: bucketWindow(from, first, last+1)}
	green, stop := findGreen(buckets[:first], factor, beta)
	b.Healthy = bucketWindow(from, green, stop)
	return b, true
}

// findGreen returns the green stretch [from, to) nearest to the end of the
// buckets. It ends with a bucket that spends no more than its share of the
// budget (burn rate ≤ 1), goes back over buckets with events of which none
// burns and which together keep within theirs, so that a single failure in a
// quiet bucket does not end it, and has at least three buckets and at most
// sixty. Without one, from = to = 0.
func findGreen(buckets []Count, factor, beta float64) (from, to int) {
	for to = len(buckets); to >= minHealthy; to-- {
		if c := buckets[to-1]; c.Total == 0 || c.Exceeds(1, beta) {
			continue
		}
		from = greenFrom(buckets, to, factor, beta)
		if to-from >= minHealthy {
			return from, to
		}
	}
	return 0, 0
}

// greenFrom walks back from to as long as the stretch may grow, and returns
// the earliest start at which the whole of it keeps within its share.
func greenFrom(buckets []Count, to int, factor, beta float64) int {
	var sum Count
	best := to
	for i := to - 1; i >= max(0, to-maxHealthy); i-- {
		if buckets[i].Total == 0 || buckets[i].Exceeds(factor, beta) {
			break
		}
		sum = sum.Add(buckets[i])
		if !sum.Exceeds(1, beta) {
			best = i
		}
	}
	return best
}

func bucketWindow(from time.Time, first, end int) Window {
	return Window{From: from.Add(time.Duration(first) * Grid), To: from.Add(time.Duration(end) * Grid)}
}
