package ingest

import (
	"sync"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// maxBlockBytes seals a block that grows large before it has its rows. It also
// keeps an insert far below the million rows above which the store would cut
// it into several, each on its own.
const maxBlockBytes = 16 << 20

// columnSet holds the columns of one table and knows how to append a record.
type columnSet[R any] interface {
	table() schema.Table
	list() []column              // in the order of table().Columns
	block() *proto.ColFixedStr16 // the column block_id, filled when the block is sealed
	append(r *R) (bytes int)
}

// builder is the open block of one table.
type builder[R any] struct {
	table   schema.Table
	maxRows int
	nextID  func() (seq uint64, id [16]byte)
	emit    func(*sealed) error
	counts  *counters

	mu      sync.Mutex
	set     columnSet[R]
	columns []column
	encoder *encoder
	rows    int
	bytes   int
	closed  bool
}

func newBuilder[R any](set columnSet[R], p *Pipeline, counts *counters) *builder[R] {
	return &builder[R]{
		table: set.table(), maxRows: p.cfg.BlockRows, nextID: p.nextID, emit: p.blocks.Append, counts: counts,
		set: set, columns: set.list(), encoder: newEncoder(),
	}
}

// add appends a record, and seals the block if that fills it.
func (b *builder[R]) add(r *R) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts.rows.Add(1)
	if b.closed {
		b.counts.lostRows.Add(1)
		return errClosed
	}
	b.bytes += b.set.append(r)
	b.rows++
	if b.rows < b.maxRows && b.bytes < maxBlockBytes {
		return nil
	}
	return b.sealLocked()
}

// seal hands what is open to the log. When it returns, every row added before
// the call is in the log.
func (b *builder[R]) seal() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sealLocked()
}

// close makes add refuse rows. Rows that are still open go the way of seal.
func (b *builder[R]) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return b.sealLocked()
}

func (b *builder[R]) sealLocked() error {
	if b.rows == 0 {
		return nil
	}
	rows := b.rows
	err := b.emitLocked()
	if err != nil {
		b.counts.lostRows.Add(uint64(rows))
	}
	for _, c := range b.columns {
		c.Reset()
	}
	b.rows, b.bytes = 0, 0
	return err
}

func (b *builder[R]) emitLocked() error {
	seq, id := b.nextID()
	fillID(b.set.block(), id, b.rows)
	body, err := b.encoder.encode(b.table, b.columns, b.rows)
	if err != nil {
		return err
	}
	b.counts.blocks.Add(1)
	return b.emit(&sealed{table: b.table.Name, seq: seq, rows: b.rows, body: body, token: token(id, body)})
}
