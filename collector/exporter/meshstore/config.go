package meshstore

import (
	"errors"

	"go.opentelemetry.io/collector/component"
)

// Config is what a user sets.
type Config struct {
	// Store is the extension that stores the records.
	// Default: meshstore.
	Store component.ID `mapstructure:"store"`
}

var _ component.Config = (*Config)(nil)

// Validate checks what can be known without the store.
func (c *Config) Validate() error {
	if c.Store == (component.ID{}) {
		return errors.New("store: empty; name the extension that stores the records, such as meshstore")
	}
	return nil
}
