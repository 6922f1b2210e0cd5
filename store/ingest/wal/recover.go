package wal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	segmentSuffix = ".wal"
	bootIDFile    = "/proc/sys/kernel/random/boot_id"
)

// BootID returns a number that changes when the machine starts, zeros where
// the system has none.
func BootID() (id [16]byte) {
	text, err := os.ReadFile(bootIDFile)
	if err != nil {
		return id
	}
	b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(string(text)), "-", ""))
	if err == nil {
		copy(id[:], b)
	}
	return id
}

// recover reads the directory into a log that is not running yet.
func (l *Log) recover() error {
	names, err := l.o.FS.ReadDir(l.dir)
	if err != nil {
		return err
	}
	done, err := l.recoverCheckpoint()
	if err != nil {
		return err
	}
	l.nextSeq = max(1, done.next)
	slices.Sort(names)
	seen := map[uint64]bool{}
	for _, name := range names {
		number, ok := segmentNumber(name)
		if !ok {
			continue
		}
		l.nextFile = max(l.nextFile, number+1)
		if err := l.recoverSegment(name, done, seen); err != nil {
			return fmt.Errorf("segment %s: %w", name, err)
		}
	}
	l.changed = true
	l.stats.recovery.Blocks = l.stats.blocks
	if l.stats.recovery.Rebooted {
		l.suspects = l.doneEntries()
	}
	return nil
}

func segmentNumber(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != segmentDigit {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return n, err == nil
}

// recoverCheckpoint reads the checkpoint. One that is missing or damaged is an
// empty one.
func (l *Log) recoverCheckpoint() (checkpoint, error) {
	c, err := readCheckpoint(l.o.FS, l.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return checkpoint{}, nil
	case errors.Is(err, errCheckpoint):
		l.stats.recovery.LostCheckpoint = true
		l.o.Log.Warn("the log's checkpoint is damaged: blocks are sent again", "directory", l.dir)
		return checkpoint{}, nil
	case err != nil:
		return c, fmt.Errorf("reading checkpoint: %w", err)
	}
	l.stats.recovery.Rebooted = c.boot != l.o.Boot && c.boot != [16]byte{} && l.o.Boot != [16]byte{}
	return c, nil
}

// recoverSegment takes the blocks of a file into the books.
func (l *Log) recoverSegment(name string, done checkpoint, seen map[uint64]bool) error {
	path := filepath.Join(l.dir, name)
	file, err := l.o.FS.Open(path)
	if err != nil {
		return err
	}
	size, err := file.Size()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	r, err := newReader(file, size)
	if err != nil {
		return errors.Join(l.recoverHeadless(path, file, size, err), file.Close())
	}
	s := &segment{header: r.header, path: path, file: file, size: size, sealed: true}
	var parts []damage
	if err := r.scan(func(f found) { l.take(s, f, done, seen) }, func(d damage) { parts = append(parts, d) }); err != nil {
		return errors.Join(err, file.Close())
	}
	for _, d := range parts {
		if err := l.repair(s, d); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	if len(s.entries) == 0 {
		return errors.Join(file.Close(), l.o.FS.Remove(path))
	}
	s.end = s.size
	l.segments = append(l.segments, s)
	return nil
}

// take adds a record that was found. One that was read before, by its number or
// its token, is the second copy of a rewritten one.
func (l *Log) take(s *segment, f found, done checkpoint, seen map[uint64]bool) {
	b := f.block
	l.nextSeq = max(l.nextSeq, f.seq+1)
	if _, twice := l.tokens[b.Token]; twice || seen[f.seq] {
		return
	}
	seen[f.seq] = true
	e := &Entry{
		Seq: f.seq, Token: b.Token, Table: b.Table, Schema: b.Schema, Shard: b.Shard, Rows: b.Rows, Created: b.Created,
		Bytes: len(b.Body), segment: s, offset: f.offset, size: f.size, done: done.has(f.seq),
	}
	s.entries = append(s.entries, e)
	l.tokens[e.Token] = e
	if e.done {
		l.stats.recovery.Done++
		return
	}
	s.open++
	l.stats.hold(e)
}

// repair cuts a torn tail off, and puts anything else that is damaged aside.
func (l *Log) repair(s *segment, d damage) error {
	n := d.to - d.from
	if d.torn {
		l.stats.recovery.Torn++
		l.stats.recovery.TornBytes += n
		l.o.Log.Warn("the log ends in a record that was not acknowledged", "file", s.path, "at", d.from, "bytes", n, "reason", d.reason)
		s.size = d.from
		return errors.Join(s.file.Truncate(d.from), s.file.Sync())
	}
	l.stats.recovery.Damaged++
	l.stats.recovery.DamagedBytes += n
	return l.setAside(s.path, s.file, d)
}

// recoverHeadless deals with a file that is no segment: cut off while it was
// made, or damaged.
func (l *Log) recoverHeadless(path string, file File, size int64, why error) error {
	if size < headerBytes {
		l.stats.recovery.Torn++
		l.stats.recovery.TornBytes += size
		return l.o.FS.Remove(path)
	}
	l.stats.recovery.Damaged++
	l.stats.recovery.DamagedBytes += size
	if err := l.setAside(path, file, damage{to: size, reason: why.Error()}); err != nil {
		return err
	}
	return l.o.FS.Remove(path)
}

// setAside copies a damaged part into the quarantine. A part that was put
// there at an earlier start is written again over itself.
func (l *Log) setAside(path string, file File, d damage) error {
	dir := filepath.Join(l.dir, "quarantine")
	base := filepath.Join(dir, fmt.Sprintf("%s-%d", strings.TrimSuffix(filepath.Base(path), segmentSuffix), d.from))
	l.o.Log.Error("damaged bytes in the log", "file", path, "from", d.from, "to", d.to, "reason", d.reason, "kept_as", base+".bin")
	bytes := make([]byte, d.to-d.from)
	if err := readFull(file, bytes, d.from, d.to); err != nil {
		return err
	}
	text := fmt.Sprintf("file: %s\nfrom: %d\nto: %d\nreason: %s\n", filepath.Base(path), d.from, d.to, d.reason)
	if err := l.o.FS.MkdirAll(dir); err != nil {
		return fmt.Errorf("making quarantine directory: %w", err)
	}
	if err := errors.Join(writeFile(l.o.FS, base+".txt", []byte(text)), writeFile(l.o.FS, base+".bin", bytes)); err != nil {
		return fmt.Errorf("putting damaged bytes aside: %w", err)
	}
	return nil
}

func (l *Log) doneEntries() (out []*Entry) {
	for _, s := range l.segments {
		for _, e := range s.entries {
			if e.done {
				out = append(out, e)
			}
		}
	}
	return out
}
