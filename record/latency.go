package record

// Bin is a latency bin: decimal, log-linear, two significant digits, left-open
// (lo, hi] over whole microseconds. Every threshold with at most two
// significant digits (25 ms, 300 ms, 1 s, …) is an upper edge, so the share of
// requests at or below it is exact. Bins 0 to 100 hold one microsecond each;
// above, each decade has 90 bins, 10 % to 1 % wide.
//
// The edges follow Circllhist (libcircllhist, arXiv:2001.06561) with the open
// side moved to the left, where Prometheus' "le" has it.
type Bin int16

const (
	exactBins  = 100 // bins 1..100 are single microseconds
	perDecade  = 90
	firstUpper = 11 // upper edges of a decade: 11..100 times its unit
)

// BinOf returns the bin that holds a duration of us microseconds.
func BinOf(us uint32) Bin {
	if us <= exactBins {
		return Bin(us)
	}
	unit, decade := uint64(10), 0
	for uint64(us) > 100*unit {
		unit *= 10
		decade++
	}
	upper := (uint64(us) + unit - 1) / unit // 11..100
	return Bin(exactBins + decade*perDecade + int(upper) - firstUpper + 1)
}

// Bounds returns the edges of the bin in microseconds: it holds lo < us ≤ hi.
// Bin 0 holds zero alone and has lo = -1.
func (b Bin) Bounds() (lo, hi int64) {
	if b <= exactBins {
		return int64(b) - 1, int64(b)
	}
	n := int(b) - exactBins - 1
	unit := int64(10)
	for range n / perDecade {
		unit *= 10
	}
	upper := int64(n%perDecade + firstUpper)
	return (upper - 1) * unit, upper * unit
}
