package filexds

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// file is one file that Envoy reads, and how to recognise it in the proxy.
type file struct {
	path    string
	name    string // of the resource
	version string
	content []byte
}

// fileSet is all that may change of one proxy.
type fileSet struct {
	runtime file
	routes  []file // in the order of the workload's upstreams
}

func (s fileSet) all() []file { return append([]file{s.runtime}, s.routes...) }

func (s fileSet) same(other fileSet) bool {
	return s.runtime.same(other.runtime) && len(changed(s.routes, other.routes)) == 0
}

// changed returns the files of to that differ from those of from; both lists
// name the same files in the same order.
func changed(from, to []file) []file {
	var out []file
	for i, f := range to {
		if !f.same(from[i]) {
			out = append(out, f)
		}
	}
	return out
}

func (f file) same(other file) bool { return bytes.Equal(f.content, other.content) }

// write replaces the file by rename: Envoy watches for moves, and never sees
// half of it. Only the owner may read it.
func (f file) write() (err error) {
	dir := filepath.Dir(f.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making directory for %s: %w", f.path, err)
	}
	temp, err := os.CreateTemp(dir, "."+filepath.Base(f.path)+".*") // 0600
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp.Name())
		}
	}()
	if _, err := temp.Write(f.content); err != nil {
		temp.Close()
		return fmt.Errorf("writing %s: %w", f.path, err)
	}
	if err := temp.Close(); err != nil {
		return fmt.Errorf("writing %s: %w", f.path, err)
	}
	if err := os.Rename(temp.Name(), f.path); err != nil {
		return fmt.Errorf("replacing %s: %w", f.path, err)
	}
	return nil
}
