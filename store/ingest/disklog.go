package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// diskLog is a blockLog on a write-ahead log. It keeps the bodies of blocks on
// disk alone and reads each back when its lane asks for it: a store that is
// down costs disk, not memory.
type diskLog struct {
	queue *memoryLog // of blocks without bodies
	wal   *wal.Log
	log   *slog.Logger

	stop context.CancelFunc
	work sync.WaitGroup
}

// openDiskLog opens the log in the directory. The blocks that it holds are
// given out first, oldest first. What is done is noted as often as is told.
func openDiskLog(c WALConfig, id uint64, every time.Duration, log *slog.Logger) (*diskLog, error) {
	w, err := wal.Open(c.Directory, wal.Options{
		ID: id, MaxBytes: c.MaxBytes, NoSync: c.NoSync, FS: c.Files, Boot: wal.BootID(), Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("opening write-ahead log: %w", err)
	}
	l := &diskLog{queue: newMemoryLog(1), wal: w, log: log}
	l.resume()
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.work.Go(func() { l.tick(ctx, every) })
	return l, nil
}

// resume queues what a process before this one left. Of each block it is not
// known whether it was sent.
func (l *diskLog) resume() {
	entries := l.wal.Pending()
	known := map[[16]byte]bool{}
	for _, e := range entries {
		if id, err := wal.BlockID(e.Token); err == nil {
			known[id] = true
		}
	}
	for _, e := range entries {
		if wasSplit(e, known) && l.finishSplit(e) {
			continue
		}
		l.queueOld(e, false)
	}
	for _, e := range l.wal.Suspects() {
		l.queueOld(e, true)
	}
	if r := l.wal.Stats().Recovery; r != (wal.Recovery{}) {
		l.log.Info("the write-ahead log is read", "blocks", r.Blocks, "done", r.Done, "torn", r.Torn, "torn_bytes", r.TornBytes,
			"damaged", r.Damaged, "damaged_bytes", r.DamagedBytes, "lost_checkpoint", r.LostCheckpoint, "rebooted", r.Rebooted)
	}
}

func (l *diskLog) queueOld(e *wal.Entry, suspect bool) {
	b := fromEntry(e)
	b.unsure, b.suspect = b.created, suspect
	_ = l.queue.Append(b) // cannot be closed yet
}

// wasSplit tells whether a half of the block is in the log: a crash came before
// it was noted that the halves stand in its place.
func wasSplit(e *wal.Entry, known map[[16]byte]bool) bool {
	id, err := wal.BlockID(e.Token)
	return err == nil && (known[partID(id, 0)] || known[partID(id, 1)])
}

// finishSplit writes what is missing of the halves, which come out as they
// were, and drops the block.
func (l *diskLog) finishSplit(e *wal.Entry) bool {
	block, err := l.wal.Read(e)
	if err != nil {
		return false // its lane will say so
	}
	b := fromEntry(e)
	b.body = block.Body
	parts, err := split(b)
	for _, p := range parts {
		if err == nil {
			err = l.Append(p)
		}
	}
	if err != nil {
		l.log.Error("splitting a block once more", "token", e.Token, "error", err)
		return false
	}
	l.wal.Done(e)
	return true
}

func fromEntry(e *wal.Entry) *sealed {
	return &sealed{
		table: e.Table, seq: e.Seq, rows: int(e.Rows), token: e.Token, shard: e.Shard, schema: e.Schema, created: e.Created, entry: e,
	}
}

func (b *sealed) walBlock() wal.Block {
	return wal.Block{
		Token: b.token, Table: b.table, Schema: b.schema, Shard: b.shard, Rows: uint32(b.rows), Created: b.created, Body: b.body,
	}
}

// Append implements blockLog. A block whose token the log knows is safe in it.
func (l *diskLog) Append(b *sealed) error {
	kept, err := l.write(b)
	if err != nil || kept == nil {
		return err
	}
	return l.queue.Append(kept)
}

// write returns the block without its body, nil if the log knew it.
func (l *diskLog) write(b *sealed) (*sealed, error) {
	block := b.walBlock()
	e, err := l.wal.Append(&block)
	switch {
	case errors.Is(err, wal.ErrKnown):
		return nil, nil
	case errors.Is(err, wal.ErrClosed):
		return nil, errClosed
	case err != nil:
		return nil, err
	}
	kept := *b
	kept.entry, kept.body = e, nil
	return &kept, nil
}

// HasRoom implements blockLog.
func (l *diskLog) HasRoom() bool { return l.wal.HasRoom() }

// WaitRoom implements blockLog.
func (l *diskLog) WaitRoom(ctx context.Context) error { return l.queue.waitFor(ctx, l.wal.HasRoom) }

// Next implements blockLog. A block that the disk does not give back any more
// carries the reason.
func (l *diskLog) Next(ctx context.Context, lane laneKey) (*sealed, error) {
	b, err := l.queue.Next(ctx, lane)
	if err != nil {
		return nil, err
	}
	block, err := l.wal.Read(b.entry)
	b.body, b.damaged = block.Body, err
	return b, nil
}

// Done implements blockLog.
func (l *diskLog) Done(b *sealed) {
	b.body = nil
	l.wal.Done(b.entry)
	l.queue.Done(b)
}

// Replace implements blockLog. The parts are given out when all are on disk.
func (l *diskLog) Replace(b *sealed, parts []*sealed) error {
	for _, p := range parts {
		k, err := l.write(p)
		if err != nil {
			return err // the next try finds those that are written
		}
		if k != nil {
			b.halves = append(b.halves, k)
		}
	}
	l.wal.Done(b.entry)
	b.body = nil
	return l.queue.Replace(b, b.halves)
}

// Appended implements blockLog.
func (l *diskLog) Appended() uint64 { return l.queue.Appended() }

// WaitDone implements blockLog.
func (l *diskLog) WaitDone(ctx context.Context, n uint64, tables ...string) error {
	return l.queue.WaitDone(ctx, n, tables...)
}

// Pending implements blockLog.
func (l *diskLog) Pending() (blocks, rows int, bytes int64) {
	blocks, rows, _ = l.queue.Pending()
	return blocks, rows, l.wal.Stats().Bytes
}

// Close implements blockLog. Nothing is lost by it.
func (l *diskLog) Close() []*sealed {
	l.stop()
	l.work.Wait()
	if err := l.wal.Close(); err != nil {
		l.log.Error("the write-ahead log could not write its last checkpoint, blocks will be sent again", "error", err)
	}
	l.queue.Close()
	return nil
}

// tick lets the log note what is done and delete what has served. Those who
// wait for room look again after each time.
func (l *diskLog) tick(ctx context.Context, every time.Duration) {
	t := time.NewTicker(every)
	defer t.Stop()
	for failed := false; ; {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			err := l.wal.Tick(now)
			if err != nil && !failed {
				l.log.Error("the write-ahead log cannot note what is stored", "error", err)
			}
			failed = err != nil
			l.queue.wake()
		}
	}
}
