package ingest

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Pipeline takes records and stores them. Its methods may be called from many
// goroutines. Those that take a record copy what they keep of it, and wait
// while there is no room.
type Pipeline struct {
	cfg     Config
	id      uint64 // random: tells this pipeline's blocks from any other's
	started time.Time
	log     *slog.Logger
	store   store
	blocks  blockLog
	tables  *tables

	seq     atomic.Uint64
	stall   stall
	commits commits
	waiting atomic.Int64 // callers that wait for room now
	waited  atomic.Bool  // whether one waited since the last tick
	clamped atomic.Uint64

	stop context.CancelFunc // ends the goroutines; nil before Start
	work sync.WaitGroup
}

// New makes a pipeline. It takes records at once and stores them from Start
// on.
func New(cfg Config, log *slog.Logger) (*Pipeline, error) {
	s, err := newStore(cfg)
	if err != nil {
		return nil, err
	}
	return newPipeline(cfg, s, log)
}

func newPipeline(cfg Config, s store, log *slog.Logger) (*Pipeline, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	var id [8]byte
	rand.Read(id[:]) // never fails (crypto/rand)
	p := &Pipeline{cfg: cfg, id: binary.BigEndian.Uint64(id[:]), started: time.Now(), log: log, store: s}
	if p.blocks, err = p.openLog(); err != nil {
		return nil, err
	}
	p.tables = newTables(p)
	p.refuseStrangers()
	return p, nil
}

func (p *Pipeline) nextID() (uint64, [16]byte) {
	seq := p.seq.Add(1)
	return seq, blockID(p.id, seq)
}

// hand passes a record to its builder when there is room. The skew is what
// clamping took away from the record's time.
func hand[R any](p *Pipeline, b *builder[R], r *R, skew time.Duration) {
	if skew != 0 {
		p.clamped.Add(1)
	}
	if p.admit(b.counts) {
		b.add(r)
	}
}

// Room tells whether a record would be taken without waiting. It is false when
// MaxPending bytes are not stored yet, and while the log takes no blocks.
func (p *Pipeline) Room() bool { return p.blocks.HasRoom() && !p.stall.active() }

// admit waits for room. It returns false after Shutdown: the row is counted as
// lost.
func (p *Pipeline) admit(c *counters) bool {
	if p.Room() {
		return true
	}
	p.waiting.Add(1)
	err := p.waitRoom(context.Background())
	p.waited.Store(true)
	p.waiting.Add(-1)
	if err != nil {
		c.rows.Add(1)
		c.lostRows.Add(1)
	}
	return err == nil
}

func (p *Pipeline) waitRoom(ctx context.Context) error {
	for !p.Room() {
		if err := p.stall.wait(ctx); err != nil {
			return err
		}
		if err := p.blocks.WaitRoom(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Flush seals what is open and waits until everything handed over before the
// call is stored or in quarantine.
func (p *Pipeline) Flush(ctx context.Context) error {
	return p.flush(ctx)
}

// flush is Flush that waits for the named tables only, if any is named.
func (p *Pipeline) flush(ctx context.Context, tables ...string) error {
	if err := p.tables.sealAll(); err != nil {
		return fmt.Errorf("flushing: %w", err)
	}
	if err := p.blocks.WaitDone(ctx, p.blocks.Appended(), tables...); err != nil {
		blocks, rows, _ := p.blocks.Pending()
		return fmt.Errorf("flushing: %d blocks with %d rows are not stored: %w", blocks, rows, err)
	}
	return nil
}

// Stats returns what the pipeline did so far.
func (p *Pipeline) Stats() Stats {
	s := Stats{Tables: map[string]TableStats{}, Waiting: p.waiting.Load(), Clamped: p.clamped.Load()}
	for table, c := range p.tables.counts {
		s.Tables[keeps(table)] = c.stats()
	}
	s.PendingBlocks, s.PendingRows, s.PendingBytes = p.blocks.Pending()
	if l, ok := p.blocks.(*diskLog); ok {
		s.WAL = l.wal.Stats()
	}
	return s
}
