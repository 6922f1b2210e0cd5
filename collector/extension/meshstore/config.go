package meshstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/plimsoll-mesh/plimsoll/store/ingest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// Config is what a user sets.
type Config struct {
	// Endpoint is the store's DSN: "unix:///path.sock?database=plimsoll" or
	// "http(s)://[user:password@]host:port?database=plimsoll". It is never
	// printed, as it may hold a password. Required.
	Endpoint configopaque.String `mapstructure:"endpoint"`

	// Collector names this collector in its heartbeats, by which a reader knows
	// how far it may read. It must be unique among the collectors of a store.
	// Default: the host name.
	Collector string `mapstructure:"collector"`

	// BlockRows and BlockAge seal a block at so many rows, and at least so
	// often. Fewer and larger blocks cost the store less; an older block is seen
	// later.
	// Default: 8192 and 1s.
	BlockRows int           `mapstructure:"block_rows"`
	BlockAge  time.Duration `mapstructure:"block_age"`

	// MaxPendingMiB bounds the rows that wait to be stored. When they fill it,
	// receivers stop reading until the store takes some.
	// Default: 64.
	MaxPendingMiB int `mapstructure:"max_pending_mib"`

	// Quarantine is a directory for blocks that the store refuses for their
	// content, each with the reason. Without one they are counted and dropped.
	// Default: none.
	Quarantine string `mapstructure:"quarantine"`
}

var _ component.Config = (*Config)(nil)

// Validate checks what can be known without the store.
func (c *Config) Validate() error {
	var errs []error
	if c.Endpoint == "" {
		errs = append(errs, errors.New("endpoint: empty; set the store's address, such as unix:///run/plimsoll/clickhouse.sock?database=plimsoll"))
	} else if _, err := query.ParseDSN(string(c.Endpoint)); err != nil {
		errs = append(errs, fmt.Errorf("endpoint: %w", err))
	}
	if c.BlockRows < 1 || c.BlockRows > maxBlockRows {
		errs = append(errs, fmt.Errorf("block_rows: %d: want 1 to %d", c.BlockRows, maxBlockRows))
	}
	if c.BlockAge < minBlockAge || c.BlockAge > maxBlockAge {
		errs = append(errs, fmt.Errorf("block_age: %s: want %s to %s", c.BlockAge, minBlockAge, maxBlockAge))
	}
	if c.MaxPendingMiB < 1 {
		errs = append(errs, fmt.Errorf("max_pending_mib: %d: want at least 1", c.MaxPendingMiB))
	}
	if c.Quarantine != "" && !filepath.IsAbs(c.Quarantine) {
		errs = append(errs, fmt.Errorf("quarantine: %q: want an absolute path", c.Quarantine))
	}
	return errors.Join(errs...)
}

// The limits of Validate. A block older than maxBlockAge would hold up the
// watermark behind which all answers wait.
const (
	maxBlockRows = 100_000
	minBlockAge  = 100 * time.Millisecond
	maxBlockAge  = 10 * time.Second
)

// pipeline returns the settings of the ingest pipeline.
func (c *Config) pipeline() (ingest.Config, error) {
	collector := c.Collector
	if collector == "" {
		host, err := os.Hostname()
		if err != nil {
			return ingest.Config{}, fmt.Errorf("naming the collector after its host: %w; set collector", err)
		}
		collector = host
	}
	return ingest.Config{
		DSN:        string(c.Endpoint),
		Collector:  collector,
		BlockRows:  c.BlockRows,
		BlockAge:   c.BlockAge,
		MaxPending: int64(c.MaxPendingMiB) << 20,
		Quarantine: c.Quarantine,
	}, nil
}
