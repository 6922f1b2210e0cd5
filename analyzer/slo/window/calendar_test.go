package window

import (
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata" // zones must not depend on the machine
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func length(t *testing.T, text string) Length {
	t.Helper()
	l, err := ParseLength(text)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

const layout = "2006-01-02 15:04"

func TestCalendar(t *testing.T) {
	for _, tc := range []struct {
		name, zone, anchor, length, at string
		from, to                       string // in the zone
		hours                          float64
	}{
		{"a month", "UTC", "2026-01-01 00:00", "1M", "2026-02-14 12:00", "2026-02-01 00:00", "2026-03-01 00:00", 28 * 24},
		{"its first instant", "UTC", "2026-01-01 00:00", "1M", "2026-02-01 00:00", "2026-02-01 00:00", "2026-03-01 00:00", 28 * 24},
		{"a leap February", "UTC", "2026-01-01 00:00", "1M", "2028-02-14 12:00", "2028-02-01 00:00", "2028-03-01 00:00", 29 * 24},
		{"from the 31st: clamped", "UTC", "2026-01-31 00:00", "1M", "2026-03-01 00:00", "2026-02-28 00:00", "2026-03-31 00:00", 31 * 24},
		{"and not drifting", "UTC", "2026-01-31 00:00", "1M", "2026-05-31 01:00", "2026-05-31 00:00", "2026-06-30 00:00", 30 * 24},
		{"before the anchor", "UTC", "2026-01-01 00:00", "1M", "2025-11-30 23:59", "2025-11-01 00:00", "2025-12-01 00:00", 30 * 24},
		{"a quarter", "UTC", "2025-10-01 00:00", "1Q", "2026-03-31 23:59", "2026-01-01 00:00", "2026-04-01 00:00", 90 * 24},
		{"a leap year", "UTC", "2020-02-29 00:00", "1Y", "2024-02-29 00:00", "2024-02-29 00:00", "2025-02-28 00:00", 365 * 24},
		{"two weeks", "UTC", "2026-01-05 09:00", "2w", "2026-02-01 00:00", "2026-01-19 09:00", "2026-02-02 09:00", 14 * 24},
		{"a day of 23 hours", "Europe/Berlin", "2026-01-01 00:00", "1d", "2026-03-29 12:00", "2026-03-29 00:00", "2026-03-30 00:00", 23},
		{"a day of 25 hours", "Europe/Berlin", "2026-01-01 00:00", "1d", "2026-10-25 12:00", "2026-10-25 00:00", "2026-10-26 00:00", 25},
		{"a week with the change", "America/New_York", "2026-01-05 00:00", "1w", "2026-03-10 12:00", "2026-03-09 00:00", "2026-03-16 00:00", 168},
		{"a week before it", "America/New_York", "2026-01-05 00:00", "1w", "2026-03-08 12:00", "2026-03-02 00:00", "2026-03-09 00:00", 167},
		{"a month with the change", "Europe/Berlin", "2026-01-01 00:00", "1M", "2026-03-15 12:00", "2026-03-01 00:00", "2026-04-01 00:00", 31*24 - 1},
		{"half-hour zones", "Asia/Kolkata", "2026-01-01 00:00", "1d", "2026-05-05 05:00", "2026-05-05 00:00", "2026-05-06 00:00", 24},
		{"hours do not care", "Europe/Berlin", "2026-01-01 00:00", "12h", "2026-03-29 14:00", "2026-03-29 13:00", "2026-03-30 01:00", 12},
	} {
		t.Run(tc.name, func(t *testing.T) {
			loc := zone(t, tc.zone)
			parse := func(text string) time.Time {
				at, err := time.ParseInLocation(layout, text, loc)
				if err != nil {
					t.Fatal(err)
				}
				return at
			}
			c := Calendar{parse(tc.anchor), length(t, tc.length)}
			w, k := c.At(parse(tc.at))
			if got := w.From.Format(layout) + " to " + w.To.Format(layout); got != tc.from+" to "+tc.to {
				t.Errorf("period = %s, want %s to %s", got, tc.from, tc.to)
			}
			if got := w.Len().Hours(); got != tc.hours {
				t.Errorf("it has %v hours, want %v", got, tc.hours)
			}
			if again, n := c.At(w.From); again != w || n != k {
				t.Errorf("its own start lies in period %d, %v", n, again)
			}
		})
	}
}

// TestCalendarTiles draws anchors, lengths and times in zones with odd rules:
// periods follow each other without gap or overlap, hold the time asked for,
// and have the number that Start takes.
func TestCalendarTiles(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"}
	units := []byte{'h', 'd', 'w', 'M', 'Q', 'Y'}
	draw := func() time.Time {
		return time.Date(2008+r.IntN(30), time.Month(1+r.IntN(12)), 1+r.IntN(31), r.IntN(24), r.IntN(60), 0, 0, time.UTC)
	}
	for range 3000 {
		loc := zone(t, zones[r.IntN(len(zones))])
		c := Calendar{draw().In(loc), Length{1 + r.IntN(3), units[r.IntN(len(units))]}}
		at := draw()
		w, k := c.At(at)
		if !w.Holds(at) {
			t.Fatalf("%+v: the period %v does not hold %v", c, w, at)
		}
		if !c.Start(k).Equal(w.From) || !c.Start(k+1).Equal(w.To) {
			t.Fatalf("%+v: period %d is %v", c, k, w)
		}
		if next, n := c.At(w.To); !next.From.Equal(w.To) || n != k+1 {
			t.Fatalf("%+v: after %v comes %v", c, w, next)
		}
		if before, n := c.At(w.From.Add(-1)); !before.To.Equal(w.From) || n != k-1 {
			t.Fatalf("%+v: before %v comes %v", c, w, before)
		}
	}
}
