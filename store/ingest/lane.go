package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

// The back-off between tries: it doubles from first to last and is spread over
// its upper half, so that collectors do not knock in step.
const (
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 10 * time.Second
)

func backoff(try int) time.Duration {
	d := lastBackoff
	if try < 7 { // 100 ms × 2^7 > 10 s
		d = min(firstBackoff<<try, lastBackoff)
	}
	return d/2 + rand.N(d/2)
}

// lane stores the blocks of one table on one shard, one after the other. A lane
// that waits for the store does not hold up the others.
type lane struct {
	key        laneKey
	blocks     blockLog
	store      store
	quarantine quarantine
	counts     *counters
	observer   Observer
	log        *slog.Logger
}

// run works until the context ends.
func (l *lane) run(ctx context.Context) {
	for {
		b, err := l.blocks.Next(ctx, l.key)
		if err != nil {
			return
		}
		if err := l.deliver(ctx, b); err != nil {
			return
		}
	}
}

// deliver posts the block until it is stored or found unfit. It returns an error
// only if the context ended before that.
func (l *lane) deliver(ctx context.Context, b *sealed) error {
	if b.damaged != nil {
		l.unreadable(b)
		return nil //nolint:nilerr // told there
	}
	for try := 0; ; try++ {
		err := l.try(ctx, b)
		switch {
		case err == nil:
			l.stored(b, try)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case permanent(err):
			if err = l.refused(ctx, b, err); err == nil {
				return nil
			}
		}
		l.failed(b, try, err)
		l.mend(ctx, err)
		if err := sleep(ctx, backoff(try)); err != nil {
			return err
		}
	}
}

// try posts the block, unless the store has it already.
func (l *lane) try(ctx context.Context, b *sealed) error {
	if l.mustAsk(b, time.Now()) {
		has, err := l.store.reconcile(ctx, b)
		if err != nil || has {
			return err
		}
	}
	sent := time.Now()
	err := l.store.post(ctx, b)
	if err == nil {
		l.observer.stored(b, time.Since(sent))
	} else if b.unsure.IsZero() {
		b.unsure = time.Now()
	}
	return err
}

// mustAsk tells whether the block may be in the store although its tables may
// have forgotten its token.
func (l *lane) mustAsk(b *sealed, now time.Time) bool {
	return l.store.reconcile != nil && !b.unsure.IsZero() && (b.suspect || now.Sub(b.unsure) >= l.store.askAfter)
}

func (l *lane) stored(b *sealed, tries int) {
	if !b.suspect { // those were counted by the process that stored them
		l.counts.storedRows.Add(uint64(b.rows))
		l.counts.storedBlocks.Add(1)
	}
	l.blocks.Done(b)
	if tries > 0 {
		l.log.Info("store takes blocks again", "table", b.table, "shard", b.shard, "token", b.token, "tries", tries+1)
	}
}

// refused deals with a block that the store will never take: its halves are
// tried, and what is refused again goes into quarantine. It returns an error if
// the log does not take the halves.
func (l *lane) refused(ctx context.Context, b *sealed, reason error) error {
	parts, err := l.halves(ctx, b, reason)
	if err == nil && parts != nil {
		l.log.Warn("a block is refused, its halves are tried", "table", b.table, "token", b.token, "rows", b.rows, "reason", reason)
		return l.blocks.Replace(b, parts)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	l.counts.quarantined(b)
	l.quarantine.take(b, errors.Join(reason, err))
	l.blocks.Done(b)
	return nil
}

// halves splits a block if that may help. A block that one of the tables has
// taken, before a view refused it, must not come under other tokens.
func (l *lane) halves(ctx context.Context, b *sealed, reason error) ([]*sealed, error) {
	if b.part || b.rows < 2 || !worthSplitting(reason) {
		return nil, nil
	}
	if l.store.untouched != nil {
		if err := l.store.untouched(ctx, b); err != nil {
			return nil, fmt.Errorf("not split: %w", err)
		}
	}
	return split(b)
}

// unreadable gives up a block that the disk does not give back.
func (l *lane) unreadable(b *sealed) {
	if !b.suspect {
		l.counts.lostRows.Add(uint64(b.rows))
		l.log.Error("a block in the write-ahead log cannot be read, its rows are lost", "table", b.table, "token", b.token, "rows", b.rows, "error", b.damaged)
	}
	l.blocks.Done(b)
}

// failed counts a failed try, and logs the first of a block.
func (l *lane) failed(b *sealed, try int, err error) {
	l.counts.retries.Add(1)
	if try == 0 {
		l.log.Warn("storing a block is being retried", "table", b.table, "shard", b.shard, "token", b.token, "rows", b.rows, "error", err)
	}
}

// mend migrates a store that has lost its tables, as one that was made anew
// has. If it does not help, the next try fails and it is called again.
func (l *lane) mend(ctx context.Context, err error) {
	if !withoutTables(err) {
		return
	}
	if err := l.store.migrate(ctx); err != nil {
		l.log.Warn("migrating a store without tables", "table", l.key.table, "error", err)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
