package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"
)

// appending is a block on its way into the log.
type appending struct {
	block  *Block
	entry  *Entry
	result chan error
}

// Append writes the block and returns when it is on disk. All who call it at
// the same time share one fsync. After an error the block is not in the log,
// unless the disk refused even to cut the file back: then a later Open may find
// it.
func (l *Log) Append(b *Block) (*Entry, error) {
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("appending a block: %w", err)
	}
	a := &appending{block: b, result: make(chan error, 1)}
	if err := l.enqueue(a); err != nil {
		return nil, err
	}
	l.signal()
	if err := <-a.result; err != nil {
		return nil, fmt.Errorf("appending block %s: %w", b.Token, err)
	}
	return a.entry, nil
}

func (l *Log) enqueue(a *appending) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	if _, known := l.tokens[a.block.Token]; known {
		return ErrKnown
	}
	l.queue = append(l.queue, a)
	return nil
}

// commitAll is the committer: the one goroutine that writes to segments.
func (l *Log) commitAll() {
	defer close(l.committed)
	for range l.wake {
		l.mu.Lock()
		batch, closed := l.queue, l.closed
		l.queue = nil
		l.mu.Unlock()
		for len(batch) > 0 {
			n := l.fit(batch)
			l.commit(batch[:n])
			batch = batch[n:]
		}
		if closed {
			return
		}
	}
}

// fit returns how many of the batch go into the active segment: at least one.
// It ends the segment if that has no room for the first.
func (l *Log) fit(batch []*appending) int {
	end := int64(headerBytes)
	if l.active != nil {
		end = l.active.end
	}
	n := 0
	for ; n < len(batch); n++ {
		end += recordBytes(batch[n].block)
		if end > l.o.Segment {
			break
		}
	}
	if n == 0 && l.active != nil && l.active.end > headerBytes {
		l.endSegment()
		return l.fit(batch)
	}
	return max(n, 1)
}

func recordBytes(b *Block) int64 {
	return int64(prefixBytes + fixedBytes + len(b.Table) + len(b.Token) + len(b.Body))
}

// endSegment leaves the active segment as it is.
func (l *Log) endSegment() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.active.sealed = true
	l.active = nil
}

// commit makes blocks durable together, and tells those who wait.
func (l *Log) commit(part []*appending) {
	l.number(part)
	err := l.write(part)
	if err != nil {
		l.abandon(err)
		l.shed(errors.Is(err, syscall.ENOSPC))
		if err = l.write(part); err != nil {
			l.abandon(err)
		}
	}
	if err == nil {
		l.acknowledge(part)
	}
	for _, a := range part {
		a.result <- err
	}
	l.shed(false)
}

// number gives the blocks their sequence numbers.
func (l *Log) number(part []*appending) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range part {
		b := a.block
		a.entry = &Entry{
			Seq: l.nextSeq, Token: b.Token, Table: b.Table, Schema: b.Schema, Shard: b.Shard, Rows: b.Rows,
			Created: b.Created, Bytes: len(b.Body),
		}
		l.nextSeq++
	}
}

// write writes the blocks to the active segment and syncs it.
func (l *Log) write(part []*appending) error {
	if l.active == nil {
		s, err := l.create()
		if err != nil {
			return err
		}
		l.active = s
	}
	s := l.active
	for _, a := range part {
		head := s.encodeBlock(a.block, a.entry.Seq, s.end)
		for _, p := range [][]byte{head, a.block.Body} {
			if _, err := s.file.Write(p); err != nil {
				return fmt.Errorf("writing segment: %w", err)
			}
		}
		a.entry.segment, a.entry.offset, a.entry.size = s, s.end, int64(len(head)+len(a.block.Body))
		s.end += a.entry.size
	}
	return l.sync(s)
}

func (l *Log) sync(s *segment) error {
	if l.o.NoSync {
		return nil
	}
	start := time.Now()
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("syncing segment: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.synced(time.Since(start))
	return nil
}

// acknowledge takes the blocks into the log's books.
func (l *Log) acknowledge(part []*appending) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range part {
		e := a.entry
		e.segment.entries = append(e.segment.entries, e)
		e.segment.open++
		e.segment.size = e.segment.end
		l.stats.added(e)
		if _, twice := l.tokens[e.Token]; !twice {
			l.tokens[e.Token] = e
		}
	}
}

// abandon cuts the active segment back to what is acknowledged and leaves it:
// after a failed write or sync nothing that it holds beyond can be trusted.
func (l *Log) abandon(why error) {
	l.mu.Lock()
	l.stats.failures++
	l.mu.Unlock()
	s := l.active
	if s == nil {
		l.o.Log.Error("log segment cannot be made", "directory", l.dir, "error", why)
		return
	}
	err := s.file.Truncate(s.size)
	l.o.Log.Error("log segment is given up", "file", s.path, "kept_bytes", s.size, "error", why, "truncate_error", err)
	l.endSegment()
	if s.size == headerBytes {
		l.drop(s)
	}
}

// create makes the next segment.
func (l *Log) create() (*segment, error) {
	l.mu.Lock()
	h := header{id: l.o.ID, number: l.nextFile}
	l.nextFile++
	l.mu.Unlock()
	s := &segment{header: h, path: filepath.Join(l.dir, segmentName(h.number)), end: headerBytes, size: headerBytes}
	file, err := l.o.FS.Create(s.path)
	if errors.Is(err, fs.ErrNotExist) { // somebody removed the directory
		if err = l.o.FS.MkdirAll(l.dir); err == nil {
			file, err = l.o.FS.Create(s.path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("making segment: %w", err)
	}
	s.file = file
	if _, err = file.Write(h.encode()); err == nil && !l.o.NoSync {
		err = errors.Join(file.Sync(), l.o.FS.SyncDir(l.dir))
	}
	if err != nil {
		return nil, fmt.Errorf("making segment: %w", errors.Join(err, file.Close(), l.o.FS.Remove(s.path)))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.segments = append(l.segments, s)
	return s, nil
}

func segmentName(number uint64) string { return fmt.Sprintf("%016x%s", number, segmentSuffix) }
