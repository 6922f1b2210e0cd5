package query

import (
	"fmt"
	"time"
)

// edge is how far around the bounds of a window samples are read one by one;
// in between, ten minutes are read as one. It is longer than any interval of
// scrapes.
const edge = 2 * time.Minute

// memory is how long before a window its first sample is looked for.
const memory = time.Hour

// thin returns the SQL that groups samples: by themselves near the bounds of
// the window, where their exact moments count, else by ten minutes.
func thin(from, to time.Time) string {
	return fmt.Sprintf(`if(abs(toUnixTimestamp(ts) - %d) <= %d OR abs(toUnixTimestamp(ts) - %d) <= %d,
		toUnixTimestamp64Micro(toDateTime64(ts, 6)), toInt64(toUnixTimestamp(toStartOfInterval(ts, INTERVAL 10 MINUTE))))`,
		from.Unix(), edge/time.Second, to.Unix(), edge/time.Second)
}

// sample is what was read of a counter at a moment, or in the minutes that end
// there. At one moment top and last are equal; over minutes a counter that
// began anew has a top above its last.
type sample struct {
	at        time.Time
	growth    float64 // as the reader of the counter saw it
	top, last float64
}

// counter holds samples in the order of time.
type counter []sample

// growth returns by how much the counter grew in (from, to]. A total below the
// one before began anew at zero. What the counter stood at before its first
// sample is not known: there the reader's own growth counts.
func (c counter) growth(from, to time.Time) (sum float64) {
	for i, s := range c {
		if !s.at.After(from) || s.at.After(to) {
			continue
		}
		if i == 0 {
			sum += s.growth
			continue
		}
		sum += grown(c[i-1].last, s)
	}
	return sum
}

// resets counts how often the counter began anew in (from, to].
func (c counter) resets(from, to time.Time) (n int) {
	for i, s := range c {
		if i > 0 && s.at.After(from) && !s.at.After(to) && (s.top > s.last || s.last < c[i-1].last) {
			n++
		}
	}
	return n
}

func grown(before float64, s sample) float64 {
	switch {
	case s.top > s.last && s.top >= before:
		return s.top - before + s.last
	case s.last >= before:
		return s.last - before
	}
	return s.last
}

// at returns the value of a gauge: that of its last sample until then, 0
// before the first.
func (c counter) at(t time.Time) (value float64) {
	for _, s := range c {
		if s.at.After(t) {
			break
		}
		value = s.last
	}
	return value
}

// between returns the last moment at or before from, or else the first after,
// and the last at or before to. ok is false where these are not two moments.
func (c counter) between(from, to time.Time) (a, b time.Time, ok bool) {
	for _, s := range c {
		if s.at.After(to) {
			break
		}
		if a.IsZero() || !s.at.After(from) {
			a = s.at
		}
		b = s.at
	}
	return a, b, b.After(a)
}
