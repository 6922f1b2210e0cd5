package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
)

const (
	checkpointName  = "checkpoint"
	checkpointMagic = "plimchk\n"
	checkpointFixed = 8 + 4 + 8 + 16 + 4 // before the ranges
)

// span is a range of sequence numbers, both ends included.
type span struct{ from, to uint64 }

// checkpoint is the content of the file of that name.
type checkpoint struct {
	next uint64   // sequence number
	boot [16]byte // of the machine
	done []span   // ascending
}

func (c checkpoint) encode() []byte {
	b := []byte(checkpointMagic)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint64(b, c.next)
	b = append(b, c.boot[:]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(c.done)))
	for _, s := range c.done {
		b = binary.LittleEndian.AppendUint64(b, s.from)
		b = binary.LittleEndian.AppendUint64(b, s.to)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

var errCheckpoint = errors.New("no checkpoint of version 1")

func decodeCheckpoint(b []byte) (c checkpoint, err error) {
	if len(b) < checkpointFixed+4 || string(b[:8]) != checkpointMagic || binary.LittleEndian.Uint32(b[8:]) != version {
		return c, errCheckpoint
	}
	n := int(binary.LittleEndian.Uint32(b[36:]))
	end := len(b) - 4
	if end-checkpointFixed != 16*n || binary.LittleEndian.Uint32(b[end:]) != crc32.Checksum(b[:end], castagnoli) {
		return c, errCheckpoint
	}
	c.next = binary.LittleEndian.Uint64(b[12:])
	copy(c.boot[:], b[20:])
	for p := b[checkpointFixed:end]; len(p) > 0; p = p[16:] {
		c.done = append(c.done, span{binary.LittleEndian.Uint64(p), binary.LittleEndian.Uint64(p[8:])})
	}
	return c, nil
}

// has tells whether a block is done.
func (c checkpoint) has(seq uint64) bool {
	for _, s := range c.done {
		if s.from <= seq && seq <= s.to {
			return true
		}
	}
	return false
}

// add appends a number that is larger than all before.
func (c *checkpoint) add(seq uint64) {
	if n := len(c.done); n > 0 && c.done[n-1].to+1 == seq {
		c.done[n-1].to = seq
		return
	}
	c.done = append(c.done, span{seq, seq})
}

func readCheckpoint(fs FS, dir string) (c checkpoint, err error) {
	f, err := fs.Open(filepath.Join(dir, checkpointName))
	if err != nil {
		return c, err
	}
	defer f.Close()
	n, err := f.Size()
	if err != nil {
		return c, err
	}
	b := make([]byte, n)
	if err := readFull(f, b, 0, n); err != nil {
		return c, err
	}
	return decodeCheckpoint(b)
}

// writeCheckpoint replaces the file by a new one.
func writeCheckpoint(fs FS, dir string, c checkpoint) error {
	path := filepath.Join(dir, checkpointName)
	if err := writeFile(fs, path+".tmp", c.encode()); err != nil {
		return fmt.Errorf("writing checkpoint: %w", err)
	}
	if err := errors.Join(fs.Rename(path+".tmp", path), fs.SyncDir(dir)); err != nil {
		return fmt.Errorf("writing checkpoint: %w", err)
	}
	return nil
}

// writeFile makes a file that is synced when it returns without error, and
// gone otherwise.
func writeFile(fs FS, path string, parts ...[]byte) error {
	_ = fs.Remove(path) // of an earlier try
	f, err := fs.Create(path)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if _, err = f.Write(p); err != nil {
			break
		}
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, fs.Remove(path))
	}
	return nil
}
