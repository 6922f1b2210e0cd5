package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// Cost is what a measured process says of itself.
type Cost struct {
	Rows   int     `json:"rows"`
	CPU    float64 `json:"cpu_s"`  // user and system
	Wall   float64 `json:"wall_s"` // from the first message to the last answer of the store
	Allocs uint64  `json:"allocs"` // heap objects made meanwhile; 0: not told
}

// perRow returns CPU seconds per row.
func (c Cost) perRow() float64 { return c.CPU / float64(c.Rows) }

// spend runs a program on the messages and returns what it cost. One core means
// GOMAXPROCS=1: the garbage collector works on that core, too.
func spend(ctx context.Context, messages [][]byte, path string, args ...string) (Cost, error) {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		return Cost{}, err
	}
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Start(); err != nil {
		return Cost{}, err
	}
	if err := feed(in, messages); err != nil {
		_ = cmd.Process.Kill()
	}
	if err := cmd.Wait(); err != nil {
		return Cost{}, fmt.Errorf("running %s %v: %w\n%s", path, args, err, complaints.Bytes())
	}
	var c Cost
	if err := json.Unmarshal(out.Bytes(), &c); err != nil {
		return Cost{}, fmt.Errorf("reading what %s %v says: %w", path, args, err)
	}
	return c, nil
}

// feed writes each message behind its length in four bytes, big-endian.
func feed(in io.WriteCloser, messages [][]byte) error {
	w := bufio.NewWriterSize(in, 1<<20)
	for _, m := range messages {
		if err := binary.Write(w, binary.BigEndian, uint32(len(m))); err != nil {
			return err
		}
		if _, err := w.Write(m); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return in.Close()
}
