package graph

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	at := func(s string) time.Time {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		return day.Add(d)
	}
	seg := func(g Grain, from, to string) Segment { return Segment{g, at(from), at(to)} }
	for _, c := range []struct {
		name, from, to string
		want           []Segment
	}{
		{"empty", "1m", "1m", nil},
		{"backwards", "2m", "1m", nil},
		{"minutes", "1m", "3m", []Segment{seg(Minute, "1m", "3m")}},
		{"ten seconds", "10s", "50s", []Segment{seg(TenSeconds, "10s", "50s")}},
		{"ten seconds over a minute", "50s", "70s", []Segment{seg(TenSeconds, "50s", "70s")}},
		{"within a bucket", "3s", "9s", []Segment{seg(Raw, "3s", "9s")}},
		{"over a bound without a whole bucket", "8s", "19s", []Segment{seg(Raw, "8s", "19s")}},
		{"one whole bucket", "8s", "21s", []Segment{seg(Raw, "8s", "10s"), seg(TenSeconds, "10s", "20s"), seg(Raw, "20s", "21s")}},
		{"all grains", "49.5s", "2m10.5s", []Segment{
			seg(Raw, "49.5s", "50s"), seg(TenSeconds, "50s", "60s"), seg(Minute, "1m", "2m"),
			seg(TenSeconds, "2m", "2m10s"), seg(Raw, "2m10s", "2m10.5s"),
		}},
		{"hours", "1h", "3h", []Segment{seg(Hour, "1h", "3h")}},
		{"hours and what is left", "59m", "2h0m10s", []Segment{
			seg(Minute, "59m", "1h"), seg(Hour, "1h", "2h"), seg(TenSeconds, "2h", "2h10s"),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Split(at(c.from), at(c.to))); diff != "" {
				t.Errorf("segments (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSplitCovers checks on random windows that the segments follow each other
// without gap or overlap, lie on their grid, and leave less than 20 s to raw
// rows.
func TestSplitCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for range 5000 {
		from := day.Add(time.Duration(rng.Int64N(int64(time.Hour)))).Truncate(time.Microsecond)
		to := from.Add(time.Duration(rng.Int64N(int64(time.Hour >> rng.IntN(16))))).Truncate(time.Microsecond)
		next, raw := from, time.Duration(0)
		for _, s := range Split(from, to) {
			if !s.From.Equal(next) || !s.From.Before(s.To) {
				t.Fatalf("[%s, %s): segment %v does not start at %s", from, to, s, next)
			}
			next = s.To
			if s.Grain == Raw {
				raw += s.To.Sub(s.From)
			} else if g := time.Duration(s.Grain); s.From.Truncate(g) != s.From || s.To.Truncate(g) != s.To {
				t.Fatalf("[%s, %s): segment %v is off its grid", from, to, s)
			}
		}
		if !next.Equal(to) {
			t.Fatalf("[%s, %s): segments end at %s", from, to, next)
		}
		if raw >= 20*time.Second {
			t.Fatalf("[%s, %s): %s of raw rows", from, to, raw)
		}
	}
}
