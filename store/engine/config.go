package engine

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
)

// Database is the name of the database that the engine creates at start.
const Database = "plimsoll"

// Config says which engine to run, and where.
type Config struct {
	// DataDir is created when missing. One engine at a time.
	DataDir string
	// Socket is the path of the unix socket; "" is clickhouse.sock in DataDir.
	Socket string
	// Library is the path of libchdb.so.
	Library string
	// Memory is the most that the engine may allocate, in bytes; one query may take
	// half of it. 0 leaves the choice to memory.go: what the cgroup allows, less
	// headroom, or 1 GiB without a limit.
	Memory int64
	// Backups is the directory that backups are written to and restored from; it is
	// created when missing. "" is backups in DataDir.
	Backups string
	// Listen is an address for a second, TCP, listener, guarded by a key in
	// engine.key; "" is none.
	Listen string
}

// complete fills the defaults in and makes paths absolute: the child must not
// depend on the working directory.
func (c Config) complete() (Config, error) {
	if c.DataDir == "" {
		return c, errors.New("no data directory given")
	}
	if c.Socket == "" {
		c.Socket = SocketPath(c.DataDir)
	}
	if c.Backups == "" {
		c.Backups = BackupDir(c.DataDir)
	}
	if c.Memory != 0 && c.Memory < minMemory {
		return c, fmt.Errorf("memory limit of %d bytes is below the %d that the engine needs", c.Memory, minMemory)
	}
	for _, path := range []*string{&c.DataDir, &c.Socket, &c.Library, &c.Backups} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return c, fmt.Errorf("making %s absolute: %w", *path, err)
		}
		*path = absolute
	}
	return c, nil
}

// SocketPath is where the unix socket of a data directory is, unless placed
// elsewhere.
func SocketPath(dataDir string) string { return filepath.Join(dataDir, "clickhouse.sock") }

// BackupDir is where the backups of a data directory are, unless placed elsewhere.
func BackupDir(dataDir string) string { return filepath.Join(dataDir, "backups") }

// DSN names a database behind a unix socket, for package store/query.
func DSN(socket, database string) string {
	u := url.URL{Scheme: "unix", Path: socket, RawQuery: url.Values{"database": {database}}.Encode()}
	return u.String()
}
