package blockrelay

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"

	"go.opentelemetry.io/collector/component"

	"github.com/plimsoll-mesh/plimsoll/collector/internal/listen"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay"
)

// Config is what a user sets.
type Config struct {
	// Endpoint is where senders connect: "host:port", "unix:///path" for a
	// socket (mode 0660), "fd:3" or "systemd:NAME" for one that another process
	// holds. Off loopback, TLS is required.
	// Default: 127.0.0.1:4319.
	Endpoint string `mapstructure:"endpoint"`

	// Store is the extension that stores the blocks.
	// Default: meshstore.
	Store component.ID `mapstructure:"store"`

	// TokenFile holds the bearer token that senders must know, in a file that
	// only its owner can read. Required unless Endpoint is a socket.
	// Default: none.
	TokenFile string `mapstructure:"token_file"`

	// TLS is the certificate that this side shows. Both files are read again when
	// they change.
	// Default: none.
	TLS TLSConfig `mapstructure:"tls"`

	// MaxInFlightMiB bounds the bodies that are held at a time; requests beyond
	// are answered 503 and come again.
	// Default: 64.
	MaxInFlightMiB int `mapstructure:"max_in_flight_mib"`
}

// TLSConfig names a certificate and its key, in PEM form.
type TLSConfig struct {
	CertFile string `mapstructure:"cert_file"`
	KeyFile  string `mapstructure:"key_file"`
}

var _ component.Config = (*Config)(nil)

func (c TLSConfig) set() bool { return c != TLSConfig{} }

// Validate checks what can be known without opening anything.
func (c *Config) Validate() error {
	var errs []error
	if c.Store == (component.ID{}) {
		errs = append(errs, errors.New("store: empty; name the extension that stores the blocks, such as meshstore"))
	}
	if least := int(maxBody >> 20); c.MaxInFlightMiB < least {
		errs = append(errs, fmt.Errorf("max_in_flight_mib: %d: want at least %d, the size of the largest block", c.MaxInFlightMiB, least))
	}
	errs = append(errs, absolute("token_file", c.TokenFile), absolute("tls::cert_file", c.TLS.CertFile), absolute("tls::key_file", c.TLS.KeyFile))
	if c.TLS.set() && (c.TLS.CertFile == "" || c.TLS.KeyFile == "") {
		errs = append(errs, errors.New("tls: want both cert_file and key_file"))
	}
	address, err := listen.Parse(c.Endpoint)
	if err != nil {
		return errors.Join(append(errs, fmt.Errorf("endpoint: %w", err))...)
	}
	return errors.Join(append(errs, c.access(address)...)...)
}

// access checks that strangers can neither send nor listen in. What systemd
// holds is looked at when it is opened.
func (c *Config) access(a listen.Address) (errs []error) {
	if a.Network != "tcp" {
		return nil
	}
	if c.TokenFile == "" {
		errs = append(errs, fmt.Errorf("token_file: empty; %s can be reached by others than the senders: name a file of mode 0600 that holds a bearer token", c.Endpoint))
	}
	if host, _, _ := net.SplitHostPort(a.Value); !relay.Loopback(host) && !c.TLS.set() {
		errs = append(errs, fmt.Errorf("tls: not set; %s can be reached from other machines: set cert_file and key_file, or listen on 127.0.0.1", c.Endpoint))
	}
	return errs
}

func absolute(field, path string) error {
	if path != "" && !filepath.IsAbs(path) {
		return fmt.Errorf("%s: %q: want an absolute path", field, path)
	}
	return nil
}
