package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// Start migrates the store's schema and starts to store blocks. It fails if
// the store has a schema that this program must not touch. A store that cannot
// be reached is no failure: rows wait in the log, and Start returns.
func (p *Pipeline) Start(ctx context.Context) error {
	migrated := p.store.migrate(ctx)
	if fatal(migrated) || (migrated != nil && ctx.Err() != nil) {
		return fmt.Errorf("starting ingest: %w", migrated)
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.stop = stop
	marks := make(chan mark, 1)
	p.work.Go(func() { p.tick(run, marks) })
	p.work.Go(func() { p.beat(run, marks) })
	p.work.Go(func() { p.send(run, migrated) })
	return nil
}

func fatal(err error) bool {
	return errors.Is(err, schema.ErrNewer) || errors.Is(err, schema.ErrChanged)
}

// send runs the lanes once the schema is there.
func (p *Pipeline) send(ctx context.Context, migrated error) {
	if !p.migrate(ctx, migrated) {
		return
	}
	q := quarantine{dir: p.cfg.Quarantine, log: p.log}
	for table, c := range p.tables.counts {
		for shard := range p.store.width() {
			l := lane{key: laneKey{shard: shard, table: table}, blocks: p.blocks, store: p.store, quarantine: q, counts: c, observer: p.cfg.Observer, log: p.log}
			p.work.Go(func() { l.run(ctx) })
		}
	}
}

// migrate repeats a migration that did not succeed. It returns false if the
// context ended before it did.
func (p *Pipeline) migrate(ctx context.Context, err error) bool {
	for try := 0; err != nil; try++ {
		if try == 0 || fatal(err) {
			p.log.Warn("the store's schema is not ready, rows wait", "error", err)
		}
		if sleep(ctx, backoff(try)) != nil {
			return false
		}
		err = p.store.migrate(ctx)
	}
	return true
}

// mark is a moment, and the blocks that hold what was handed over before it.
type mark struct {
	at     time.Time
	blocks uint64
}

// tick seals everything open once per BlockAge and passes on how far that is.
func (p *Pipeline) tick(ctx context.Context, marks chan mark) {
	t := time.NewTicker(p.cfg.BlockAge)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		now := time.Now()
		held := p.held()
		if p.tables.sealAll() == nil && !held {
			replace(marks, mark{at: now, blocks: p.blocks.Appended()})
		}
	}
}

// held tells whether callers wait for room, or did since it was last asked: rows
// of this time may then be handed over later.
func (p *Pipeline) held() bool { return p.waited.Swap(false) || p.waiting.Load() > 0 }

// replace puts the mark into the channel in place of one not taken yet. There
// is one sender.
func replace(marks chan mark, m mark) {
	select {
	case <-marks:
	default:
	}
	marks <- m
}

// beat writes the collector's heartbeat for each mark whose blocks are done.
func (p *Pipeline) beat(ctx context.Context, marks <-chan mark) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-marks:
			if p.blocks.WaitDone(ctx, m.blocks) != nil {
				return
			}
			p.writeBeat(m.at)
		}
	}
}

// writeBeat adds the collector's heartbeat and seals it, so that it does not
// wait for the next tick.
func (p *Pipeline) writeBeat(through time.Time) {
	t := p.tables
	t.beats.add(&record.Heartbeat{
		At: time.Now(), Started: p.started, Collector: p.cfg.Collector, CompleteThrough: through,
		Requests: t.requests.counts.rows.Load(), Attempts: t.attempts.counts.rows.Load(),
		Refused: t.missing(), Clamped: p.clamped.Load(),
	})
	_ = t.beats.seal() // kept, and told, if it fails
}

// lastBeat is how long Shutdown waits for heartbeats when all rows are stored: a
// store that answers takes less, and one that is down makes them worthless.
const lastBeat = time.Second

// lastDrain is how long Shutdown waits for a store when the rows are safe on
// disk anyway.
const lastDrain = 5 * time.Second

// Shutdown stores what is left, writes a last heartbeat and stops. With a
// write-ahead log, what is not stored in a few seconds stays there until the
// next start. Without one, rows that are not stored when the context ends are
// lost; the error says how many. Heartbeats alone are not worth that wait: they
// get a second.
func (p *Pipeline) Shutdown(ctx context.Context) error {
	err := p.leave(ctx)
	if p.stop != nil {
		p.stop()
	}
	p.work.Wait()
	p.abandon()
	p.store.close()
	if err != nil {
		return fmt.Errorf("shutting down ingest: %w", err)
	}
	return nil
}

// leave drains the pipeline for as long as that is worth the wait.
func (p *Pipeline) leave(ctx context.Context) error {
	_, onDisk := p.blocks.(*diskLog)
	if !onDisk {
		return p.drain(ctx)
	}
	short, cancel := context.WithTimeout(ctx, lastDrain)
	defer cancel()
	if err := p.drain(short); err != nil {
		p.log.Info("rows that are not stored stay in the write-ahead log", "reason", err)
	}
	return p.tables.sealAll()
}

// drain stores all rows and then the heartbeats. The last one speaks for the
// time of the call, unless callers were waiting then.
func (p *Pipeline) drain(ctx context.Context) error {
	now, held := time.Now(), p.held()
	rows := p.tables.rowTables()
	if err := p.flush(ctx, rows...); err != nil || p.stop == nil {
		return err
	}
	if !held {
		p.writeBeat(now)
	}
	if err := p.flush(ctx, rows...); err != nil { // of callers that were waiting
		return err
	}
	short, cancel := context.WithTimeout(ctx, lastBeat)
	defer cancel()
	if err := p.Flush(short); err != nil {
		p.log.Warn("the last heartbeat is not stored", "error", err)
	}
	return nil
}

// abandon closes the log and the builders, and counts what is lost by that.
func (p *Pipeline) abandon() {
	for _, b := range p.blocks.Close() {
		p.tables.counts[b.table].lostRows.Add(uint64(b.rows))
	}
	p.tables.close()
}
