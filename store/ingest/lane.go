package ingest

import (
	"context"
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

// lane stores the blocks of one table one after the other. A lane that waits
// for the store does not hold up the others.
type lane struct {
	table      string
	blocks     blockLog
	store      store
	quarantine quarantine
	counts     *counters
	log        *slog.Logger
}

// run works until the context ends.
func (l *lane) run(ctx context.Context) {
	for {
		b, err := l.blocks.Next(ctx, l.table)
		if err != nil {
			return
		}
		if err := l.deliver(ctx, b); err != nil {
			return
		}
		l.blocks.Done(b)
	}
}

// deliver posts the block until it is stored or found unfit. It returns an error
// only if the context ended before that.
func (l *lane) deliver(ctx context.Context, b *sealed) error {
	for try := 0; ; try++ {
		err := l.store.post(ctx, b)
		if err == nil {
			l.stored(b, try)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if permanent(err) {
			l.counts.quarantined(b)
			l.quarantine.take(b, err)
			return nil
		}
		l.failed(b, try, err)
		l.mend(ctx, err)
		if err := sleep(ctx, backoff(try)); err != nil {
			return err
		}
	}
}

func (l *lane) stored(b *sealed, tries int) {
	l.counts.storedRows.Add(uint64(b.rows))
	l.counts.storedBlocks.Add(1)
	if tries > 0 {
		l.log.Info("store takes blocks again", "table", b.table, "token", b.token, "tries", tries+1)
	}
}

// failed counts a failed try, and logs the first of a block.
func (l *lane) failed(b *sealed, try int, err error) {
	l.counts.retries.Add(1)
	if try == 0 {
		l.log.Warn("storing a block is being retried", "table", b.table, "token", b.token, "rows", b.rows, "error", err)
	}
}

// mend migrates a store that has lost its tables, as one that was made anew
// has. If it does not help, the next try fails and it is called again.
func (l *lane) mend(ctx context.Context, err error) {
	if !withoutTables(err) {
		return
	}
	if err := l.store.migrate(ctx); err != nil {
		l.log.Warn("migrating a store without tables", "table", l.table, "error", err)
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
