package meshmetrics

import (
	"encoding/pem"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// TestTLS scrapes an https target whose authority is in tls, with a token, and
// a socket, to which the token is not sent.
func TestTLS(t *testing.T) {
	var token, socketToken atomic.Value
	handler := func(seen *atomic.Value) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			seen.Store(r.Header.Get("Authorization"))
			w.Header().Set("Content-Type", "text/plain")
			_, _ = w.Write([]byte(pageOf(logs, 1)))
		}
	}
	secure := httptest.NewTLSServer(handler(&token))
	defer secure.Close()
	dir := socketDir(t)
	listener, err := net.Listen("unix", filepath.Join(dir, "admin.sock"))
	if err != nil {
		t.Fatal(err)
	}
	local := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler(&socketToken)}}
	local.Start()
	defer local.Close()
	ca, secret := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "token")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(secret, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}

	store := newFakeStore()
	r := start(t, store, componenttest.NewNopTelemetrySettings(), func(c *Config) {
		c.BearerTokenFile, c.TLS.CAFile = secret, ca
		c.Targets = []target.Target{
			{URL: secure.URL, Source: "istio", Proxy: "secure"},
			{URL: "unix://" + dir + "/admin.sock", Source: "istio", Proxy: "local"},
		}
	})
	store.await(t, "both targets", func(stats []record.ProxyStat) bool {
		up := proxies(stats)
		return up["secure"] && up["local"]
	})
	shutdown(t, r)
	if got := token.Load(); got != "Bearer s3cret" {
		t.Errorf("%q was sent by TLS", got)
	}
	if got := socketToken.Load(); got != "" {
		t.Errorf("%q was sent to a socket", got)
	}
}

// TestUntrusted does not read a target whose certificate nobody vouches for.
func TestUntrusted(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	secure.StartTLS()
	defer secure.Close()
	s, _, _ := startScraper(t, target.Target{URL: secure.URL, Proxy: "p"})
	if err := s.scrape(t.Context()); err == nil || reasonOf(err) != reasonUnreachable {
		t.Errorf("error %v", err)
	}
}
