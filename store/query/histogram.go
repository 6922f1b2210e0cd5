package query

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// histogram counts by record.Bin.
type histogram struct {
	counts  [binCount]uint64
	from    int // bins below have no counts
	through int // nor have those from here on
}

// binCount bounds the numbers of bins: more than record.BinOf gives.
const binCount = 1024

var errHistogram = errors.New("no histogram in RowBinary")

// add adds a histogram in RowBinary (ClickHouse): the number of bins as a
// varint, the bins as Int16, their number again, the counts as UInt32. It
// returns the sum of its counts.
func (h *histogram) add(text string) (sum uint64, err error) {
	n, size := binary.Uvarint([]byte(text[:min(len(text), binary.MaxVarintLen64)]))
	if size <= 0 || n > binCount || len(text) != 2*size+6*int(n) {
		return 0, errHistogram
	}
	bins, counts := text[size:], text[2*size+2*int(n):]
	for i := range int(n) {
		bin := int(int16(uint16(bins[2*i]) | uint16(bins[2*i+1])<<8))
		if bin < 0 || bin >= binCount {
			return 0, fmt.Errorf("no bin has the number %d", bin)
		}
		count := uint64(counts[4*i]) | uint64(counts[4*i+1])<<8 | uint64(counts[4*i+2])<<16 | uint64(counts[4*i+3])<<24
		h.count(bin, count)
		sum += count
	}
	return sum, nil
}

func (h *histogram) count(bin int, n uint64) {
	if h.through == 0 {
		h.from = bin
	}
	h.from, h.through = min(h.from, bin), max(h.through, bin+1)
	h.counts[bin] += n
}

// quantile returns the bin of the value of rank ⌈total·permille/1000⌉.
func (h *histogram) quantile(total uint64, permille uint64) record.Bin {
	rank := total/1000*permille + (total%1000*permille+999)/1000
	for bin := h.from; bin < h.through; bin++ {
		if h.counts[bin] >= rank {
			return record.Bin(bin)
		}
		rank -= h.counts[bin]
	}
	return record.Bin(max(h.through-1, 0))
}

func (h *histogram) clear() {
	clear(h.counts[h.from:h.through])
	h.from, h.through = 0, 0
}
