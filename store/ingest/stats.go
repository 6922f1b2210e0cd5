package ingest

import (
	"strings"
	"sync/atomic"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// Stats is what a pipeline did since it was made.
type Stats struct {
	Tables map[string]TableStats // by the name of the table that keeps the rows, such as "requests"

	PendingBlocks int    // sealed, not stored yet
	PendingRows   int    // in those blocks
	PendingBytes  int64  // of those blocks
	Waiting       int64  // callers that wait for room
	Clamped       uint64 // rows whose time was moved, see record's Skew

	WAL wal.Stats // of the write-ahead log; zero without one
}

// TableStats counts the rows and blocks of one table.
type TableStats struct {
	Rows, Blocks                       uint64 // handed over; sealed and in the log
	Bytes                              uint64 // of the sealed blocks, compressed
	StoredRows, StoredBlocks           uint64 // also those that an earlier process or another collector sealed
	Retries                            uint64 // failed tries that were repeated
	QuarantinedRows, QuarantinedBlocks uint64
	LostRows                           uint64 // handed over after shutdown, or never stored by it
	RelayedRows, RelayedBlocks         uint64 // sealed by another collector, see Pipeline.Block; not in Rows and Blocks
}

// keeps returns the name of the table that keeps the rows of an insert's table.
func keeps(table string) string { return strings.TrimSuffix(table, "_in") }

// counters is the living form of TableStats.
type counters struct {
	rows, blocks, bytes, storedRows, storedBlocks, retries atomic.Uint64
	quarantinedRows, quarantinedBlocks, lostRows           atomic.Uint64
	relayedRows, relayedBlocks                             atomic.Uint64
}

func (c *counters) quarantined(b *sealed) {
	c.quarantinedRows.Add(uint64(b.rows))
	c.quarantinedBlocks.Add(1)
}

func (c *counters) relayed(b *sealed) {
	c.relayedRows.Add(uint64(b.rows))
	c.relayedBlocks.Add(1)
}

// missing counts the rows that are in no table and will not be.
func (c *counters) missing() uint64 { return c.quarantinedRows.Load() + c.lostRows.Load() }

func (c *counters) stats() TableStats {
	return TableStats{
		Rows: c.rows.Load(), Blocks: c.blocks.Load(), Bytes: c.bytes.Load(),
		StoredRows: c.storedRows.Load(), StoredBlocks: c.storedBlocks.Load(),
		Retries:         c.retries.Load(),
		QuarantinedRows: c.quarantinedRows.Load(), QuarantinedBlocks: c.quarantinedBlocks.Load(),
		LostRows: c.lostRows.Load(), RelayedRows: c.relayedRows.Load(), RelayedBlocks: c.relayedBlocks.Load(),
	}
}
