package ingest

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// Config says where a pipeline stores and when it seals. A zero field other
// than DSN and Collector takes its default.
type Config struct {
	DSN        string         // of the store, see parseShards; or of a central collector, see relay.ParseEndpoint
	Collector  string         // name in this process's heartbeats; unique among collectors
	BlockRows  int            // a block is sealed at so many rows; 8192
	BlockAge   time.Duration  // and at least so often; 1 s
	MaxPending int64          // bytes of sealed blocks not yet stored at which callers wait; 64 MiB
	Quarantine string         // directory for blocks that the store refuses; "": that of the write-ahead log, or they are only counted and logged
	WAL        WALConfig      // where sealed blocks are kept until they are stored
	Schema     schema.Options // of the tables; the rendering follows from the DSN
	Observer   Observer       // is told of single events
}

// WALConfig says where sealed blocks are kept on disk until they are stored.
type WALConfig struct {
	Directory string // "": they are kept in memory, and a crash of the process costs them
	MaxBytes  int64  // budget on disk, at which callers wait; 1 GiB
	NoSync    bool   // leave out the fsync: a power failure costs what the kernel had not written

	Files wal.FS // nil: those of the operating system; tests have others
}

// The limits of BlockRows: above, the store may cut an insert in two.
const (
	defaultBlockRows = 8192
	maxBlockRows     = 1 << 19
)

// minWAL makes segments of 128 KiB, of which each may hold a block.
const minWAL = 1 << 20

func (c Config) withDefaults() (Config, error) {
	if c.Collector == "" {
		return c, errors.New("ingest config: collector: a name is needed")
	}
	if c.BlockRows == 0 {
		c.BlockRows = defaultBlockRows
	}
	if c.BlockAge == 0 {
		c.BlockAge = time.Second
	}
	if c.MaxPending == 0 {
		c.MaxPending = 64 << 20
	}
	if c.Quarantine == "" && c.WAL.Directory != "" {
		c.Quarantine = filepath.Join(c.WAL.Directory, "quarantine")
	}
	switch {
	case c.BlockRows < 1 || c.BlockRows > maxBlockRows:
		return c, fmt.Errorf("ingest config: block rows %d: want 1 to %d", c.BlockRows, maxBlockRows)
	case c.BlockAge < time.Millisecond:
		return c, fmt.Errorf("ingest config: block age %s: want at least 1ms", c.BlockAge)
	case c.MaxPending < 1:
		return c, fmt.Errorf("ingest config: max pending %d: want a number of bytes above zero", c.MaxPending)
	case c.WAL.MaxBytes < 0 || c.WAL.MaxBytes > 0 && c.WAL.MaxBytes < minWAL:
		return c, fmt.Errorf("ingest config: budget of the write-ahead log %d: want at least %d bytes, or 0 for 1 GiB", c.WAL.MaxBytes, minWAL)
	}
	return c, nil
}
