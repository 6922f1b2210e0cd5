package ingest

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// quarantine keeps blocks that the store refuses for their own content.
type quarantine struct {
	dir string // "": blocks are counted and logged, not kept
	log *slog.Logger
}

// quarantineBytes bounds what is kept in the directory. Blocks beyond are
// counted and logged alone: those that came first tell the story.
const quarantineBytes = 256 << 20

// take logs the block with the reason and writes two files, if there is a
// directory with room: <table>-<token>.native.lz4, which is the body of the
// insert, and <table>-<token>.txt.
func (q quarantine) take(b *sealed, reason error) {
	path, err := q.write(b, reason)
	if err != nil {
		q.log.Error("block in quarantine could not be written", "table", b.table, "token", b.token, "error", err)
	}
	q.log.Error("store refuses a block", "table", b.table, "token", b.token, "rows", b.rows, "reason", reason, "file", path)
}

func (q quarantine) write(b *sealed, reason error) (string, error) {
	if q.dir == "" {
		return "", nil
	}
	if err := os.MkdirAll(q.dir, 0o700); err != nil {
		return "", fmt.Errorf("making quarantine directory: %w", err)
	}
	used, err := q.used()
	if err != nil {
		return "", err
	}
	if used+int64(len(b.body)) > quarantineBytes {
		return "", fmt.Errorf("the quarantine %s holds %d bytes of %d: look at what is there and remove it", q.dir, used, quarantineBytes)
	}
	base := filepath.Join(q.dir, b.table+"-"+b.token)
	text := fmt.Sprintf("table: %s\ntoken: %s\nrows: %d\nreason: %v\n", b.table, b.token, b.rows, reason)
	if err := writeFile(base+".txt", []byte(text)); err != nil {
		return "", err
	}
	return base + ".native.lz4", writeFile(base+".native.lz4", b.body)
}

// used adds up the files of the directory.
func (q quarantine) used() (n int64, err error) {
	entries, err := os.ReadDir(q.dir)
	if err != nil {
		return 0, fmt.Errorf("reading quarantine directory: %w", err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			n += info.Size()
		}
	}
	return n, nil
}

// writeFile writes a file that is either whole or absent.
func writeFile(path string, data []byte) error {
	if err := os.WriteFile(path+".tmp", data, 0o600); err != nil {
		return fmt.Errorf("writing quarantined block: %w", err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return fmt.Errorf("writing quarantined block: %w", err)
	}
	return nil
}
