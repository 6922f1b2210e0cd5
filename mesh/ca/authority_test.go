package ca

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	noon    = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	reviews = Identity{"prod.example", "default", "reviews"}
)

// clock is a time that tests move.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func authority(t testing.TB) (*Authority, Issuer, *clock) {
	t.Helper()
	c := &clock{noon}
	root, err := NewRoot("prod.example", noon)
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAuthority("prod.example", root, NewBundle(root.Root()), c.now)
	if err != nil {
		t.Fatal(err)
	}
	return a, root, c
}

// TestSign is the form of a certificate: X509-SVID §2–4, and ours.
func TestSign(t *testing.T) {
	a, root, _ := authority(t)
	k := key(t, elliptic.P256())
	s, err := a.Sign(t.Context(), request(t, k, x509.CertificateRequest{}), reviews, 0)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := ParseChain(s.ChainPEM)
	if err != nil || len(chain) != 1 {
		t.Fatalf("chain of %d, %v; want the leaf alone", len(chain), err)
	}
	leaf := chain[0]
	if diff := cmp.Diff([]string{"spiffe://prod.example/ns/default/sa/reviews"}, uris(leaf)); diff != "" {
		t.Error(diff)
	}
	if leaf.IsCA || !leaf.BasicConstraintsValid || leaf.KeyUsage != x509.KeyUsageDigitalSignature {
		t.Errorf("CA %v, key usage %b", leaf.IsCA, leaf.KeyUsage)
	}
	if diff := cmp.Diff([]x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}, leaf.ExtKeyUsage); diff != "" {
		t.Error(diff)
	}
	if !leaf.NotBefore.Equal(noon.Add(-Skew)) || !leaf.NotAfter.Equal(noon.Add(time.Hour)) {
		t.Errorf("valid from %v to %v", leaf.NotBefore, leaf.NotAfter)
	}
	if !k.PublicKey.Equal(leaf.PublicKey) {
		t.Error("another key was signed")
	}
	if n := leaf.SerialNumber.BitLen(); n != 127 {
		t.Errorf("serial of %d bits", n)
	}
	if !strings.Contains(string(s.Bundle.PEM()), string(encode(root.Chain))) {
		t.Error("bundle lacks the root")
	}
	for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth} {
		if id, err := s.Bundle.Verify(chain, "prod.example", use, noon); err != nil || id != reviews {
			t.Errorf("verified as %v, %v", id, err)
		}
	}
}

func uris(c *x509.Certificate) []string {
	var out []string
	for _, u := range c.URIs {
		out = append(out, u.String())
	}
	return out
}

func TestSerialsDiffer(t *testing.T) {
	a, _, _ := authority(t)
	csr := request(t, key(t, elliptic.P256()), x509.CertificateRequest{})
	seen := map[string]bool{}
	for range 50 {
		s, err := a.Sign(t.Context(), csr, reviews, 0)
		if err != nil {
			t.Fatal(err)
		}
		if seen[s.Serial] {
			t.Fatalf("serial %s twice", s.Serial)
		}
		seen[s.Serial] = true
	}
}

// TestNoOtherIdentityIsEverIssued is the property that all rests on: whatever a
// request asks for, the certificate names the authenticated identity, once, and
// nothing else.
func TestNoOtherIdentityIsEverIssued(t *testing.T) {
	a, _, _ := authority(t)
	k := key(t, elliptic.P256())
	rng := mathrand.New(mathrand.NewPCG(1, 2))
	others := []string{
		"spiffe://prod.example/ns/default/sa/payments", "spiffe://prod.example/ns/plimsoll-system/sa/certificate-authority",
		"spiffe://evil.example/ns/default/sa/reviews", "spiffe://prod.example", "https://a.example/", "x:y",
	}
	for range 300 {
		ask := x509.CertificateRequest{Subject: pkix.Name{CommonName: others[rng.IntN(len(others))]}}
		for range rng.IntN(4) {
			u, err := url.Parse(others[rng.IntN(len(others))])
			if err != nil {
				t.Fatal(err)
			}
			ask.URIs = append(ask.URIs, u)
			ask.DNSNames = append(ask.DNSNames, "payments.default.svc")
			ask.IPAddresses = append(ask.IPAddresses, net.IPv4(10, 0, 0, byte(rng.IntN(256))))
			ask.EmailAddresses = append(ask.EmailAddresses, "root@a.example")
		}
		to := Identity{"prod.example", "default", string(rune('a' + rng.IntN(26)))}
		s, err := a.Sign(t.Context(), request(t, k, ask), to, 0)
		if err != nil {
			t.Fatal(err)
		}
		leaf := s.Chain[0]
		if diff := cmp.Diff([]string{to.String()}, uris(leaf)); diff != "" {
			t.Fatal(diff)
		}
		if names := len(leaf.DNSNames) + len(leaf.IPAddresses) + len(leaf.EmailAddresses) + len(leaf.Subject.Names); names != 0 {
			t.Fatalf("certificate has %d other names", names)
		}
		if leaf.IsCA {
			t.Fatal("certificate of a CA")
		}
	}
}

