package record

import (
	"math"
	"math/rand/v2"
	"testing"
)

// thresholds returns every duration in microseconds with at most two
// significant digits that fits a uint32.
func thresholds() []uint32 {
	var out []uint32
	for unit := uint64(1); unit <= math.MaxUint32; unit *= 10 {
		for n := uint64(1); n <= 99 && n*unit <= math.MaxUint32; n++ {
			out = append(out, uint32(n*unit))
		}
	}
	return out
}

func checkBin(t *testing.T, us uint32) {
	t.Helper()
	lo, hi := BinOf(us).Bounds()
	if int64(us) <= lo || int64(us) > hi {
		t.Fatalf("BinOf(%d) = %d has bounds (%d, %d]", us, BinOf(us), lo, hi)
	}
}

func TestBinHoldsItsDurations(t *testing.T) {
	for us := range uint32(200_000) {
		checkBin(t, us)
	}
	for _, us := range thresholds() {
		checkBin(t, us-1)
		checkBin(t, us)
		checkBin(t, us+1)
	}
	checkBin(t, math.MaxUint32)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		checkBin(t, rng.Uint32()>>rng.UintN(32))
	}
}

// TestBinsTile walks all bins: each starts where the one before ended, so they
// are monotone and leave nothing out.
func TestBinsTile(t *testing.T) {
	last := BinOf(math.MaxUint32)
	end := int64(-1)
	for b := Bin(0); b <= last; b++ {
		lo, hi := b.Bounds()
		if lo != end || hi <= lo {
			t.Fatalf("bin %d has bounds (%d, %d], the one before ends at %d", b, lo, hi, end)
		}
		if hi <= math.MaxUint32 && BinOf(uint32(hi)) != b {
			t.Fatalf("BinOf(%d) = %d, the upper edge of bin %d", hi, BinOf(uint32(hi)), b)
		}
		end = hi
	}
	if end < math.MaxUint32 {
		t.Errorf("the last bin ends at %d", end)
	}
}

func TestThresholdsAreEdges(t *testing.T) {
	for _, us := range thresholds() {
		if _, hi := BinOf(us).Bounds(); hi != int64(us) {
			t.Errorf("%d µs lies inside a bin that ends at %d", us, hi)
		}
	}
}

// TestShareAtThresholdIsExact is what the bins are for: the number of requests
// at or below a threshold of two digits, from the histogram alone.
func TestShareAtThresholdIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	durations := make([]uint32, 2000)
	hist := map[Bin]int{}
	for i := range durations {
		durations[i] = rng.Uint32() >> rng.UintN(32)
		if i%10 == 0 { // an edge, or next to one
			durations[i] = thresholds()[rng.IntN(800)] + rng.Uint32N(3) - 1
		}
		hist[BinOf(durations[i])]++
	}
	for _, threshold := range thresholds() {
		exact, binned := 0, 0
		for _, us := range durations {
			if us <= threshold {
				exact++
			}
		}
		for bin, n := range hist {
			if bin <= BinOf(threshold) {
				binned += n
			}
		}
		if exact != binned {
			t.Errorf("%d requests take at most %d µs, the bins say %d", exact, threshold, binned)
		}
	}
}

// TestBinWidth bounds the error of an estimate by the bin's width.
func TestBinWidth(t *testing.T) {
	for b := Bin(exactBins + 1); b <= BinOf(math.MaxUint32); b++ {
		if lo, hi := b.Bounds(); 10*(hi-lo) > lo {
			t.Errorf("bin %d (%d, %d] is wider than 10 %%", b, lo, hi)
		}
	}
}

func FuzzBinOf(f *testing.F) {
	for _, us := range []uint32{0, 1, 100, 101, 110, 111, 1000, 1001, math.MaxUint32} {
		f.Add(us, us/2)
	}
	f.Fuzz(func(t *testing.T, a, b uint32) {
		checkBin(t, a)
		if a < b && BinOf(a) > BinOf(b) || a > b && BinOf(a) < BinOf(b) {
			t.Errorf("BinOf(%d) = %d and BinOf(%d) = %d are out of order", a, BinOf(a), b, BinOf(b))
		}
	})
}
