package window

import (
	"testing"
	"time"
)

func TestParseLength(t *testing.T) {
	for in, want := range map[string]Length{
		"1m": {1, 'm'}, "90m": {90, 'm'}, "1h": {1, 'h'}, "28d": {28, 'd'}, "4w": {4, 'w'}, "1M": {1, 'M'}, "2Q": {2, 'Q'}, "1Y": {1, 'Y'},
	} {
		got, err := ParseLength(in)
		if got != want || err != nil {
			t.Errorf("ParseLength(%q) = %v, %v, want %v", in, got, err, want)
		}
		if got.String() != in {
			t.Errorf("%q prints as %q", in, got)
		}
	}
	for _, in := range []string{"", "d", "0d", "-1d", "+1d", "1.5h", "10s", "99999d", "1 month", "m1", "1W"} {
		want := `"` + in + `" is not a duration such as 1h, 7d or 4w`
		if _, err := ParseLength(in); err == nil || err.Error() != want {
			t.Errorf("ParseLength(%q) error = %v, want %s", in, err, want)
		}
	}
}

func TestFixedAndTypical(t *testing.T) {
	for _, tc := range []struct {
		in      string
		typical time.Duration
		fixed   bool
	}{
		{"5m", 5 * m, true},
		{"36h", 36 * h, true},
		{"7d", 168 * h, true},
		{"4w", 28 * Day, true},
		{"1M", 30 * Day, false},
		{"1Q", 90 * Day, false},
		{"2Y", 730 * Day, false},
	} {
		l, err := ParseLength(tc.in)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := l.Fixed(); ok != tc.fixed || ok && got != tc.typical {
			t.Errorf("%s is fixed at %v, %v", tc.in, got, ok)
		}
		if got := l.Typical(); got != tc.typical {
			t.Errorf("%s is typically %v, want %v", tc.in, got, tc.typical)
		}
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		10 * s: "10s", 90 * s: "1m30s", m: "1m", 90 * m: "90m", h: "1h", Day: "1d", 36 * h: "36h", 28 * Day: "28d", 0: "0s",
	} {
		if got := Short(d); got != want {
			t.Errorf("Short(%v) = %s, want %s", d, got, want)
		}
	}
}

// FuzzParseLength: what is accepted prints as it was read.
func FuzzParseLength(f *testing.F) {
	f.Add("28d")
	f.Add("007d")
	f.Add("65535Y")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLength(text)
		if err != nil {
			return
		}
		back, err := ParseLength(l.String())
		if err != nil || back != l {
			t.Errorf("%q reads as %v, which reads as %v, %v", text, l, back, err)
		}
		if l.Typical() <= 0 {
			t.Errorf("%q lasts %v", text, l.Typical())
		}
	})
}
