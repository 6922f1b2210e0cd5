package blockrelay

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay/relaytest"
)

// TestBearerToken sends with the right token, a wrong one, and none.
func TestBearerToken(t *testing.T) {
	store := &fakeStore{}
	r := start(t, store, componenttest.NewNopTelemetrySettings(), func(c *Config) {
		c.Endpoint, c.TokenFile = "127.0.0.1:0", secretFile(t, secretText)
	})
	address := r.listener.Addr().String()
	wrong := sender(t, "plimsoll+http://"+address+"?token_file="+secretFile(t, "not-the-right-token"))
	var refusal *relay.Refusal
	for name, err := range map[string]error{"check": wrong.Check(t.Context()), "post": wrong.Post(t.Context(), relaytest.Block(t, 1, 1))} {
		if !errors.As(err, &refusal) || refusal.Status != http.StatusUnauthorized || refusal.Permanent() {
			t.Errorf("%s with a wrong token: got error %v, want 401", name, err)
		}
	}
	resp, err := http.Get("http://" + address + relay.AboutPath)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("without a token: %d, %v", resp.StatusCode, resp.Header)
	}
	right := sender(t, "plimsoll+http://"+address+"?token_file="+secretFile(t, secretText))
	if err := errors.Join(right.Check(t.Context()), right.Post(t.Context(), relaytest.Block(t, 1, 1))); err != nil {
		t.Error(err)
	}
	if n := len(store.taken()); n != 1 {
		t.Errorf("%d blocks are stored, want 1", n)
	}
}

// pair writes a certificate of 127.0.0.1 that vouches for itself.
func pair(t *testing.T, dir string, serial int64) TLSConfig {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "relay"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	files := TLSConfig{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	for path, block := range map[string]*pem.Block{files.CertFile: {Type: "CERTIFICATE", Bytes: der}, files.KeyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestTLS(t *testing.T) {
	files, secret := pair(t, t.TempDir(), 1), secretFile(t, secretText)
	store := &fakeStore{}
	r := start(t, store, componenttest.NewNopTelemetrySettings(), func(c *Config) {
		c.Endpoint, c.TokenFile, c.TLS = "0.0.0.0:0", secret, files
	})
	_, port, err := net.SplitHostPort(r.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	address := "127.0.0.1:" + port
	client := sender(t, "plimsoll+https://"+address+"?token_file="+secret+"&ca_file="+files.CertFile)
	if err := errors.Join(client.Check(t.Context()), client.Post(t.Context(), relaytest.Block(t, 1, 1))); err != nil {
		t.Error(err)
	}
	if err := sender(t, "plimsoll+http://"+address+"?token_file="+secret).Post(t.Context(), relaytest.Block(t, 2, 1)); err == nil {
		t.Error("a block was taken without encryption")
	}
	if n := len(store.taken()); n != 1 {
		t.Errorf("%d blocks are stored, want 1", n)
	}
}

// TestCertificateIsReadAgain replaces the files, and then breaks them.
func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	source := &certificates{files: pair(t, dir, 1)}
	serial := func() int64 {
		t.Helper()
		c, err := source.get()
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf.SerialNumber.Int64()
	}
	later := func(d time.Duration) {
		t.Helper()
		at := time.Now().Add(d) // a file system may not tell two writes apart
		if err := os.Chtimes(source.files.CertFile, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if got := serial(); got != 1 {
		t.Errorf("serial %d, want 1", got)
	}
	pair(t, dir, 2)
	later(time.Minute)
	if got := serial(); got != 2 {
		t.Errorf("serial %d after the change, want 2", got)
	}
	if err := os.WriteFile(source.files.CertFile, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	later(2 * time.Minute)
	if got := serial(); got != 2 {
		t.Errorf("serial %d while the file is broken, want 2", got)
	}
	pair(t, dir, 3)
	later(3 * time.Minute)
	if got := serial(); got != 3 {
		t.Errorf("serial %d after the repair, want 3", got)
	}
}
