package query

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// rowBinary writes a histogram as ClickHouse does.
func rowBinary(bins []int16, counts []uint64) string {
	b := binary.AppendUvarint(nil, uint64(len(bins)))
	for _, bin := range bins {
		b = binary.LittleEndian.AppendUint16(b, uint16(bin))
	}
	b = binary.AppendUvarint(b, uint64(len(counts)))
	for _, n := range counts {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return string(b)
}

func TestBinCount(t *testing.T) {
	if last := record.BinOf(math.MaxUint32); int(last) >= binCount {
		t.Errorf("the bin of the longest duration is %d, histograms have %d", last, binCount)
	}
}

// TestHistogram compares with sorted values, over several rows for one and over
// several uses of one histogram.
func TestHistogram(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var h histogram
	for round := range 200 {
		var all []uint32
		var total uint64
		for range 1 + rng.IntN(4) {
			byBin := map[int16]uint64{}
			n := rng.IntN(300)
			for range n {
				us := rng.Uint32() >> rng.UintN(32)
				all = append(all, us)
				byBin[int16(record.BinOf(us))]++
			}
			var bins []int16
			var counts []uint64
			for bin, count := range byBin { // in any order
				bins, counts = append(bins, bin), append(counts, count)
			}
			sum, err := h.add(rowBinary(bins, counts))
			if err != nil || sum != uint64(n) {
				t.Fatalf("round %d: added %d of %d, %v", round, sum, n, err)
			}
			total += sum
		}
		slices.Sort(all)
		for _, permille := range []uint64{1, 500, 900, 990, 999, 1000} {
			if total == 0 {
				break
			}
			want := record.BinOf(all[(total*permille+999)/1000-1])
			if got := h.quantile(total, permille); got != want {
				t.Fatalf("round %d: the quantile %d ‰ of %d is in bin %d, want %d", round, permille, total, got, want)
			}
		}
		h.clear()
	}
}

func TestHistogramOfManyRequests(t *testing.T) {
	h := histogram{counts: [binCount]uint64{1: math.MaxUint64 / 2, 2: math.MaxUint64 / 2}, through: 3}
	if low, high := h.quantile(math.MaxUint64-1, 500), h.quantile(math.MaxUint64-1, 990); low != 1 || high != 2 {
		t.Errorf("quantiles are in bins %d and %d, want 1 and 2", low, high)
	}
}

// TestCountsBeyond32Bits are noticed: what was cut off is missing in the sum.
func TestCountsBeyond32Bits(t *testing.T) {
	var n names
	row := minuteRow{src: n.of("a"), dst: n.of("b"), vantage: n.of("client"), requests: 1<<32 + 7, hist: rowBinary([]int16{5}, []uint64{7})}
	if _, err := n.sum([]minuteRow{row}); err == nil || !strings.Contains(err.Error(), "its bins hold 7 requests of 4294967303: a count is beyond 32 bits") {
		t.Errorf("error = %v", err)
	}
}

func TestHistogramRefuses(t *testing.T) {
	good := rowBinary([]int16{5, 7}, []uint64{1, 2})
	for name, text := range map[string]string{
		"nothing":         "",
		"cut":             good[:len(good)-1],
		"too long":        good + "x",
		"a negative bin":  rowBinary([]int16{-1}, []uint64{1}),
		"a bin too high":  rowBinary([]int16{binCount}, []uint64{1}),
		"more than exist": "\xff\xff\x03",
		"no varint":       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		t.Run(name, func(t *testing.T) {
			var h histogram
			if _, err := h.add(text); err == nil {
				t.Error("it is added")
			}
		})
	}
	var h histogram
	if sum, err := h.add(rowBinary(nil, nil)); err != nil || sum != 0 {
		t.Errorf("an empty one: %d, %v", sum, err)
	}
}
