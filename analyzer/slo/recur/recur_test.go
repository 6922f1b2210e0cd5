package recur

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // zones must not depend on the machine

	"github.com/google/go-cmp/cmp"
)

const layout = "2006-01-02 15:04"

func at(t *testing.T, zone, text string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	v, err := time.ParseInLocation(layout, text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestBetween has the examples of RFC 5545 §3.8.5.3, where it has one.
func TestBetween(t *testing.T) {
	for _, tc := range []struct {
		name, rule, start, from, to, want string
	}{
		{"daily, three times", "FREQ=DAILY;COUNT=3", "1997-09-02 09:00", "1997-01-01 00:00", "1999-01-01 00:00", "1997-09-02 1997-09-03 1997-09-04"},
		{"every tenth day", "FREQ=DAILY;INTERVAL=10;COUNT=5", "1997-09-02 09:00", "1997-01-01 00:00", "1999-01-01 00:00", "1997-09-02 1997-09-12 1997-09-22 1997-10-02 1997-10-12"},
		{"until, included", "FREQ=WEEKLY;UNTIL=19970916T130000Z", "1997-09-02 09:00", "1997-01-01 00:00", "1999-01-01 00:00", "1997-09-02 1997-09-09 1997-09-16"},
		{"Tuesday and Thursday", "FREQ=WEEKLY;COUNT=4;WKST=MO;BYDAY=TU,TH", "1997-09-02 09:00", "1997-01-01 00:00", "1999-01-01 00:00", "1997-09-02 1997-09-04 1997-09-09 1997-09-11"},
		{"every other week", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU", "1997-08-05 09:00", "1997-01-01 00:00", "1999-01-01 00:00", "1997-08-05 1997-08-10 1997-08-19 1997-08-24"},
		{"first Friday", "FREQ=MONTHLY;COUNT=3;BYDAY=1FR", "1997-09-05 09:00", "1997-01-01 00:00", "1999-01-01 00:00", "1997-09-05 1997-10-03 1997-11-07"},
		{"second-to-last Monday", "FREQ=MONTHLY;COUNT=3;BYDAY=-2MO", "1997-09-22 09:00", "1997-01-01 00:00", "1999-01-01 00:00", "1997-09-22 1997-10-20 1997-11-17"},
		{"third-to-last day", "FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=3", "1997-09-28 09:00", "1997-01-01 00:00", "1999-01-01 00:00", "1997-09-28 1997-10-29 1997-11-28"},
		{"first and last day", "FREQ=MONTHLY;COUNT=4;BYMONTHDAY=1,-1", "1997-09-30 09:00", "1997-01-01 00:00", "1999-01-01 00:00", "1997-09-30 1997-10-01 1997-10-31 1997-11-01"},
		{"Friday the 13th", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1997-09-02 09:00", "1997-01-01 00:00", "1999-01-01 00:00", "1998-02-13 1998-03-13 1998-11-13"},
		{"the 31st where there is one", "FREQ=MONTHLY;COUNT=3", "2026-01-31 09:00", "2026-01-01 00:00", "2027-01-01 00:00", "2026-01-31 2026-03-31 2026-05-31"},
		{"a leap day", "FREQ=YEARLY;COUNT=2", "2024-02-29 09:00", "2020-01-01 00:00", "2040-01-01 00:00", "2024-02-29 2028-02-29"},
		{"only what lies in the window", "FREQ=DAILY", "2020-01-01 09:00", "2026-05-01 09:00", "2026-05-03 09:00", "2026-05-01 2026-05-02"},
		{"a start off the rule is none", "FREQ=WEEKLY;BYDAY=MO;COUNT=1", "2026-05-05 09:00", "2026-01-01 00:00", "2027-01-01 00:00", "2026-05-11"},
		{"never", "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", "2026-02-01 09:00", "2026-01-01 00:00", "2200-01-01 00:00", ""},
		{"before the start", "FREQ=DAILY", "2026-05-05 09:00", "2025-01-01 00:00", "2026-05-05 09:00", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := Parse(tc.rule)
			if err != nil {
				t.Fatal(err)
			}
			const zone = "America/New_York"
			var got []string
			for _, v := range r.Between(at(t, zone, tc.start), at(t, zone, tc.from), at(t, zone, tc.to)) {
				if clock := v.Format("15:04"); clock != "09:00" {
					t.Errorf("starts at %s", clock)
				}
				got = append(got, v.Format("2006-01-02"))
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOverTheChangeOfTheClocks: 02:30 in Berlin is 01:30 UTC in winter and
// 00:30 in summer.
func TestOverTheChangeOfTheClocks(t *testing.T) {
	r, err := Parse("RRULE:FREQ=WEEKLY")
	if err != nil {
		t.Fatal(err)
	}
	start := at(t, "Europe/Berlin", "2026-03-25 02:30")
	var got []string
	for _, v := range r.Between(start, start, start.AddDate(0, 0, 10)) {
		got = append(got, v.UTC().Format(layout))
	}
	if diff := cmp.Diff([]string{"2026-03-25 01:30", "2026-04-01 00:30"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"": `"" has not the form NAME=VALUE`,

		"FREQ=":                                     `"FREQ=" has not the form NAME=VALUE`,
		"INTERVAL=2":                                `FREQ is missing: how often it recurs`,
		"FREQ=HOURLY":                               `FREQ=HOURLY is not supported; use DAILY, WEEKLY, MONTHLY or YEARLY`,
		"FREQ=DAILY;FREQ=DAILY":                     `FREQ stands twice`,
		"FREQ=DAILY;INTERVAL=0":                     `INTERVAL=0 is not a number from 1 to 1000`,
		"FREQ=DAILY;COUNT=x":                        `COUNT=x is not a number from 1 to 10000`,
		"FREQ=DAILY;UNTIL=2026-01-01":               `UNTIL=2026-01-01 is not a UTC time such as 20261231T235959Z`,
		"FREQ=WEEKLY;BYDAY=XX":                      `BYDAY=XX is not a weekday such as MO, 1MO or -1SU`,
		"FREQ=MONTHLY;BYDAY=9MO":                    `BYDAY=9MO is not a weekday such as MO, 1MO or -1SU`,
		"FREQ=WEEKLY;BYDAY=1MO":                     `an ordinal in BYDAY needs FREQ=MONTHLY`,
		"FREQ=DAILY;BYMONTHDAY=3":                   `BYMONTHDAY needs FREQ=MONTHLY`,
		"FREQ=MONTHLY;BYMONTHDAY=0":                 `BYMONTHDAY=0 is not a day of a month, 1 to 31 or -31 to -1`,
		"FREQ=YEARLY;BYDAY=MO":                      `BYDAY is not supported with FREQ=YEARLY`,
		"FREQ=MONTHLY;BYSETPOS=1":                   `BYSETPOS is not supported; use FREQ, INTERVAL, COUNT, UNTIL, BYDAY and BYMONTHDAY`,
		"FREQ=DAILY;WKST=SU":                        `WKST=SU is not supported; weeks begin on Monday`,
		"FREQ=DAILY;COUNT=1;UNTIL=20260101T000000Z": `COUNT and UNTIL exclude each other (RFC 5545)`,
	} {
		if _, err := Parse(text); err == nil || err.Error() != want {
			t.Errorf("Parse(%q) error = %v, want %s", text, err, want)
		}
	}
}

// TestSkippingChangesNothing: what a rule gives for a late window is what it
// gives for a long one, cut.
func TestSkippingChangesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	start := at(t, "Europe/Berlin", "2019-01-31 02:30")
	for _, text := range []string{"FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SA", "FREQ=MONTHLY", "FREQ=MONTHLY;BYDAY=-1SU", "FREQ=YEARLY", "FREQ=DAILY;BYDAY=MO"} {
		rule, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		all := rule.Between(start, start, start.AddDate(8, 0, 0))
		for range 50 {
			from := start.Add(time.Duration(r.Int64N(int64(7 * 365 * 24 * time.Hour))))
			to := from.Add(time.Duration(r.Int64N(int64(200 * 24 * time.Hour))))
			var want []time.Time
			for _, v := range all {
				if !v.Before(from) && v.Before(to) {
					want = append(want, v)
				}
			}
			if diff := cmp.Diff(want, rule.Between(start, from, to)); diff != "" {
				t.Fatalf("%s from %v: %s", text, from, diff)
			}
		}
	}
}

// FuzzParse: what is accepted ends, in order and within the window.
func FuzzParse(f *testing.F) {
	f.Add("FREQ=MONTHLY;BYDAY=-1SU;COUNT=5")
	f.Add("FREQ=WEEKLY;INTERVAL=1000;BYDAY=MO")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		start := time.Date(2024, 2, 29, 23, 59, 0, 0, time.UTC)
		last := start.Add(-1)
		for _, v := range r.Between(start, start, start.AddDate(1, 0, 0)) {
			if !v.After(last) || !v.Before(start.AddDate(1, 0, 0)) {
				t.Errorf("%q: %v after %v", text, v, last)
			}
			last = v
		}
	})
}
