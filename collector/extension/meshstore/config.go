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
	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// Config is what a user sets.
type Config struct {
	// Endpoint is the store's DSN: "unix:///path.sock?database=plimsoll" or
	// "http(s)://[user:password@]host:port?database=plimsoll". Several hosts are
	// those of a cluster: replicas are separated by commas, shards by semicolons.
	// "plimsoll+unix:///path.sock" and
	// "plimsoll+http(s)://host:port?token_file=/path" are a central collector
	// (receiver blockrelay), to which blocks go instead. It is never printed, as
	// it may hold a password. Required.
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

	// WAL keeps blocks on disk until they are stored.
	WAL WALConfig `mapstructure:"wal"`

	// MaxPendingMiB bounds the rows that wait to be stored when there is no
	// write-ahead log. When they fill it, receivers stop reading until the store
	// takes some.
	// Default: 64.
	MaxPendingMiB int `mapstructure:"max_pending_mib"`

	// Quarantine is a directory for blocks that the store refuses for their
	// content, each with the reason. Without one they are counted and dropped.
	// Default: quarantine in the directory of the write-ahead log, if there is
	// one.
	Quarantine string `mapstructure:"quarantine"`

	// Retention is how long a table keeps its rows, by the table's name, such as
	// "requests: 72h", two hours at least. It is applied at start, also to rows
	// that are there. All collectors of a store must say the same.
	// Default: see docs/formats.md.
	Retention map[string]time.Duration `mapstructure:"retention"`

	// Sampling thins out raw rows. Counts and latencies are of all rows.
	Sampling SamplingConfig `mapstructure:"sampling"`
}

// WALConfig says where blocks are kept until they are stored.
type WALConfig struct {
	// Directory is made if it does not exist, and used by one process at a time.
	// Without one, blocks are kept in memory: a crash costs those that are not
	// stored yet.
	// Default: none.
	Directory string `mapstructure:"directory"`

	// MaxMiB bounds the files. When they fill it, receivers stop reading until
	// the store takes some.
	// Default: 1024.
	MaxMiB int `mapstructure:"max_mib"`

	// Sync has every block on the disk before it is acknowledged. Without it, a
	// power failure costs what the kernel had not written, up to half a minute;
	// a crash of the process still costs nothing.
	// Default: true.
	Sync bool `mapstructure:"sync"`
}

// SamplingConfig says which share of raw rows is kept, above 0 and up to 1.
type SamplingConfig struct {
	// Requests is the share of calls whose rows are kept in the table requests.
	// Errors, and calls that took several tries, are always kept.
	// Default: 1.
	Requests float64 `mapstructure:"requests"`
}

var _ component.Config = (*Config)(nil)

// Validate checks what can be known without the store.
func (c *Config) Validate() error {
	errs := []error{c.checkEndpoint(), c.checkSchema()}
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
	if c.WAL.Directory != "" && !filepath.IsAbs(c.WAL.Directory) {
		errs = append(errs, fmt.Errorf("wal::directory: %q: want an absolute path", c.WAL.Directory))
	}
	if c.WAL.MaxMiB < minWALMiB {
		errs = append(errs, fmt.Errorf("wal::max_mib: %d: want at least %d", c.WAL.MaxMiB, minWALMiB))
	}
	return errors.Join(errs...)
}

func (c *Config) checkEndpoint() error {
	if c.Endpoint == "" {
		return errors.New("endpoint: empty; set the store's address, such as unix:///run/plimsoll/clickhouse.sock?database=plimsoll")
	}
	if err := ingest.CheckDSN(string(c.Endpoint)); err != nil {
		return fmt.Errorf("endpoint: %w", err)
	}
	return nil
}

// checkSchema checks what goes into the tables' definitions.
func (c *Config) checkSchema() error {
	var errs []error
	if relay.Is(string(c.Endpoint)) && (len(c.Retention) > 0 || c.Sampling.Requests != 1) {
		errs = append(errs, errors.New("retention, sampling: set them at the central collector, which is the one to make the tables"))
	}
	if share := c.Sampling.Requests; !(share > 0 && share <= 1) { // false for NaN
		errs = append(errs, fmt.Errorf("sampling::requests: %v: want a share above 0 and up to 1", share))
	} else if err := c.schema().Validate(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// The limits of Validate. A block older than maxBlockAge would hold up the
// watermark behind which all answers wait.
const (
	maxBlockRows = 100_000
	minBlockAge  = 100 * time.Millisecond
	maxBlockAge  = 10 * time.Second
	minWALMiB    = 64
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
		WAL: ingest.WALConfig{
			Directory: c.WAL.Directory, MaxBytes: int64(c.WAL.MaxMiB) << 20, NoSync: !c.WAL.Sync,
		},
		Schema: c.schema(),
	}, nil
}

func (c *Config) schema() schema.Options {
	return schema.Options{Retention: c.Retention, RawShare: c.Sampling.Requests}
}
