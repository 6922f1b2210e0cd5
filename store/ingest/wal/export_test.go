package wal

import "io"

// Queued counts the blocks that wait for the committer.
func (l *Log) Queued() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue)
}

// ScanAll reads a segment from memory: what the fuzz test calls.
func ScanAll(src io.ReaderAt, size int64) (blocks []Block, valid, broken int64, err error) {
	r, err := newReader(src, size)
	if err != nil {
		return nil, 0, 0, err
	}
	err = r.scan(func(f found) {
		f.block.Body = append([]byte(nil), f.block.Body...)
		blocks = append(blocks, f.block)
		valid += f.size
	}, func(d damage) { broken += d.to - d.from })
	return blocks, valid, broken, err
}