func TestSignRefuses(t *testing.T) {
	a, root, _ := authority(t)
	csr := request(t, key(t, elliptic.P256()), x509.CertificateRequest{})
	for name, tc := range map[string]struct {
		csr    []byte
		to     Identity
		ttl    time.Duration
		reason Reason
		text   string
	}{
		"no names":     {csr, Identity{TrustDomain: "prod.example"}, 0, ReasonIdentity, `namespace "" is not a DNS label`},
		"other domain": {csr, Identity{"evil.example", "a", "b"}, 0, ReasonIdentity, "identity spiffe://evil.example/ns/a/sa/b is not of trust domain prod.example"},
		"own":          {csr, ServerIdentity("prod.example"), 0, ReasonIdentity, "identity spiffe://prod.example/ns/plimsoll-system/sa/certificate-authority is the authority's own"},
		"short":        {csr, reviews, time.Minute, ReasonTTL, "lifetime 1m0s is outside 5m0s to 24h0m0s"},
		"long":         {csr, reviews, 25 * time.Hour, ReasonTTL, "lifetime 25h0m0s is outside 5m0s to 24h0m0s"},
		"negative":     {csr, reviews, -time.Hour, ReasonTTL, "lifetime -1h0m0s is outside 5m0s to 24h0m0s"},
		"root's key":   {request(t, root.Key, x509.CertificateRequest{}), reviews, 0, ReasonKey, "key is the authority's own"},
		"garbage":      {[]byte("x"), reviews, 0, ReasonForm, "signing request cannot be read"},
	} {
		_, err := a.Sign(t.Context(), tc.csr, tc.to, tc.ttl)
		if err == nil || ReasonOf(err) != tc.reason || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s: %v, want %s: %s", name, err, tc.reason, tc.text)
		}
	}
}

