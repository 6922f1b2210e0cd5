package recur

import (
	"slices"
	"time"
)

// maxStarts bounds a list; a rule that starts more often is cut off there.
const maxStarts = 10_000

// maxEmpty is after how many periods in a row without a day the rule is taken
// for one that never recurs, such as the 31st of every second February.
const maxEmpty = 500

// Between returns the starts in [from, to) of what began at start and recurs by
// the rule, in order. A start that does not match the rule is not one. Each has
// the time of day of the first, in its zone.
func (r Rule) Between(start, from, to time.Time) []time.Time {
	var list []time.Time
	n, empty := 0, 0
	for k := r.skip(start, from); empty < maxEmpty; k++ {
		days := r.days(start, k)
		empty++
		for _, at := range days {
			if at.Before(start) {
				continue
			}
			n++
			empty = 0
			if !at.Before(to) || r.Count > 0 && n > r.Count || !r.Until.IsZero() && at.After(r.Until) || len(list) == maxStarts {
				return list
			}
			if !at.Before(from) {
				list = append(list, at)
			}
		}
	}
	return list
}

// skip returns the number of the period to begin with. A rule that counts has
// to be walked from its start.
func (r Rule) skip(start, from time.Time) int {
	if r.Count > 0 || !from.After(start) {
		return 0
	}
	longest := map[string]int{"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}[r.Freq] * r.Interval
	return max(0, int(from.Sub(start)/(24*time.Hour))/longest-1)
}

// days returns the starts of the k-th period, in order.
func (r Rule) days(start time.Time, k int) []time.Time {
	y, m, d := start.Date()
	n := k * r.Interval
	switch r.Freq {
	case "DAILY":
		return r.matching(start, []time.Time{civil(start, y, m, d+n)})
	case "WEEKLY":
		return r.week(start, n)
	case "YEARLY":
		return exact(start, y+n, m, d)
	}
	if len(r.ByDay) == 0 && len(r.ByMonthDay) == 0 {
		return exact(start, y, m+time.Month(n), d)
	}
	return r.month(start, y, m+time.Month(n))
}

// week returns the days of the week, from Monday, that is n weeks after that of
// the start.
func (r Rule) week(start time.Time, n int) []time.Time {
	y, m, d := start.Date()
	if len(r.ByDay) == 0 {
		return []time.Time{civil(start, y, m, d+7*n)}
	}
	monday := d - (int(start.Weekday())+6)%7 + 7*n
	var list []time.Time
	for i := range 7 {
		list = append(list, civil(start, y, m, monday+i))
	}
	return r.matching(start, list)
}

// month returns the days of a month that match BYDAY and BYMONTHDAY.
func (r Rule) month(start time.Time, y int, m time.Month) []time.Time {
	var list []time.Time
	last := time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
	for d := 1; d <= last; d++ {
		if len(r.ByMonthDay) == 0 || slices.Contains(r.ByMonthDay, d) || slices.Contains(r.ByMonthDay, d-last-1) {
			list = append(list, civil(start, y, m, d))
		}
	}
	return r.matching(start, list)
}

// matching keeps the days that BYDAY names.
func (r Rule) matching(start time.Time, days []time.Time) []time.Time {
	if len(r.ByDay) == 0 {
		return days
	}
	return slices.DeleteFunc(days, func(at time.Time) bool {
		at = at.In(start.Location())
		last := time.Date(at.Year(), at.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
		fromStart, fromEnd := (at.Day()-1)/7+1, -((last-at.Day())/7 + 1)
		return !slices.ContainsFunc(r.ByDay, func(w Weekday) bool {
			return w.Day == at.Weekday() && (w.N == 0 || w.N == fromStart || w.N == fromEnd)
		})
	})
}

// exact is a day, or none if the month does not have it (RFC 5545: invalid
// dates are skipped).
func exact(start time.Time, y int, m time.Month, d int) []time.Time {
	if d > time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day() {
		return nil
	}
	return []time.Time{civil(start, y, m, d)}
}

func civil(start time.Time, y int, m time.Month, d int) time.Time {
	return time.Date(y, m, d, start.Hour(), start.Minute(), start.Second(), 0, start.Location())
}
