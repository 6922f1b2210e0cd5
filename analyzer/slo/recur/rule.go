package recur

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Rule is a parsed RRULE. The start of the recurrence is not part of it.
type Rule struct {
	Freq       string // DAILY, WEEKLY, MONTHLY or YEARLY
	Interval   int
	Count      int       // 0: without end
	Until      time.Time // zero: without end; the last start may be at it
	ByDay      []Weekday
	ByMonthDay []int // 1 to 31, or -31 to -1 from the end of the month
}

// Weekday is a day of the week, with the ordinal it has in its month.
type Weekday struct {
	N   int // 0: each; 1 the first of the month, -1 the last
	Day time.Weekday
}

var weekdays = [...]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// Parse reads a rule such as "FREQ=WEEKLY;BYDAY=SA,SU". A leading "RRULE:" may
// stand. The error is for the writer of a file.
func Parse(text string) (Rule, error) {
	r := Rule{Interval: 1}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(strings.TrimPrefix(text, "RRULE:"), ";") {
		name, value, ok := strings.Cut(part, "=")
		if !ok || value == "" {
			return Rule{}, fmt.Errorf("%q has not the form NAME=VALUE", part)
		}
		if seen[name] {
			return Rule{}, fmt.Errorf("%s stands twice", name)
		}
		seen[name] = true
		if err := r.set(name, value); err != nil {
			return Rule{}, err
		}
	}
	return r, r.check()
}

func (r *Rule) set(name, value string) (err error) {
	switch name {
	case "FREQ":
		if !slices.Contains([]string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}, value) {
			return fmt.Errorf("FREQ=%s is not supported; use DAILY, WEEKLY, MONTHLY or YEARLY", value)
		}
		r.Freq = value
	case "INTERVAL":
		r.Interval, err = number(name, value, 1, 1000)
	case "COUNT":
		r.Count, err = number(name, value, 1, 10_000)
	case "UNTIL":
		if r.Until, err = time.Parse("20060102T150405Z", value); err != nil {
			return fmt.Errorf("UNTIL=%s is not a UTC time such as 20261231T235959Z", value)
		}
	case "BYDAY":
		for text := range strings.SplitSeq(value, ",") {
			d, err := parseWeekday(text)
			if err != nil {
				return err
			}
			r.ByDay = append(r.ByDay, d)
		}
	case "BYMONTHDAY":
		for text := range strings.SplitSeq(value, ",") {
			n, err := number(name, text, -31, 31)
			if err != nil || n == 0 {
				return fmt.Errorf("BYMONTHDAY=%s is not a day of a month, 1 to 31 or -31 to -1", text)
			}
			r.ByMonthDay = append(r.ByMonthDay, n)
		}
	case "WKST":
		if value != "MO" {
			return fmt.Errorf("WKST=%s is not supported; weeks begin on Monday", value)
		}
	default:
		return fmt.Errorf("%s is not supported; use FREQ, INTERVAL, COUNT, UNTIL, BYDAY and BYMONTHDAY", name)
	}
	return err
}

func (r Rule) check() error {
	ordinal := slices.ContainsFunc(r.ByDay, func(d Weekday) bool { return d.N != 0 })
	switch {
	case r.Freq == "":
		return fmt.Errorf("FREQ is missing: how often it recurs")
	case r.Count > 0 && !r.Until.IsZero():
		return fmt.Errorf("COUNT and UNTIL exclude each other (RFC 5545)")
	case ordinal && r.Freq != "MONTHLY":
		return fmt.Errorf("an ordinal in BYDAY needs FREQ=MONTHLY")
	case len(r.ByMonthDay) > 0 && r.Freq != "MONTHLY":
		return fmt.Errorf("BYMONTHDAY needs FREQ=MONTHLY")
	case len(r.ByDay) > 0 && r.Freq == "YEARLY":
		return fmt.Errorf("BYDAY is not supported with FREQ=YEARLY")
	}
	return nil
}

func number(name, text string, low, high int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("%s=%s is not a number from %d to %d", name, text, low, high)
	}
	return n, nil
}

func parseWeekday(text string) (Weekday, error) {
	bad := fmt.Errorf("BYDAY=%s is not a weekday such as MO, 1MO or -1SU", text)
	if len(text) < 2 {
		return Weekday{}, bad
	}
	day := slices.Index(weekdays[:], text[len(text)-2:])
	if day < 0 {
		return Weekday{}, bad
	}
	d := Weekday{Day: time.Weekday(day)}
	if ordinal := text[:len(text)-2]; ordinal != "" {
		n, err := strconv.Atoi(ordinal)
		if err != nil || n == 0 || n < -5 || n > 5 {
			return Weekday{}, bad
		}
		d.N = n
	}
	return d, nil
}
