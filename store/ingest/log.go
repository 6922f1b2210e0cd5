package ingest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// errClosed is returned by a log that takes no more blocks.
var errClosed = errors.New("the pipeline is shut down")

// laneKey names a lane: the blocks of one table on one shard.
type laneKey struct {
	shard uint32
	table string
}

func (b *sealed) lane() laneKey { return laneKey{shard: b.shard, table: b.table} }

// blockLog keeps sealed blocks from the moment they are sealed until they are
// stored: memoryLog as long as the process lives, diskLog across its end. The
// pipeline relies on nothing but what is written here.
type blockLog interface {
	// Append takes a block. When it returns without error the block is as
	// durable as the log is, and its lane will be given it. It does not wait
	// for room: callers see to that before they add rows.
	Append(b *sealed) error
	// HasRoom tells whether less than the log's limit is pending; WaitRoom
	// waits for that.
	HasRoom() bool
	WaitRoom(ctx context.Context) error
	// Next waits for the oldest block of a lane that was not given yet.
	Next(ctx context.Context, lane laneKey) (*sealed, error)
	// Done tells that a block is stored, or in quarantine: the log may forget
	// it, and does not give it again after a restart.
	Done(b *sealed)
	// Replace takes parts in place of a block that was given. They count as the
	// block did for WaitDone. After an error the block is still there.
	Replace(b *sealed, parts []*sealed) error
	// Appended counts the blocks taken so far; WaitDone waits until those of
	// the named tables among the first n are done, of all tables if none is
	// named.
	Appended() (n uint64)
	WaitDone(ctx context.Context, n uint64, tables ...string) error
	// Pending counts the blocks that are not done.
	Pending() (blocks, rows int, bytes int64)
	// Close makes Append fail and wakes who waits for room. It returns the
	// blocks that are lost by it: none, if the log outlives the process.
	Close() (lost []*sealed)
}

// memoryLog is a blockLog that does not outlive the process.
type memoryLog struct {
	max    int64
	bytes  atomic.Int64 // of all blocks that are not done
	closed atomic.Bool

	mu       sync.Mutex
	queues   map[laneKey][]*sealed // not given yet
	open     map[*sealed]uint64    // not done, with their position among all appended
	appended uint64
	changed  chan struct{} // closed and replaced at every change
}

func newMemoryLog(maxBytes int64) *memoryLog {
	return &memoryLog{
		max: maxBytes, queues: map[laneKey][]*sealed{}, open: map[*sealed]uint64{}, changed: make(chan struct{}),
	}
}

func (l *memoryLog) Append(b *sealed) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed.Load() {
		return errClosed
	}
	l.appended++
	l.enqueue(b, l.appended)
	return nil
}

// enqueue makes the block the last of its lane. The lock is held.
func (l *memoryLog) enqueue(b *sealed, position uint64) {
	l.open[b] = position
	l.queues[b.lane()] = append(l.queues[b.lane()], b)
	l.bytes.Add(int64(len(b.body)))
	l.notify()
}

func (l *memoryLog) HasRoom() bool { return l.bytes.Load() < l.max && !l.closed.Load() }

func (l *memoryLog) WaitRoom(ctx context.Context) error { return l.waitFor(ctx, l.HasRoom) }

// waitFor waits until there is room, as the function says.
func (l *memoryLog) waitFor(ctx context.Context, room func() bool) error {
	return l.wait(ctx, func() (bool, error) {
		if l.closed.Load() {
			return false, errClosed
		}
		return room(), nil
	})
}

func (l *memoryLog) Next(ctx context.Context, lane laneKey) (b *sealed, err error) {
	err = l.wait(ctx, func() (bool, error) {
		q := l.queues[lane]
		if len(q) == 0 {
			return false, nil
		}
		b, l.queues[lane] = q[0], q[1:]
		return true, nil
	})
	return b, err
}

func (l *memoryLog) Done(b *sealed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finish(b)
}

// finish forgets a block. The lock is held.
func (l *memoryLog) finish(b *sealed) {
	if _, ok := l.open[b]; !ok {
		return
	}
	delete(l.open, b)
	l.bytes.Add(-int64(len(b.body)))
	l.notify()
}

func (l *memoryLog) Replace(b *sealed, parts []*sealed) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	position := l.open[b]
	for _, p := range parts {
		l.enqueue(p, position)
	}
	l.finish(b)
	return nil
}

func (l *memoryLog) Appended() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.appended
}

func (l *memoryLog) WaitDone(ctx context.Context, n uint64, tables ...string) error {
	return l.wait(ctx, func() (bool, error) {
		for b, position := range l.open {
			if position <= n && (len(tables) == 0 || slices.Contains(tables, b.table)) {
				return false, nil
			}
		}
		return true, nil
	})
}

func (l *memoryLog) Pending() (blocks, rows int, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for b := range l.open {
		rows += b.rows
	}
	return len(l.open), rows, l.bytes.Load()
}

func (l *memoryLog) Close() (lost []*sealed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed.Swap(true) {
		lost = slices.Collect(maps.Keys(l.open))
	}
	l.notify()
	return lost
}

// wait returns when the condition, asked under the lock at every change, holds
// or fails, or when the context ends.
func (l *memoryLog) wait(ctx context.Context, condition func() (bool, error)) error {
	for {
		l.mu.Lock()
		ok, err := condition()
		changed := l.changed
		l.mu.Unlock()
		if ok || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// notify wakes everyone who waits. The lock is held.
func (l *memoryLog) notify() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// wake is notify for who does not hold the lock.
func (l *memoryLog) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notify()
}

// drop takes blocks that were not given yet out of their queues. They stay
// open.
func (l *memoryLog) drop(which func(*sealed) bool) (out []*sealed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for lane, q := range l.queues {
		l.queues[lane] = slices.DeleteFunc(slices.Clone(q), func(b *sealed) bool {
			if which(b) {
				out = append(out, b)
				return true
			}
			return false
		})
	}
	return out
}

// requeue puts a dropped block back, at the end of its lane.
func (l *memoryLog) requeue(b *sealed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queues[b.lane()] = append(l.queues[b.lane()], b)
	l.notify()
}
