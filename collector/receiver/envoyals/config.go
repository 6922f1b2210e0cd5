package envoyals

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"go.opentelemetry.io/collector/component"
)

// Config is what a user sets.
type Config struct {
	// Endpoint is where Envoys connect: "host:port", or "unix:///path" for a
	// socket. There is no encryption: keep it on loopback, on a socket, or in a
	// network that you trust.
	// Default: 127.0.0.1:19001.
	Endpoint string `mapstructure:"endpoint"`

	// Store is the extension that stores the rows.
	// Default: meshstore.
	Store component.ID `mapstructure:"store"`
}

var _ component.Config = (*Config)(nil)

// Validate checks what can be known without opening anything.
func (c *Config) Validate() error {
	if c.Store == (component.ID{}) {
		return errors.New("store: empty; name the extension that stores the rows, such as meshstore")
	}
	_, _, err := splitEndpoint(c.Endpoint)
	return err
}

// splitEndpoint returns network and address of an endpoint, as net.Listen wants
// them.
func splitEndpoint(endpoint string) (network, address string, err error) {
	if path, ok := strings.CutPrefix(endpoint, "unix://"); ok {
		if !filepath.IsAbs(path) {
			return "", "", fmt.Errorf("endpoint: %q: the path of a socket must be absolute, as in unix:///run/plimsoll/als.sock", endpoint)
		}
		return "unix", path, nil
	}
	if _, _, err := net.SplitHostPort(endpoint); err != nil {
		return "", "", fmt.Errorf("endpoint: %q: want host:port or unix:///path: %w", endpoint, err)
	}
	return "tcp", endpoint, nil
}
