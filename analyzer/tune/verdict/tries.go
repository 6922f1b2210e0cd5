package verdict

import (
	"math"
	"slices"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/survival"
)

// A cut try is logged with the time its timer fired and not with the limit
// itself: up to this much (or a twentieth) off counts as the limit.
const cutTolerance = 2 * time.Millisecond

// latency is what the tries of a window say about the server's time to first
// byte, waiting in its queue included.
type latency struct {
	curve *survival.Curve
	tries int // observations behind the curve
	cut   int // of them, cut by a time limit
	// limit is the limit at which nearly all cut tries were cut; zero: none
	// were, or not at one limit.
	limit time.Duration
}

// cutShare returns the share of tries that a time limit cut.
func (l latency) cutShare() float64 { return ratio(l.cut, l.tries) }

// latencyOf builds the curve of a window. perTry is the per-try timeout in
// force, zero if off or not known.
func latencyOf(tries []Try, perTry time.Duration) latency {
	limit := cutLimit(tries, perTry)
	l := latency{limit: limit}
	var obs []survival.Observation
	for _, t := range tries {
		o, ok := observe(t, limit)
		if !ok {
			continue
		}
		if classify(t) == kindCut {
			l.cut++
		}
		obs = append(obs, o)
	}
	l.tries, l.curve = len(obs), survival.Estimate(obs)
	return l
}

// observe turns a try into an observation, if it is one. A cut within the
// tolerance of the limit, or beyond it because the proxy was late, is a cut at
// the limit. An answer that came between the limit and its timer is one too:
// only luck let it through, and such a handful would stand for all that was
// cut.
func observe(t Try, limit time.Duration) (survival.Observation, bool) {
	switch classify(t) {
	case kindAnswered:
		took := t.Duration
		if t.FirstByte > 0 {
			took = t.FirstByte
		}
		if over := micros(took) - limit; limit > 0 && over > 0 && over <= tolerance(limit) {
			return survival.Observation{Micros: asMicros(limit)}, true
		}
		return survival.Observation{Micros: took, Event: true}, true
	case kindCut:
		if limit > 0 && micros(t.Duration) >= limit-tolerance(limit) {
			return survival.Observation{Micros: asMicros(limit)}, true
		}
		return survival.Observation{Micros: t.Duration}, true
	case kindLost:
		return survival.Observation{Micros: t.Duration}, true
	}
	return survival.Observation{}, false
}

// cutLimit finds the limit at which tries were cut: where nine of ten of them
// lie together. It is perTry when they lie there, and otherwise a limit that
// was in force when the rows were made, to the millisecond; timers fire late
// rather than early, so the lower quartile is closest to it.
func cutLimit(tries []Try, perTry time.Duration) time.Duration {
	var cuts []uint32
	for _, t := range tries {
		if classify(t) == kindCut {
			cuts = append(cuts, t.Duration)
		}
	}
	if len(cuts) == 0 {
		return 0
	}
	slices.Sort(cuts)
	median := micros(cuts[len(cuts)/2])
	if perTry > 0 && (median-perTry).Abs() <= tolerance(perTry) {
		return perTry
	}
	near := 0
	for _, c := range cuts {
		if (micros(c) - median).Abs() <= tolerance(median) {
			near++
		}
	}
	if 10*near < 9*len(cuts) {
		return 0
	}
	return max(micros(cuts[len(cuts)/4]).Round(time.Millisecond), time.Microsecond)
}

func tolerance(limit time.Duration) time.Duration { return max(cutTolerance, limit/20) }

func asMicros(d time.Duration) uint32 { return uint32(min(d.Microseconds(), math.MaxUint32)) }

func micros(us uint32) time.Duration { return time.Duration(us) * time.Microsecond }
