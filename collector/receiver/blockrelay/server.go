package blockrelay

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/internal/listen"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay"
)

// Bounds of the server.
const (
	maxBody       = 20 << 20 // bytes; a pipeline seals a block at 16 MiB of values
	maxDrain      = 64 << 20 // of a body that is refused
	maxHeader     = 16 << 10
	maxConns      = 1024
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second // of a request, body included
	writeTimeout  = readTimeout + storeTimeout + 10*time.Second
	idleTimeout   = 2 * time.Minute
)

func newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		// What goes wrong on a connection is the sender's to report.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}

// open listens at the endpoint of the config, with TLS if it is set.
func open(cfg *Config) (net.Listener, error) {
	source := &certificates{files: cfg.TLS}
	if cfg.TLS.set() {
		if _, err := source.get(); err != nil {
			return nil, err
		}
	}
	listener, err := listen.Listen(cfg.Endpoint)
	if err != nil {
		return nil, err
	}
	if err := guarded(cfg, listener.Addr()); err != nil {
		_ = listener.Close()
		return nil, err
	}
	listener = limit(listener, maxConns)
	if !cfg.TLS.set() {
		return listener, nil
	}
	return tls.NewListener(listener, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return source.get() },
	}), nil
}

// guarded checks again what Config.Validate did, now that the address is known:
// that of a held socket, or of a name.
func guarded(cfg *Config, a net.Addr) error {
	if a.Network() == "unix" {
		return nil
	}
	host, _, err := net.SplitHostPort(a.String())
	switch {
	case err != nil:
		return fmt.Errorf("listening on %s: %w", cfg.Endpoint, err)
	case cfg.TokenFile == "":
		return fmt.Errorf("listening on %s, which is %s: set token_file", cfg.Endpoint, a)
	case !relay.Loopback(host) && !cfg.TLS.set():
		return fmt.Errorf("listening on %s, which is %s: set tls, it can be reached from other machines", cfg.Endpoint, a)
	}
	return nil
}

// certificates reads a certificate again when its file has changed.
type certificates struct {
	files TLSConfig

	mu      sync.Mutex
	current *tls.Certificate
	changed time.Time // of the certificate's file
}

func (c *certificates) get() (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(c.files.CertFile)
	if err == nil && c.current != nil && info.ModTime().Equal(c.changed) {
		return c.current, nil
	}
	var pair tls.Certificate
	if err == nil {
		pair, err = tls.LoadX509KeyPair(c.files.CertFile, c.files.KeyFile)
	}
	switch {
	case err == nil:
		c.current, c.changed = &pair, info.ModTime()
	case c.current == nil:
		return nil, fmt.Errorf("reading certificate %s: %w", c.files.CertFile, err)
	} // else it is being replaced: the one in hand serves until that is done
	return c.current, nil
}
