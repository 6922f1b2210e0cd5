package burn

import (
	"math"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// Severities of a row, gravest first.
const (
	Page   = "page"
	Ticket = "ticket"
)

// Row is one line of the burn-rate rule: it fires iff the burn rates of both
// windows exceed the factor.
type Row struct {
	Severity string
	Long     time.Duration
	Short    time.Duration
	Factor   float64
}

// Graver tells whether row a is a more severe one than b: page before ticket,
// then by factor.
func Graver(a, b Row) bool {
	if a.Severity != b.Severity {
		return a.Severity == Page
	}
	return a.Factor > b.Factor
}

// Gravest returns the most severe of at least one row.
func Gravest(rows []Row) Row {
	best := rows[0]
	for _, r := range rows[1:] {
		if Graver(r, best) {
			best = r
		}
	}
	return best
}

// Spent returns the share of the period's budget that is gone when the row
// fires under flat traffic: factor × long window ÷ period.
func (r Row) Spent(period time.Duration) float64 {
	return r.Factor * float64(r.Long) / float64(period)
}

// template is a default row: which share of the period's budget, spent within
// the long window, makes it fire.
type template struct {
	severity    string
	long, short time.Duration
	share       float64
}

// defaults are the rows of The Site Reliability Workbook, chapter 5, with the
// fourth one of its text, as google/prometheus-slo-burn-example has them.
var defaults = [...]template{
	{Page, time.Hour, 5 * time.Minute, 0.02},
	{Page, 6 * time.Hour, 30 * time.Minute, 0.05},
	{Ticket, window.Day, 2 * time.Hour, 0.10},
	{Ticket, 3 * window.Day, 6 * time.Hour, 0.10},
}

// fullPeriod is the shortest period for which the default windows are used as
// they stand; for a shorter one they shrink with it.
const fullPeriod = 28 * window.Day

// minBuckets is how many buckets a default short window has at least: one alone
// would be all the evidence that a burn goes on.
const minBuckets = 2

// DefaultRows returns the default rule for a period whose events come in
// buckets of the given width (the grid of the rollups, or a slice): factor =
// share × period ÷ long window, so 14.4, 6, 3 and 1 for 30 days and 13.44, 5.6,
// 2.8 and 0.93 for 28. Under 28 days the windows shrink in proportion, rounded
// to whole buckets, with at least two for the short and four for the long one.
// Rows that can never fire at this beta, since no burn rate reaches their
// factor, that do not fit into the period, and rows with the windows of another
// are left out; the result can be empty.
func DefaultRows(period, bucket time.Duration, beta float64) []Row {
	var rows []Row
	seen := map[[2]time.Duration]bool{}
	for _, t := range defaults {
		r := t.row(period, bucket)
		windows := [2]time.Duration{r.Long, r.Short}
		if r.Factor >= 1/beta || r.Long > period || seen[windows] {
			continue
		}
		seen[windows] = true
		rows = append(rows, r)
	}
	return rows
}

func (t template) row(period, bucket time.Duration) Row {
	scale := min(1, float64(period)/float64(fullPeriod))
	long := max(2*minBuckets*bucket, whole(float64(t.long)*scale, bucket))
	short := max(minBuckets*bucket, whole(float64(t.short)*scale, bucket))
	factor := t.share * float64(period) / float64(long)
	return Row{t.severity, long, short, math.Round(factor*1e9) / 1e9}
}

func whole(d float64, bucket time.Duration) time.Duration {
	return time.Duration(math.Round(d/float64(bucket))) * bucket
}
