package record

import (
	"testing"
	"time"
)

func TestClampTime(t *testing.T) {
	received := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct{ offset, want, skew time.Duration }{
		"now":               {0, 0, 0},
		"oldest allowed":    {-MaxAge, -MaxAge, 0},
		"too old":           {-MaxAge - time.Microsecond, -MaxAge, -time.Microsecond},
		"latest allowed":    {MaxAhead, MaxAhead, 0},
		"too far ahead":     {MaxAhead + time.Second, MaxAhead, time.Second},
		"a wrong century":   {-876_000 * time.Hour, -MaxAge, -876_000*time.Hour + MaxAge},
		"a second ago":      {-time.Second, -time.Second, 0},
		"far in time ahead": {876_000 * time.Hour, MaxAhead, 876_000*time.Hour - MaxAhead},
	} {
		t.Run(name, func(t *testing.T) {
			end := received.Add(tc.offset)
			got, skew := ClampTime(end, received)
			if !got.Equal(received.Add(tc.want)) || skew != tc.skew {
				t.Errorf("clamped to %s with skew %s, want %s and %s", got.Sub(received), skew, tc.want, tc.skew)
			}
			if !got.Add(skew).Equal(end) {
				t.Errorf("clamped time and skew do not add up to the observed time")
			}
		})
	}
}
