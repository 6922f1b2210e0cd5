package wal

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a log. A zero field takes its default.
type Options struct {
	ID       uint64        // random, new for each Open
	MaxBytes int64         // budget of the segments on disk; 1 GiB
	Segment  int64         // size at which a segment is followed by the next; 64 MiB, at most an eighth of MaxBytes
	Keep     time.Duration // how long a segment stays after its last block's checkpoint; 10 min
	NoSync   bool          // do not fsync: a power failure costs what the kernel had not written
	FS       FS            // OS
	Boot     [16]byte      // boot id of the machine, see BootID; zeros: unknown
	Log      *slog.Logger  // discards
}

const (
	defaultMaxBytes = 1 << 30
	maxSegment      = 64 << 20
	defaultKeep     = 10 * time.Minute
)

func (o Options) withDefaults() Options {
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Segment <= 0 {
		o.Segment = min(maxSegment, o.MaxBytes/8)
	}
	if o.Keep == 0 {
		o.Keep = defaultKeep
	}
	if o.FS == nil {
		o.FS = OS{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// ErrClosed is returned by a log that was closed.
var ErrClosed = errors.New("the log is closed")

// ErrKnown is returned by Append for a block whose token is in the log: it is
// safe there, and nothing was written.
var ErrKnown = errors.New("the log has a block of this token")

// Entry is a block in the log without its body.
type Entry struct {
	Seq     uint64 // place among all blocks of the directory
	Token   string
	Table   string
	Schema  uint32
	Shard   uint32
	Rows    uint32
	Created time.Time
	Bytes   int // of the body

	segment *segment
	offset  int64
	size    int64 // of the record
	done    bool  // guarded by Log.mu
}

// segment is one file.
type segment struct {
	header
	path string
	file File
	end  int64 // what was written; only the committer looks at it
	size int64 // what is acknowledged, guarded by Log.mu as what follows

	sealed  bool
	entries []*Entry
	open    int       // entries that are not done
	settled time.Time // when a checkpoint first said that all are done
}

// Log is an open log. Its methods may be called from many goroutines.
type Log struct {
	o    Options
	dir  string
	lock io.Closer

	wake      chan struct{} // to the committer, holds one
	committed chan struct{} // closed when the committer has ended
	active    *segment      // of the committer
	room      atomic.Bool

	ticking sync.Mutex // held by Tick, before mu

	mu       sync.Mutex
	closed   bool
	queue    []*appending
	segments []*segment // oldest first
	tokens   map[string]*Entry
	nextSeq  uint64
	nextFile uint64
	changed  bool // since the last checkpoint
	suspects []*Entry
	stats    counters
}

// Open takes the directory, making it if need be, and reads what is in it.
// The error is ErrInUse if another process has it.
func Open(dir string, o Options) (*Log, error) {
	o = o.withDefaults()
	if err := o.FS.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("making log directory: %w", err)
	}
	lock, err := o.FS.Lock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("locking log directory: %w", err)
	}
	l := &Log{
		o: o, dir: dir, lock: lock, wake: make(chan struct{}, 1), committed: make(chan struct{}),
		tokens: map[string]*Entry{}, nextSeq: 1, nextFile: 1,
	}
	if err := l.recover(); err != nil {
		l.closeFiles()
		return nil, fmt.Errorf("reading log %s: %w", dir, errors.Join(err, lock.Close()))
	}
	l.updateRoom()
	go l.commitAll()
	return l, nil
}

// Pending returns the blocks that are not done, oldest first.
func (l *Log) Pending() []*Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []*Entry
	for _, s := range l.segments {
		for _, e := range s.entries {
			if !e.done {
				out = append(out, e)
			}
		}
	}
	return out
}

// Suspects returns blocks that were done before the machine last started: the
// store may have lost them with the power. They are in the log for Keep at
// least; to send one again is up to the caller.
func (l *Log) Suspects() []*Entry { return l.suspects }

// Read returns the block of an entry that is not done. Its body belongs to the
// caller.
func (l *Log) Read(e *Entry) (Block, error) {
	r := &reader{src: e.segment.file, size: e.offset + e.size, header: e.segment.header}
	f, err := r.read(e.offset)
	if err == nil && f.seq != e.Seq {
		err = fmt.Errorf("sequence number %d, want %d", f.seq, e.Seq)
	}
	if err != nil {
		return Block{}, fmt.Errorf("reading block %s at %d of %s: %w", e.Token, e.offset, filepath.Base(e.segment.path), err)
	}
	return f.block, nil
}

// Done says that a block is stored or given up. It is not given again after a
// restart, once Tick or Close has written that down.
func (l *Log) Done(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.done {
		return
	}
	e.done, l.changed = true, true
	e.segment.open--
	l.stats.done(e)
}

// HasRoom tells whether blocks that are not done leave room in the budget.
func (l *Log) HasRoom() bool { return l.room.Load() }

// Close writes a last checkpoint and gives the directory free. Blocks that are
// not done stay in it.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.mu.Unlock()
	l.room.Store(false)
	l.signal()
	<-l.committed
	l.ticking.Lock()
	defer l.ticking.Unlock()
	err := l.saveCheckpoint()
	l.closeFiles()
	if err = errors.Join(err, l.lock.Close()); err != nil {
		return fmt.Errorf("closing log %s: %w", l.dir, err)
	}
	return nil
}

func (l *Log) closeFiles() {
	for _, s := range l.segments {
		s.file.Close()
	}
}

func (l *Log) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
