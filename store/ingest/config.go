package ingest

import (
	"errors"
	"fmt"
	"time"
)

// Config says where a pipeline stores and when it seals. A zero field other
// than DSN and Collector takes its default.
type Config struct {
	DSN        string        // of the store, see query.ParseDSN
	Collector  string        // name in this process's heartbeats; unique among collectors
	BlockRows  int           // a block is sealed at so many rows; 8192
	BlockAge   time.Duration // and at least so often; 1 s
	MaxPending int64         // bytes of sealed blocks not yet stored at which callers wait; 64 MiB
	Quarantine string        // directory for blocks that the store refuses; "": they are only counted and logged
}

// The limits of BlockRows: above, the store may cut an insert in two.
const (
	defaultBlockRows = 8192
	maxBlockRows     = 1 << 19
)

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
	switch {
	case c.BlockRows < 1 || c.BlockRows > maxBlockRows:
		return c, fmt.Errorf("ingest config: block rows %d: want 1 to %d", c.BlockRows, maxBlockRows)
	case c.BlockAge < time.Millisecond:
		return c, fmt.Errorf("ingest config: block age %s: want at least 1ms", c.BlockAge)
	case c.MaxPending < 1:
		return c, fmt.Errorf("ingest config: max pending %d: want a number of bytes above zero", c.MaxPending)
	}
	return c, nil
}
