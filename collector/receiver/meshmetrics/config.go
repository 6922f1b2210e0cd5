package meshmetrics

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configtls"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
)

// Config is what a user sets.
type Config struct {
	// Store is the extension that stores the rows.
	// Default: meshstore.
	Store component.ID `mapstructure:"store"`

	// Targets are the pages to scrape.
	Targets []target.Target `mapstructure:"targets"`

	// TargetsFile is a path, or a pattern, of files with more targets, in the
	// form of Prometheus' file_sd. They are read again at each interval.
	// Default: none.
	TargetsFile string `mapstructure:"targets_file"`

	// Interval is how often each target is scraped, Timeout how long that may
	// take.
	// Default: 5s and 3s.
	Interval time.Duration `mapstructure:"interval"`
	Timeout  time.Duration `mapstructure:"timeout"`

	// MaxBodyMiB and MaxSamples bound a page, MaxSeries what is remembered of a
	// target, Concurrency how many targets are read at once.
	// Default: 64, 200000, 50000 and 8.
	MaxBodyMiB  int `mapstructure:"max_body_mib"`
	MaxSamples  int `mapstructure:"max_samples"`
	MaxSeries   int `mapstructure:"max_series"`
	Concurrency int `mapstructure:"concurrency"`

	// BearerTokenFile holds a token that is sent to targets on TCP. It is read
	// for each scrape.
	// Default: none.
	BearerTokenFile string `mapstructure:"bearer_token_file"`

	// TLS is for https targets.
	TLS configtls.ClientConfig `mapstructure:"tls"`
}

var _ component.Config = (*Config)(nil)

const minInterval = time.Second

// Validate checks what can be known without asking anybody.
func (c *Config) Validate() error {
	var errs []error
	if c.Store == (component.ID{}) {
		errs = append(errs, errors.New("store: empty; name the extension that stores the rows, such as meshstore"))
	}
	if len(c.Targets) == 0 && c.TargetsFile == "" {
		errs = append(errs, errors.New("targets: empty; list some, or set targets_file"))
	}
	errs = append(errs, c.validateTargets()...)
	if c.TargetsFile != "" {
		errs = append(errs, absolute("targets_file", c.TargetsFile))
		if _, err := filepath.Match(c.TargetsFile, ""); err != nil {
			errs = append(errs, fmt.Errorf("targets_file: %q: %w", c.TargetsFile, err))
		}
	}
	if c.BearerTokenFile != "" {
		errs = append(errs, absolute("bearer_token_file", c.BearerTokenFile))
	}
	if c.Interval < minInterval {
		errs = append(errs, fmt.Errorf("interval: %s: want at least %s", c.Interval, minInterval))
	}
	if c.Timeout <= 0 || c.Timeout > c.Interval {
		errs = append(errs, fmt.Errorf("timeout: %s: want more than 0 and at most the interval of %s", c.Timeout, c.Interval))
	}
	for _, limit := range []struct {
		name  string
		value int
	}{
		{"max_body_mib", c.MaxBodyMiB},
		{"max_samples", c.MaxSamples},
		{"max_series", c.MaxSeries},
		{"concurrency", c.Concurrency},
	} {
		if limit.value < 1 {
			errs = append(errs, fmt.Errorf("%s: %d: want at least 1", limit.name, limit.value))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) validateTargets() []error {
	var errs []error
	seen := map[string]int{}
	for i, t := range c.Targets {
		address, err := c.admit(t)
		if err != nil {
			errs = append(errs, fmt.Errorf("targets[%d].%w", i, err))
			continue
		}
		if first, twice := seen[address.String()]; twice {
			errs = append(errs, fmt.Errorf("targets[%d].url: %q: is the page of targets[%d] too; its counters would count twice", i, t.URL, first))
		}
		seen[address.String()] = i
	}
	return errs
}

// admit checks a target, also with what the receiver would send to it, and
// returns where it is.
func (c *Config) admit(t target.Target) (target.Address, error) {
	if err := t.Validate(); err != nil {
		return target.Address{}, err
	}
	address, err := t.Address()
	if err == nil && c.BearerTokenFile != "" && !address.Private() {
		err = fmt.Errorf("url: %q: the token of bearer_token_file would be sent in the clear; use https", t.URL)
	}
	return address, err
}

func absolute(field, path string) error {
	if filepath.IsAbs(path) {
		return nil
	}
	return fmt.Errorf("%s: %q: want an absolute path", field, path)
}
