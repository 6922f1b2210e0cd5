package observe

import "time"

// LateFor is how long after its completion a row may land and still be sent.
const LateFor = 15 * time.Minute

// block is what one block has of rows that match.
type block struct {
	id            string // hex
	before, after uint64 // rows completed before the frontier, and since
}

// cursor says which rows were sent or counted.
type cursor struct {
	frontier time.Time
	known    map[string]bool
}

// due tells how many rows a round owes, given the blocks with rows up to a
// watermark, and which blocks came late.
func (c *cursor) due(blocks []block) (onTime, late uint64, lateBlocks []string) {
	for _, b := range blocks {
		onTime += b.after
		if b.before > 0 && !c.known[b.id] {
			late += b.before
			lateBlocks = append(lateBlocks, b.id)
		}
	}
	return onTime, late, lateBlocks
}

// advance moves the frontier. The list holds all blocks that still may matter, so
// it replaces the set.
func (c *cursor) advance(to time.Time, blocks []block) {
	c.frontier = to
	c.known = make(map[string]bool, len(blocks))
	for _, b := range blocks {
		c.known[b.id] = true
	}
}
