package ingest

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// Pipeline takes records and stores them. Its methods may be called from many
// goroutines.
type Pipeline struct {
	cfg    Config
	id     uint64 // random: tells this pipeline's blocks from any other's
	log    *slog.Logger
	store  store
	blocks blockLog

	seq     atomic.Uint64
	waiting atomic.Int64 // callers that wait for room now
	waited  atomic.Bool  // whether one waited since the last tick
	clamped atomic.Uint64

	requests   *builder[record.Request]
	attempts   *builder[record.Attempt]
	heartbeats *builder[record.Heartbeat]
	counts     struct{ requests, attempts, heartbeats counters }

	stop context.CancelFunc // ends the goroutines; nil before Start
	work sync.WaitGroup
}

// store is what the pipeline needs of the outside.
type store struct {
	migrate func(context.Context) error // also makes ready for post
	post    func(context.Context, *sealed) error
	close   func()
}

// New makes a pipeline. It takes records at once and stores them from Start
// on.
func New(cfg Config, log *slog.Logger) (*Pipeline, error) {
	in, err := newInserter(cfg.DSN)
	if err != nil {
		return nil, err
	}
	return newPipeline(cfg, store{migrate: in.prepare, post: in.post, close: in.close}, log)
}

func newPipeline(cfg Config, s store, log *slog.Logger) (*Pipeline, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	var id [8]byte
	rand.Read(id[:]) // never fails (crypto/rand)
	p := &Pipeline{cfg: cfg, id: binary.BigEndian.Uint64(id[:]), log: log, store: s, blocks: newMemoryLog(cfg.MaxPending)}
	p.requests = newBuilder(&requestColumns{}, p, &p.counts.requests)
	p.attempts = newBuilder(&attemptColumns{}, p, &p.counts.attempts)
	p.heartbeats = newBuilder(&heartbeatColumns{}, p, &p.counts.heartbeats)
	return p, nil
}

func (p *Pipeline) nextID() (uint64, [16]byte) {
	seq := p.seq.Add(1)
	return seq, blockID(p.id, seq)
}

// Request copies the record into the open block. It waits while MaxPending
// bytes are not stored yet.
func (p *Pipeline) Request(r *record.Request) {
	if r.Skew != 0 {
		p.clamped.Add(1)
	}
	if p.admit(&p.counts.requests) {
		p.report(p.requests.add(r))
	}
}

// Attempt is Request for an upstream try.
func (p *Pipeline) Attempt(a *record.Attempt) {
	if a.Skew != 0 {
		p.clamped.Add(1)
	}
	if p.admit(&p.counts.attempts) {
		p.report(p.attempts.add(a))
	}
}

// Heartbeat is Request for what a receiver knows of one proxy. It is stored
// without regard to that proxy's rows. The heartbeats of the collector as a
// whole are the pipeline's own.
func (p *Pipeline) Heartbeat(h *record.Heartbeat) {
	if p.admit(&p.counts.heartbeats) {
		p.report(p.heartbeats.add(h))
	}
}

// admit waits for room. It returns false after Shutdown: the row is counted as
// lost.
func (p *Pipeline) admit(c *counters) bool {
	if p.blocks.HasRoom() {
		return true
	}
	p.waiting.Add(1)
	err := p.blocks.WaitRoom(context.Background())
	p.waited.Store(true)
	p.waiting.Add(-1)
	if err != nil {
		c.rows.Add(1)
		c.lostRows.Add(1)
	}
	return err == nil
}

// report logs that a block could not be sealed: its rows are counted as lost.
func (p *Pipeline) report(err error) {
	if err != nil && !errors.Is(err, errClosed) {
		p.log.Error("sealing a block", "error", err)
	}
}

// sealAll seals the open blocks of all tables.
func (p *Pipeline) sealAll() error {
	return errors.Join(p.requests.seal(), p.attempts.seal(), p.heartbeats.seal())
}

// Flush seals what is open and waits until everything handed over before the
// call is stored or in quarantine.
func (p *Pipeline) Flush(ctx context.Context) error {
	return p.flush(ctx)
}

// flush is Flush that waits for the named tables only, if any is named.
func (p *Pipeline) flush(ctx context.Context, tables ...string) error {
	if err := p.sealAll(); err != nil {
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
	s := Stats{
		Requests: p.counts.requests.stats(), Attempts: p.counts.attempts.stats(), Heartbeats: p.counts.heartbeats.stats(),
		Waiting: p.waiting.Load(),
	}
	s.PendingBlocks, s.PendingRows, s.PendingBytes = p.blocks.Pending()
	return s
}
