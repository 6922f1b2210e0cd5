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

	mu      sync.Mutex // of what follows
	columns []column
	blockID *proto.ColFixedStr16
	encoder *encoder
	rows    int
	bytes   int
	queue   []*sealed  // sealed, and not in the log yet
	passed  *sync.Cond // tells that queue has become shorter, or does not for now
	stalled bool       // the log did not take a block
	closed  bool

	passing chan struct{} // holds one value while blocks of the queue go to the log, one by one
	work    sync.WaitGroup
}

// maxQueued is how many blocks of a table may be on their way into the log while
// the next is filled.
const maxQueued = 2

func newBuilder[R any](set columnSet[R], p *Pipeline, counts *counters) *builder[R] {
	b := &openBlock{
		table: set.table(), maxRows: p.cfg.BlockRows, nextID: p.nextID, emit: p.append,
		counts: counts, stall: &p.stall, log: p.log,
		columns: set.list(), blockID: set.block(), encoder: newEncoder(), passing: make(chan struct{}, 1),
	}
	b.passed = sync.NewCond(&b.mu)
	return &builder[R]{openBlock: b, set: set}
}

// add appends a record, and seals the block if that fills it. The block goes to
// the log meanwhile: a caller waits for that only when maxQueued blocks do.
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
	if b.full() {
		b.sealFull()
	}
}

func (b *openBlock) full() bool { return b.rows >= b.maxRows || b.bytes >= maxBlockBytes }

// sealFull seals the open block, unless another caller does so first. The lock
// is held.
func (b *openBlock) sealFull() {
	for b.full() && len(b.queue) >= maxQueued && !b.stalled && !b.closed {
		b.passed.Wait()
	}
	if b.full() && !b.closed && b.enqueue() == nil {
		b.work.Go(func() { _ = b.pass() }) // told by the log, and by the next seal
	}
}

// seal hands what is open to the log. When it returns nil, every row added
// before the call is in the log. Otherwise the rows are kept, and the next call
// tries again.
func (b *openBlock) seal() error {
	b.mu.Lock()
	err := b.enqueue()
	b.mu.Unlock()
	return errors.Join(err, b.pass())
}

// close makes add refuse rows. Rows that are still open go the way of seal;
// those that the log does not take are lost.
func (b *openBlock) close() {
	b.mu.Lock()
	b.closed = true
	b.passed.Broadcast()
	b.mu.Unlock()
	err := b.seal()
	b.work.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.queue) > 0 {
		b.lose(b.queue[0].rows, err)
		b.shorten()
	}
}

// enqueue makes a block of what is open. Rows that cannot be sealed, which is a
// bug, are lost. The lock is held.
func (b *openBlock) enqueue() error {
	if b.rows == 0 {
		return nil
	}
	block, err := b.encode()
	if err != nil {
		b.lose(b.rows, err)
	} else {
		b.queue = append(b.queue, block)
	}
	for _, c := range b.columns {
		c.Reset()
	}
	b.rows, b.bytes = 0, 0
	return err
}

func (b *openBlock) encode() (*sealed, error) {
	seq, id := b.nextID()
	fillID(b.blockID, id, b.rows)
	body, err := b.encoder.encode(b.table, b.columns, b.rows)
	if err != nil {
		return nil, err
	}
	return &sealed{table: b.table.Name, seq: seq, rows: b.rows, body: body, token: wal.Token(id, body)}, nil
}

// pass hands the sealed blocks to the log, in their order. It ends early when
// the log does not take one.
func (b *openBlock) pass() error {
	b.passing <- struct{}{}
	defer func() { <-b.passing }()
	for {
		block := b.next()
		if block == nil {
			return nil
		}
		if err := b.settle(block, b.emitInOrder(block)); err != nil {
			return err
		}
	}
}

// next returns the block that is to go to the log, nil if there is none.
func (b *openBlock) next() *sealed {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) == 0 {
		return nil
	}
	return b.queue[0]
}

func (b *openBlock) emitInOrder(block *sealed) error {
	if b.before != nil {
		if err := b.before(); err != nil {
			return err
		}
	}
	return b.emit(block)
}

// settle notes what became of the first block of the queue. A block that a
// failing log did not take is given to it again: under its token it is stored
// once, however often it was written.
func (b *openBlock) settle(block *sealed, err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err == nil:
		b.counts.blocks.Add(1)
		b.counts.bytes.Add(uint64(len(block.body)))
		b.shorten()
	case errors.Is(err, errClosed):
		b.lose(block.rows, err)
		b.shorten()
	case !b.stalled:
		b.stalled = true
		b.stall.begin()
		b.passed.Broadcast()
		b.log.Error("the log does not take a block, rows wait", "table", b.table.Name, "rows", block.rows, "error", err)
	}
	return err
}

// shorten takes the first block from the queue. The lock is held.
func (b *openBlock) shorten() {
	b.queue[0], b.queue = nil, b.queue[1:]
	b.passed.Broadcast()
	if b.stalled {
		b.stalled = false
		b.stall.end()
		b.log.Info("the log takes blocks again", "table", b.table.Name)
	}
}

// lose counts rows that will not be stored.
func (b *openBlock) lose(rows int, err error) {
	b.counts.lostRows.Add(uint64(rows))
	if !errors.Is(err, errClosed) {
		b.log.Error("rows are lost", "table", b.table.Name, "rows", rows, "error", err)
	}
}
