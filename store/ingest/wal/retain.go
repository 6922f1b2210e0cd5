package wal

import (
	"errors"
	"io/fs"
	"slices"
	"syscall"
	"time"
)

// Tick writes the checkpoint, if something is done since the last, and deletes
// segments that have served. It is to be called about once a second.
func (l *Log) Tick(now time.Time) error {
	l.ticking.Lock()
	defer l.ticking.Unlock()
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	if closed {
		return ErrClosed
	}
	served := l.served()
	err := l.saveCheckpoint()
	if errors.Is(err, syscall.ENOSPC) {
		l.shed(true)
		err = l.saveCheckpoint()
	}
	if err != nil {
		return err
	}
	l.settle(served, now)
	l.expire(now)
	l.shed(false)
	return nil
}

// saveCheckpoint writes the checkpoint if it differs from the last.
func (l *Log) saveCheckpoint() error {
	l.mu.Lock()
	if !l.changed {
		l.mu.Unlock()
		return nil
	}
	c := checkpoint{next: l.nextSeq, boot: l.o.Boot}
	for _, s := range l.segments {
		for _, e := range s.entries {
			if e.done {
				c.add(e.Seq)
			}
		}
	}
	l.changed = false
	l.mu.Unlock()
	err := writeCheckpoint(l.o.FS, l.dir, c)
	if err != nil {
		l.mu.Lock()
		l.changed = true
		l.mu.Unlock()
	}
	return err
}

// served returns the segments all of whose blocks are done.
func (l *Log) served() (out []*segment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.segments {
		if s.sealed && s.open == 0 {
			out = append(out, s)
		}
	}
	return out
}

// settle notes that a checkpoint covers the segments.
func (l *Log) settle(segments []*segment, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range segments {
		if s.settled.IsZero() {
			s.settled = now
		}
	}
}

// expire deletes the segments that were kept long enough.
func (l *Log) expire(now time.Time) {
	for _, s := range l.settledSegments() {
		if now.Sub(s.settled) >= l.o.Keep {
			l.drop(s)
		}
	}
}

// shed deletes settled segments, oldest first, while the budget is exceeded. If
// the disk is full it deletes all whose blocks are done, also those that no
// checkpoint covers: there may be no space to write one, and a segment that is
// gone needs none.
func (l *Log) shed(full bool) {
	going := l.settledSegments()
	if full {
		going = l.served()
	}
	for _, s := range going {
		if l.Stats().DiskBytes > l.o.MaxBytes || full {
			l.drop(s)
		}
	}
	l.updateRoom()
}

func (l *Log) settledSegments() (out []*segment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.segments {
		if !s.settled.IsZero() {
			out = append(out, s)
		}
	}
	return out
}

// drop removes a segment. If that fails it stays in the books, and is tried
// again.
func (l *Log) drop(s *segment) {
	if err := l.o.FS.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.o.Log.Warn("log segment cannot be removed", "file", s.path, "error", err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.segments, s)
	if i < 0 {
		return
	}
	l.segments = slices.Delete(l.segments, i, i+1)
	for _, e := range s.entries {
		if l.tokens[e.Token] == e {
			delete(l.tokens, e.Token)
		}
	}
	l.changed = true
	s.file.Close()
}

// updateRoom works out whether there is room: settled segments do not count,
// since they go when theirs is needed.
func (l *Log) updateRoom() {
	l.mu.Lock()
	defer l.mu.Unlock()
	var n int64
	for _, s := range l.segments {
		if s.settled.IsZero() {
			n += s.size
		}
	}
	l.room.Store(n < l.o.MaxBytes && !l.closed)
}
