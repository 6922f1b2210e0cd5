package ingest

import (
	"errors"
	"log/slog"
	"sync"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
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

// builder appends the records of one table to its open block.
type builder[R any] struct {
	*openBlock
	set columnSet[R]
}

// openBlock is the block of one table that is being filled.
type openBlock struct {
	table   schema.Table
	maxRows int
	nextID  func() (seq uint64, id [16]byte)
	emit    func(*sealed) error
	before  func() error // seals what must be in the log earlier; nil: nothing must
	counts  *counters
	stall   *stall
	log     *slog.Logger

	mu      sync.Mutex
	columns []column
	blockID *proto.ColFixedStr16
	encoder *encoder
	rows    int
	bytes   int
	kept    *sealed // sealed, and not in the log yet
	stalled bool    // the log did not take it
	closed  bool
}

func newBuilder[R any](set columnSet[R], p *Pipeline, counts *counters) *builder[R] {
	return &builder[R]{set: set, openBlock: &openBlock{
		table: set.table(), maxRows: p.cfg.BlockRows, nextID: p.nextID, emit: p.append,
		counts: counts, stall: &p.stall, log: p.log,
		columns: set.list(), blockID: set.block(), encoder: newEncoder(),
	}}
}

// add appends a record, and seals the block if that fills it.
func (b *builder[R]) add(r *R) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts.rows.Add(1)
	if b.closed {
		b.counts.lostRows.Add(1)
		return
	}
	b.bytes += b.set.append(r)
	b.rows++
	if b.rows >= b.maxRows || b.bytes >= maxBlockBytes {
		_ = b.sealLocked() // told by the log, and by the next seal
	}
}

// seal hands what is open to the log. When it returns nil, every row added
// before the call is in the log. Otherwise the rows are kept, and the next call
// tries again.
func (b *openBlock) seal() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sealLocked()
}

// close makes add refuse rows. Rows that are still open go the way of seal;
// those that the log does not take are lost.
func (b *openBlock) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if err := b.sealLocked(); b.kept != nil {
		b.lose(b.kept.rows, err)
		b.release()
	}
}

func (b *openBlock) sealLocked() error {
	if err := b.emitKept(); err != nil {
		return err
	}
	if b.rows == 0 {
		return nil
	}
	block, err := b.encode()
	if err != nil {
		b.lose(b.rows, err)
	}
	for _, c := range b.columns {
		c.Reset()
	}
	b.rows, b.bytes, b.kept = 0, 0, block
	return errors.Join(err, b.emitKept())
}

// encode makes the block of what is open.
func (b *openBlock) encode() (*sealed, error) {
	seq, id := b.nextID()
	fillID(b.blockID, id, b.rows)
	body, err := b.encoder.encode(b.table, b.columns, b.rows)
	if err != nil {
		return nil, err
	}
	return &sealed{table: b.table.Name, seq: seq, rows: b.rows, body: body, token: wal.Token(id, body)}, nil
}

// emitKept hands the sealed block to the log. A log that fails is given it
// again: under its token a block is stored once, however often it was written.
func (b *openBlock) emitKept() error {
	if b.kept == nil {
		return nil
	}
	err := b.emitInOrder()
	switch {
	case err == nil:
		b.counts.blocks.Add(1)
		b.counts.bytes.Add(uint64(len(b.kept.body)))
		b.release()
	case errors.Is(err, errClosed):
		b.lose(b.kept.rows, err)
		b.release()
	case !b.stalled:
		b.stalled = true
		b.stall.begin()
		b.log.Error("the log does not take a block, rows wait", "table", b.table.Name, "rows", b.kept.rows, "error", err)
	}
	return err
}

func (b *openBlock) emitInOrder() error {
	if b.before != nil {
		if err := b.before(); err != nil {
			return err
		}
	}
	return b.emit(b.kept)
}

// release forgets the sealed block.
func (b *openBlock) release() {
	b.kept = nil
	if b.stalled {
		b.stalled = false
		b.stall.end()
		b.log.Info("the log has taken the block", "table", b.table.Name)
	}
}

// lose counts rows that will not be stored.
func (b *openBlock) lose(rows int, err error) {
	b.counts.lostRows.Add(uint64(rows))
	if !errors.Is(err, errClosed) {
		b.log.Error("rows are lost", "table", b.table.Name, "rows", rows, "error", err)
	}
}
