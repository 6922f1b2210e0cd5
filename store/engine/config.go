package engine

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
)

// Database is the name of the database that the engine creates at start.
const Database = "plimsoll"

const (
	defaultMemory = 1 << 30
	// minMemory is what the engine takes at rest, with room for small queries.
	minMemory = 256 << 20
)

// Config says which engine to run, and where.
type Config struct {
	// DataDir is created when missing. One engine at a time.
	DataDir string
	// Socket is the path of the unix socket; "" is clickhouse.sock in DataDir.
	Socket string
	// Library is the path of libchdb.so.
	Library string
	// Memory is the most that the engine may allocate, in bytes; 0 is 1 GiB. One
	// query may take half of it.
	Memory int64
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
		c.Socket = filepath.Join(c.DataDir, "clickhouse.sock")
	}
	if c.Memory == 0 {
		c.Memory = defaultMemory
	}
	if c.Memory < minMemory {
		return c, fmt.Errorf("memory limit of %d bytes is below the %d that the engine needs", c.Memory, minMemory)
	}
	for _, path := range []*string{&c.DataDir, &c.Socket, &c.Library} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return c, fmt.Errorf("making %s absolute: %w", *path, err)
		}
		*path = absolute
	}
	return c, nil
}

// DSN names a database behind a unix socket, for package store/query.
func DSN(socket, database string) string {
	u := url.URL{Scheme: "unix", Path: socket, RawQuery: url.Values{"database": {database}}.Encode()}
	return u.String()
}
