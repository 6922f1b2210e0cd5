package main

import (
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"
)

// FuzzWhen: what the flag accepts is a moment that the API accepts, not after
// now if it is a duration, and shows again what was typed.
func FuzzWhen(f *testing.F) {
	for _, text := range []string{"10m", "0s", "-5m", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00.5+01:00", "", "9999999h", "0001-01-01T00:00:00Z"} {
		f.Add(text)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		w := when{now: func() time.Time { return now }}
		if w.Set(text) != nil {
			if p := w.proto(); p != nil {
				t.Fatalf("%q is refused, and still is %v", text, p.AsTime())
			}
			return
		}
		if w.String() != text {
			t.Fatalf("%q shows as %q", text, w.String())
		}
		if p := w.proto(); p != nil && !p.IsValid() {
			t.Fatalf("%q is %v, which no message can hold", text, p)
		}
		if _, err := time.ParseDuration(text); err == nil && w.time.After(now) {
			t.Fatalf("%q lies after now", text)
		}
	})
}

// FuzzSpan: what the flag accepts is a window that is not empty.
func FuzzSpan(f *testing.F) {
	for _, text := range []string{"10m/5m", "5m/10m", "1h/2026-03-01T11:59:00Z", "/", "a/b/c", "0s/0s"} {
		f.Add(text)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		s := newSpan(func() time.Time { return now })
		if s.Set(text) != nil {
			return
		}
		if w := s.proto(); w.GetFrom() == nil || w.GetTo() == nil || !w.From.AsTime().Before(w.To.AsTime()) {
			t.Fatalf("%q is the window %v", text, w)
		}
	})
}

// FuzzTable: whatever cells hold, a table has one line for each row, no control
// characters, and every column starts at the same place in all lines.
func FuzzTable(f *testing.F) {
	f.Add("web", "12", "é→", "")
	f.Add("a\nb", "\x1b[31m", "\t", "日本")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		table := table{columns: []column{textColumn("A"), numberColumn("B")}}
		table.add(clean(a), clean(b))
		table.add(clean(c), clean(d))
		var out strings.Builder
		if err := table.write(&out, false); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != 3 {
			t.Fatalf("%d lines for a header and two rows:\n%q", len(lines), out.String())
		}
		first := max(1, utf8.RuneCountInString(clean(a)), utf8.RuneCountInString(clean(c)))
		for _, line := range lines {
			if strings.ContainsFunc(line, unicode.IsControl) {
				t.Fatalf("a control character in %q", line)
			}
			if runes := []rune(line); len(runes) > first+len(gap) && string(runes[first:first+len(gap)]) != gap {
				t.Fatalf("the second column does not start at %d in %q", first+len(gap), line)
			}
		}
	})
}

// FuzzDurationCell: what is written is the duration, whatever zeros are left out.
func FuzzDurationCell(f *testing.F) {
	for _, d := range []time.Duration{0, time.Second, time.Minute, time.Hour, 28 * 24 * time.Hour, time.Hour + time.Second, 10*time.Hour + 20*time.Minute, 1500 * time.Microsecond} {
		f.Add(int64(d))
	}
	f.Fuzz(func(t *testing.T, n int64) {
		text := durationCell(durationpb.New(time.Duration(n)))
		var got time.Duration
		var err error
		if days, ok := strings.CutSuffix(text, "d"); ok {
			var n int
			n, err = strconv.Atoi(days)
			got = time.Duration(n) * 24 * time.Hour
		} else {
			got, err = time.ParseDuration(text)
		}
		if err != nil || got != time.Duration(n) {
			t.Fatalf("%s is written as %q, which is %s (%v)", time.Duration(n), text, got, err)
		}
	})
}
