package envoyals

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	servicev3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
)

func withTLS(cfg Config) Config {
	cfg.TLS = configoptional.Some(configtls.ServerConfig{Config: configtls.Config{CertFile: "c.pem", KeyFile: "k.pem"}})
	return cfg
}

// authority is a CA for one test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate for 127.0.0.1.
func (a *authority) issue(t *testing.T) tls.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// files writes what a server needs into a directory and returns its settings.
func (a *authority) files(t *testing.T) configtls.ServerConfig {
	t.Helper()
	dir := t.TempDir()
	cert := a.issue(t)
	key, err := x509.MarshalECPrivateKey(cert.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return configtls.ServerConfig{
		Config: configtls.Config{
			CertFile: write("cert.pem", "CERTIFICATE", cert.Certificate[0]),
			KeyFile:  write("key.pem", "EC PRIVATE KEY", key),
		},
		ClientCAFile: write("ca.pem", "CERTIFICATE", a.cert.Raw),
	}
}

// TestMutualTLS lets in who has a certificate of the CA, and nobody else.
func TestMutualTLS(t *testing.T) {
	ca, foreign := newAuthority(t), newAuthority(t)
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoint = "127.0.0.1:0"
	cfg.TLS = configoptional.Some(ca.files(t))
	store := newFakeStore()
	r, err := newReceiver(cfg, componenttest.NewNopTelemetrySettings())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	defer shutdown(t, r)
	for name, test := range map[string]struct {
		creds credentials.TransportCredentials
		ok    bool
	}{
		"certificate":         {credentials.NewTLS(&tls.Config{RootCAs: ca.pool(), Certificates: []tls.Certificate{ca.issue(t)}}), true},
		"foreign certificate": {credentials.NewTLS(&tls.Config{RootCAs: ca.pool(), Certificates: []tls.Certificate{foreign.issue(t)}}), false},
		"no certificate":      {credentials.NewTLS(&tls.Config{RootCAs: ca.pool()}), false},
		"plaintext":           {insecure.NewCredentials(), false},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := grpc.NewClient(r.listener.Addr().String(), grpc.WithTransportCredentials(test.creds))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			before, _ := store.rows()
			stream, err := servicev3.NewAccessLogServiceClient(conn).StreamAccessLogs(t.Context())
			if err == nil {
				_ = stream.Send(alstest.Message(alstest.Identifier("mesh.request"), alstest.Outbound()))
				_, err = stream.CloseAndRecv()
			}
			after, _ := store.rows()
			if got := len(after) - len(before); (err == nil) != test.ok || got == 1 != test.ok {
				t.Errorf("%d rows, error %v", got, err)
			}
		})
	}
}

// TestTLSFiles names the file that cannot be read, before the socket is opened.
func TestTLSFiles(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	*cfg = withTLS(*cfg)
	r, err := newReceiver(cfg, componenttest.NewNopTelemetrySettings())
	if err != nil {
		t.Fatal(err)
	}
	err = r.Start(t.Context(), newFakeStore())
	if want := "setting up TLS for 127.0.0.1:19001: failed to load TLS config: failed to load TLS cert and key: " +
		"open c.pem: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got error\n%v\nwant\n%s", err, want)
	}
	shutdown(t, r)
}
