package run

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// maxSocketPath is what the address of a unix socket holds (unix(7), 108 bytes
// with the final zero).
const maxSocketPath = 107

// targetsFile lists where the proxies have their statistics.
const targetsFile = "targets.yaml"

// place is where the files of one run are. Only this user can enter it.
type place struct{ root string }

func newPlace(name string) (place, error) {
	root, err := os.MkdirTemp("", "plimsoll-"+name+"-")
	if err != nil {
		return place{}, fmt.Errorf("making a directory for the run: %w", err)
	}
	p := place{root: root}
	if err := p.prepare(); err != nil {
		_ = p.remove() // the first error says more
		return place{}, err
	}
	return p, nil
}

func (p place) prepare() error {
	if n := len(p.engineSock()); n > maxSocketPath {
		return fmt.Errorf("placing the run in %s: the paths of its sockets would have %d bytes and more, the system takes %d; set TMPDIR to a shorter directory",
			p.root, n, maxSocketPath)
	}
	for _, dir := range []string{p.logs(), p.sockets(), p.state(), p.proxies(), p.quarantine()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making a directory for the run: %w", err)
		}
	}
	return nil
}

func (p place) logs() string         { return filepath.Join(p.root, "logs") }
func (p place) sockets() string      { return filepath.Join(p.root, "s") }
func (p place) engine() string       { return filepath.Join(p.root, "engine") }
func (p place) engineSock() string   { return filepath.Join(p.sockets(), "clickhouse.sock") }
func (p place) alsSock() string      { return filepath.Join(p.sockets(), "als.sock") }
func (p place) relaySock() string    { return filepath.Join(p.sockets(), "relay.sock") }
func (p place) wal(of string) string { return filepath.Join(p.root, "wal-"+of) }
func (p place) enginePid() string    { return filepath.Join(p.engine(), "engine.pid") }
func (p place) state() string        { return filepath.Join(p.root, "state") }
func (p place) proxies() string      { return filepath.Join(p.root, "proxies") }
func (p place) quarantine() string   { return filepath.Join(p.root, "quarantine") }
func (p place) viewerToken() string  { return filepath.Join(p.state(), "viewer.token") }
func (p place) operator() string     { return filepath.Join(p.state(), "operator.token") }

// write writes a file that only this user can read and returns its path.
func (p place) write(name string, content []byte) (string, error) {
	path := filepath.Join(p.root, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return "", fmt.Errorf("writing %s: %w", name, err)
	}
	return path, nil
}

func (p place) remove() error { return os.RemoveAll(p.root) }

// newToken returns a random bearer token.
func newToken() string {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// renameDir moves a directory, if there is anything in it.
func renameDir(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return fmt.Errorf("%s is empty", from)
	}
	return os.Rename(from, to)
}
