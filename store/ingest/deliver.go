package ingest

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// openLog opens the log on disk if a directory is configured, and one in memory
// otherwise.
func (p *Pipeline) openLog() (blockLog, error) {
	if p.cfg.WAL.Directory == "" {
		p.log.Warn("no directory for the write-ahead log: a crash costs all rows that are not stored yet")
		return newMemoryLog(p.cfg.MaxPending), nil
	}
	l, err := openDiskLog(p.cfg.WAL, p.id, p.cfg.BlockAge, p.log)
	if err != nil {
		return nil, err
	}
	l.reshard(p.store.width())
	return l, nil
}

// append gives a sealed block its shard and puts it into the log.
func (p *Pipeline) append(b *sealed) error {
	if b.created.IsZero() {
		b.created = time.Now().UTC().Truncate(time.Microsecond)
		b.schema = schema.Version
		b.shard = shardOf(b.token, p.store.width())
	}
	if err := p.blocks.Append(b); err != nil {
		return err
	}
	p.cfg.Observer.sealed(b)
	return nil
}

// shardOf spreads blocks over shards. It depends on the token alone.
func shardOf(token string, shards uint32) uint32 {
	return crc32.ChecksumIEEE([]byte(token)) % shards
}

// ErrUnfit is returned by Block for a block that no store would take.
var ErrUnfit = errors.New("the block is unfit")

// Block takes a block that another collector has sealed, under its token, and
// returns when it is as durable as the log is. It does not count as handed over
// rows. A block that is in the log already is taken without another copy. The
// caller sees to it that there is Room.
func (p *Pipeline) Block(ctx context.Context, b wal.Block) error {
	c, known := p.tables.counts[b.Table]
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !known:
		return fmt.Errorf("block %.80s: table %.80q is not known: %w", b.Token, b.Table, ErrUnfit)
	case b.Schema < 1 || b.Schema > schema.Version:
		return fmt.Errorf("block %.80s: schema %d: want 1 to %d: %w", b.Token, b.Schema, schema.Version, ErrUnfit)
	case b.Rows < 1 || b.Rows > maxBlockRows:
		return fmt.Errorf("block %.80s: %d rows: want 1 to %d: %w", b.Token, b.Rows, maxBlockRows, ErrUnfit)
	}
	if err := b.Verify(); err != nil {
		return fmt.Errorf("block of %s: %w: %w", b.Table, ErrUnfit, err)
	}
	s := &sealed{
		table: b.Table, rows: int(b.Rows), body: b.Body, token: b.Token, schema: b.Schema, created: b.Created,
		shard: shardOf(b.Token, p.store.width()), unsure: b.Created,
	}
	if err := p.blocks.Append(s); err != nil {
		return fmt.Errorf("taking block %s: %w", b.Token, err)
	}
	c.relayed(s)
	return nil
}

// refuseStrangers puts blocks of tables that this program does not know into
// quarantine: no lane would ever take them.
func (p *Pipeline) refuseStrangers() {
	l, ok := p.blocks.(*diskLog)
	if !ok {
		return
	}
	q := quarantine{dir: p.cfg.Quarantine, log: p.log}
	for _, b := range l.strangers(p.tables.counts) {
		q.take(b, fmt.Errorf("table %s is not known to this program (its schema is %d, the block's %d)", b.table, schema.Version, b.schema))
		l.Done(b)
	}
}

// strangers returns the queued blocks without a counter, with their bodies.
func (l *diskLog) strangers(known map[string]*counters) (out []*sealed) {
	for _, b := range l.queue.drop(func(b *sealed) bool { return known[b.table] == nil }) {
		block, err := l.wal.Read(b.entry)
		b.body, b.damaged = block.Body, err
		out = append(out, b)
	}
	return out
}

// reshard moves blocks of shards that the store does not have any more. Whether
// their old shard has them cannot be known from the new one.
func (l *diskLog) reshard(n uint32) {
	moved := l.queue.drop(func(b *sealed) bool { return b.shard >= n })
	for _, b := range moved {
		b.shard = shardOf(b.token, n)
		l.queue.requeue(b)
	}
	if len(moved) > 0 {
		l.log.Warn("the store has fewer shards than before: blocks of the missing ones go elsewhere, and are stored twice if their old shard had them", "blocks", len(moved))
	}
}
