package envoyals

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"

	"github.com/plimsoll-mesh/plimsoll/collector/internal/listen"
)

// Config is what a user sets.
type Config struct {
	// Endpoint is where Envoys connect: "host:port"; "unix:///path" for a socket
	// that the receiver makes; "fd:3" for a listening socket that the process
	// was started with, by its number; "systemd" or "systemd:name" for one that
	// came by socket activation.
	// Default: 127.0.0.1:19001.
	Endpoint string `mapstructure:"endpoint"`

	// TLS is what the receiver proves itself with, and how it checks the proxies
	// (client_ca_file). Off loopback it must have both.
	// Default: plaintext.
	TLS configoptional.Optional[configtls.ServerConfig] `mapstructure:"tls"`

	// Insecure lets anyone who reaches the endpoint write rows, also from other
	// machines, without TLS or without a client certificate.
	// Default: false.
	Insecure bool `mapstructure:"insecure"`

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
	address, err := listen.Parse(c.Endpoint)
	if err != nil {
		return fmt.Errorf("endpoint: %w", err)
	}
	return c.guard(address.Remote())
}

// guard refuses to serve other machines (remote) without knowing them, unless
// the user insists.
func (c *Config) guard(remote bool) error {
	switch {
	case !remote || c.Insecure:
		return nil
	case !c.TLS.HasValue():
		return fmt.Errorf("tls: missing, and endpoint %q can be reached from other machines; "+
			"set tls with cert_file, key_file and client_ca_file, listen on 127.0.0.1 or a socket, or set insecure: true", c.Endpoint)
	case c.TLS.Get().ClientCAFile == "":
		return fmt.Errorf("tls::client_ca_file: missing, and endpoint %q can be reached from other machines; "+
			"name the CA of the proxies' certificates, or set insecure: true", c.Endpoint)
	}
	return nil
}