func TestSignOfACallThatEnded(t *testing.T) {
	a, _, _ := authority(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := a.Sign(ctx, request(t, key(t, elliptic.P256()), x509.CertificateRequest{}), reviews, 0)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestCertificateEndsWithItsIssuer: never later than the root, and none at all
// when too little is left.
func TestCertificateEndsWithItsIssuer(t *testing.T) {
	a, root, c := authority(t)
	csr := request(t, key(t, elliptic.P256()), x509.CertificateRequest{})
	c.Time = root.Root().NotAfter.Add(-10 * time.Minute)
	s, err := a.Sign(t.Context(), csr, reviews, time.Hour)
	if err != nil || !s.NotAfter.Equal(root.Root().NotAfter) {
		t.Errorf("ends %v, %v", s, err)
	}
	c.Time = root.Root().NotAfter.Add(-4 * time.Minute)
	_, err = a.Sign(t.Context(), csr, reviews, time.Hour)
	if err == nil || !strings.Contains(err.Error(), "the authority's own certificate ends in 4m0s; exchange the root") {
		t.Error(err)
	}
}

// TestIntermediate: an issuer below a root that is kept elsewhere; the chain
// that is handed out leads to the root without it.
func TestIntermediate(t *testing.T) {
	root := intermediateOf(t, nil)
	below := intermediateOf(t, &root)
	a, err := NewAuthority("prod.example", below, NewBundle(root.Root()), func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	s, err := a.Sign(t.Context(), request(t, key(t, elliptic.P256()), x509.CertificateRequest{}), reviews, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Chain) != 2 || !s.Chain[1].Equal(below.Certificate()) {
		t.Errorf("chain of %d", len(s.Chain))
	}
	if _, err := s.Bundle.Verify(s.Chain, "prod.example", x509.ExtKeyUsageClientAuth, noon); err != nil {
		t.Error(err)
	}
	if _, err := s.Bundle.Verify(s.Chain[:1], "prod.example", x509.ExtKeyUsageClientAuth, noon); err == nil {
		t.Error("verified without the intermediate")
	}
}

// intermediateOf makes a CA below above, a root if that is nil.
func intermediateOf(t *testing.T, above *Issuer) Issuer {
	t.Helper()
	k := key(t, elliptic.P256())
	serial, err := newSerial()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: serial.String()[:8]}, NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour * 100),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	parent, signer := template, crypto.Signer(k)
	if above != nil {
		parent, signer = above.Certificate(), above.Key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, k.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	i := Issuer{Key: k, Chain: []*x509.Certificate{c}}
	if above != nil {
		i.Chain = append(i.Chain, above.Chain...)
	}
	return i
}

func TestIssuerIsValidated(t *testing.T) {
	_, good, _ := authority(t)
	_, other, _ := authority(t)
	leaf := &x509.Certificate{PublicKey: good.Key.Public()}
	for name, tc := range map[string]struct {
		i    Issuer
		td   string
		now  time.Time
		want string
	}{
		"empty":         {Issuer{}, "prod.example", noon, "issuer has no key or no certificate"},
		"other key":     {Issuer{other.Key, good.Chain}, "prod.example", noon, "issuer's key is not that of its certificate"},
		"no CA":         {Issuer{good.Key, []*x509.Certificate{leaf}}, "prod.example", noon, "may not sign certificates"},
		"over":          {good, "prod.example", noon.Add(RootTTL + time.Hour), "is over since 2036"},
		"other domain":  {good, "test.example", noon, `is of trust domain "prod.example", want "test.example"`},
		"broken chain":  {Issuer{good.Key, append(good.Chain[:1:1], other.Chain...)}, "prod.example", noon, "checking that"},
		"all is well":   {good, "prod.example", noon, ""},
		"domain absent": {intermediateOf(t, nil), "test.example", noon, ""},
	} {
		err := tc.i.Validate(tc.td, tc.now)
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

func TestReplaceWantsItsRootTrusted(t *testing.T) {
	a, first, _ := authority(t)
	second, err := NewRoot("prod.example", noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Replace(second, NewBundle(first.Root())); err == nil || !strings.Contains(err.Error(), "lacks the root of the issuer") {
		t.Error(err)
	}
	if !a.Issuer().Equal(first.Certificate()) {
		t.Error("a refused issuer signs")
	}
	if err := a.Replace(second, NewBundle(first.Root(), second.Root())); err != nil {
		t.Fatal(err)
	}
	if !a.Issuer().Equal(second.Certificate()) || len(a.Bundle().Roots()) != 2 {
		t.Error("the new issuer does not sign")
	}
}

// elsewhere signs in another goroutine, reached through a connection only: a
// stand-in for another process or a hardware module.
type elsewhere struct {
	public crypto.PublicKey
	conn   net.Conn
}

func (e elsewhere) Public() crypto.PublicKey { return e.public }

func (e elsewhere) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	if _, err := e.conn.Write(digest); err != nil {
		return nil, err
	}
	answer := make([]byte, 200)
	n, err := e.conn.Read(answer)
	return answer[:n], err
}

// TestKeyElsewhere: the authority needs a public key and signatures, nothing of
// the private key; when the key is out of reach it says so and issues nothing.
func TestKeyElsewhere(t *testing.T) {
	_, root, _ := authority(t)
	near, far := net.Pipe()
	go func() {
		digest := make([]byte, 64)
		for {
			n, err := far.Read(digest)
			if err != nil {
				return
			}
			signature, err := ecdsa.SignASN1(rand.Reader, root.Key.(*ecdsa.PrivateKey), digest[:n])
			if err != nil {
				return
			}
			if _, err := far.Write(signature); err != nil {
				return
			}
		}
	}()
	a, err := NewAuthority("prod.example", Issuer{elsewhere{root.Key.Public(), near}, root.Chain}, NewBundle(root.Root()), func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	csr := request(t, key(t, elliptic.P256()), x509.CertificateRequest{})
	s, err := a.Sign(t.Context(), csr, reviews, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Bundle.Verify(s.Chain, "prod.example", x509.ExtKeyUsageClientAuth, noon); err != nil {
		t.Error(err)
	}
	far.Close()
	if _, err := a.Sign(t.Context(), csr, reviews, 0); err == nil || ReasonOf(err) != ReasonInternal {
		t.Errorf("signed without a key: %v", err)
	}
}
