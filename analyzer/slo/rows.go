package slo

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

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
	{Ticket, day, 2 * time.Hour, 0.10},
	{Ticket, 3 * day, 6 * time.Hour, 0.10},
}

// fullPeriod is the shortest period for which the default windows are used as
// they stand; for a shorter one they shrink with it.
const fullPeriod = 28 * day

// DefaultRows returns the default rule for a period: factor = share × period ÷
// long window, so 14.4, 6, 3 and 1 for 30 days and 13.44, 5.6, 2.8 and 0.93
// for 28. Under 28 days the windows shrink in proportion, rounded to the grid,
// with at least one bucket for the short and two for the long one. Rows that
// can never fire at this beta, since no burn rate reaches their factor, and
// rows with the windows of another are left out; the result can be empty.
func DefaultRows(period time.Duration, beta float64) []Row {
	var rows []Row
	seen := map[[2]time.Duration]bool{}
	for _, t := range defaults {
		r := t.row(period)
		windows := [2]time.Duration{r.Long, r.Short}
		if r.Factor >= 1/beta || seen[windows] {
			continue
		}
		seen[windows] = true
		rows = append(rows, r)
	}
	return rows
}

func (t template) row(period time.Duration) Row {
	long, short := t.long, t.short
	if period < fullPeriod {
		scale := float64(period) / float64(fullPeriod)
		long = max(2*Grid, onGrid(float64(long)*scale))
		short = max(Grid, onGrid(float64(short)*scale))
	}
	factor := t.share * float64(period) / float64(long)
	return Row{t.severity, long, short, math.Round(factor*1e9) / 1e9}
}

func onGrid(d float64) time.Duration {
	return time.Duration(math.Round(d/float64(Grid))) * Grid
}

// parseRows reads the burn-rate annotation: rows of "severity long short
// factor", separated by commas, such as "page 1h 5m 14.4, ticket 3d 6h 1".
func parseRows(text string, period time.Duration, beta float64) ([]Row, error) {
	var rows []Row
	for part := range strings.SplitSeq(text, ",") {
		r, err := parseRow(part)
		if err != nil {
			return nil, err
		}
		if err := r.lint(period, beta); err != nil {
			return nil, fmt.Errorf("row %q: %w", strings.TrimSpace(part), err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func parseRow(text string) (Row, error) {
	f := strings.Fields(text)
	if len(f) != 4 {
		return Row{}, fmt.Errorf("row %q has not the form \"severity long short factor\", such as \"page 1h 5m 14.4\"", strings.TrimSpace(text))
	}
	long, err := parseWindow(f[1])
	if err != nil {
		return Row{}, err
	}
	short, err := parseWindow(f[2])
	if err != nil {
		return Row{}, err
	}
	factor, err := strconv.ParseFloat(f[3], 64)
	if err != nil || math.IsNaN(factor) || math.IsInf(factor, 0) {
		return Row{}, fmt.Errorf("factor %q is not a number such as 14.4", f[3])
	}
	return Row{Severity: f[0], Long: long, Short: short, Factor: factor}, nil
}

// lint refuses a row that cannot work.
//
// The short window may be a single bucket. Two or more would be calmer (one
// bucket is all the evidence that the burn goes on), but the windows of an SLO
// over an hour or less are seconds, and the long window still has to agree.
func (r Row) lint(period time.Duration, beta float64) error {
	switch {
	case r.Severity != Page && r.Severity != Ticket:
		return fmt.Errorf("severity %q is neither page nor ticket", r.Severity)
	case r.Short < Grid:
		return fmt.Errorf("short window %s is under one bucket of %s", short(r.Short), short(Grid))
	case r.Long%Grid != 0 || r.Short%Grid != 0:
		return fmt.Errorf("windows must be multiples of the bucket of %s", short(Grid))
	case r.Long < r.Short:
		return fmt.Errorf("long window %s is shorter than the short one, %s", short(r.Long), short(r.Short))
	case r.Long > period:
		return fmt.Errorf("long window %s is longer than the period, %s", short(r.Long), short(period))
	case r.Factor <= 0:
		return fmt.Errorf("factor %g is not above zero", r.Factor)
	case r.Factor >= 1/beta:
		return fmt.Errorf("factor %g can never be exceeded: with this target a burn rate is at most %.4g", r.Factor, 1/beta)
	}
	return nil
}
