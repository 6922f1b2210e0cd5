package wal

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Sealed is a block of a log that was read from beside its process.
type Sealed struct {
	Seq     uint64
	Token   string
	Table   string // that the insert names, such as requests_in
	Rows    uint32
	Created time.Time
	Done    bool // stored or given up, by the last checkpoint
}

// Content is what a log held when it was read.
type Content struct {
	Blocks       []Sealed // in the order of their sequence numbers
	Segments     int      // that were read
	Gone         int      // segments that the log deleted meanwhile
	Unfinished   int      // records at the end of a segment that are being written, or that a crash cut off
	Damaged      int      // parts of segments without a valid record
	DamagedBytes int64
	NoCheckpoint bool // none is there, or it is damaged: Done is not known
}

// ErrNoLog is returned for a directory that is not a log.
var ErrNoLog = errors.New("is no write-ahead log")

// ReadOnly reads the blocks of a log without their bodies. It takes no lock and
// changes nothing, so a process may hold the log meanwhile: what that one
// appends after the segment was opened is not seen, what it deletes counts as
// Gone. Segments stay ten minutes after their last block is done.
func ReadOnly(dir string) (*Content, error) {
	names, err := segmentNames(dir)
	if err != nil {
		return nil, fmt.Errorf("reading log %s: %w", dir, err)
	}
	c := &Content{}
	tokens := map[string]bool{}
	for _, name := range names {
		if err := c.readSegment(filepath.Join(dir, name), tokens); err != nil {
			return nil, fmt.Errorf("reading log %s: segment %s: %w", dir, name, err)
		}
	}
	// The checkpoint comes last: what it says is done was in the segments.
	if err := c.readCheckpoint(dir); err != nil {
		return nil, fmt.Errorf("reading log %s: checkpoint: %w", dir, err)
	}
	slices.SortFunc(c.Blocks, func(a, b Sealed) int { return cmp.Compare(a.Seq, b.Seq) })
	return c, nil
}

// segmentNames lists the segments. A log that wrote nothing yet has its lock
// alone.
func segmentNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	isLog := false
	for _, e := range entries {
		if _, ok := segmentNumber(e.Name()); ok {
			names = append(names, e.Name())
		}
		isLog = isLog || e.Name() == "lock" || e.Name() == checkpointName
	}
	if len(names) == 0 && !isLog {
		return nil, ErrNoLog
	}
	return names, nil
}

func (c *Content) readSegment(path string, tokens map[string]bool) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		c.Gone++
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	c.Segments++
	r, err := newReader(f, info.Size())
	if err != nil {
		c.note(damage{to: info.Size(), torn: info.Size() < headerBytes})
		return nil
	}
	return r.scan(func(f found) { c.take(f, tokens) }, c.note)
}

// take adds a block, unless it is the second copy of a rewritten record.
func (c *Content) take(f found, tokens map[string]bool) {
	if tokens[f.block.Token] {
		return
	}
	tokens[f.block.Token] = true
	c.Blocks = append(c.Blocks, Sealed{
		Seq: f.seq, Token: f.block.Token, Table: f.block.Table, Rows: f.block.Rows, Created: f.block.Created,
	})
}

func (c *Content) note(d damage) {
	if d.torn {
		c.Unfinished++
		return
	}
	c.Damaged++
	c.DamagedBytes += d.to - d.from
}

func (c *Content) readCheckpoint(dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, checkpointName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	done, err := decodeCheckpoint(data)
	if err != nil {
		c.NoCheckpoint = true
		return nil //nolint:nilerr // told by NoCheckpoint
	}
	for i := range c.Blocks {
		c.Blocks[i].Done = done.has(c.Blocks[i].Seq)
	}
	return nil
}
