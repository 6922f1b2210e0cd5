package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"time"
)

// RootTTL is how long a root made by NewRoot is valid: Istio's default, ten
// years. It is exchanged earlier, see package rotation.
const RootTTL = 10 * 365 * 24 * time.Hour

// Skew is how far the clocks of two machines may differ: certificates are valid
// from that long before they were made.
const Skew = time.Minute

// Issuer is a key that signs certificates, and the certificates that say so. The
// key is used through crypto.Signer only, so it may be kept in another process,
// a hardware module or a key service.
type Issuer struct {
	Key crypto.Signer
	// Chain starts with the certificate of Key; each next one signed the one
	// before it. The last is a root.
	Chain []*x509.Certificate
}

// Certificate is the issuer's own.
func (i Issuer) Certificate() *x509.Certificate { return i.Chain[0] }

// Root is the last certificate of the chain.
func (i Issuer) Root() *x509.Certificate { return i.Chain[len(i.Chain)-1] }

// Validate tells whether the key can issue for a trust domain at a time.
func (i Issuer) Validate(trustDomain string, now time.Time) error {
	if i.Key == nil || len(i.Chain) == 0 {
		return errors.New("issuer has no key or no certificate")
	}
	own, ok := i.Key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !own.Equal(i.Certificate().PublicKey) {
		return fmt.Errorf("issuer's key is not that of its certificate %q", i.Certificate().Subject)
	}
	for n, c := range i.Chain {
		switch {
		case !c.IsCA || c.KeyUsage&x509.KeyUsageCertSign == 0:
			return fmt.Errorf("issuer's certificate %q may not sign certificates", c.Subject)
		case now.After(c.NotAfter):
			return fmt.Errorf("issuer's certificate %q is over since %s", c.Subject, c.NotAfter.Format(time.RFC3339))
		case len(c.URIs) == 1 && c.URIs[0].Host != trustDomain:
			return fmt.Errorf("issuer's certificate %q is of trust domain %q, want %q", c.Subject, c.URIs[0].Host, trustDomain)
		}
		signer := i.Chain[min(n+1, len(i.Chain)-1)]
		if err := c.CheckSignatureFrom(signer); err != nil {
			return fmt.Errorf("checking that %q signed issuer's certificate %q: %w", signer.Subject, c.Subject, err)
		}
	}
	return nil
}

// NewRoot makes a self-signed root with a new ECDSA P-256 key, for issuing leaf
// certificates directly.
func NewRoot(trustDomain string, now time.Time) (Issuer, error) {
	if err := ValidateTrustDomain(trustDomain); err != nil {
		return Issuer{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Issuer{}, fmt.Errorf("making root key: %w", err)
	}
	serial, err := newSerial()
	if err != nil {
		return Issuer{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{Organization: []string{"Plimsoll"}, CommonName: "root of " + clip(trustDomain, 40)},
		NotBefore:             now.Add(-Skew),
		NotAfter:              now.Add(RootTTL),
		URIs:                  []*url.URL{{Scheme: "spiffe", Host: trustDomain}},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return Issuer{}, fmt.Errorf("making root certificate: %w", err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		return Issuer{}, fmt.Errorf("reading root certificate: %w", err)
	}
	return Issuer{Key: key, Chain: []*x509.Certificate{root}}, nil
}

// newSerial returns 127 random bits, never zero (RFC 5280 §4.1.2.2).
func newSerial() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, fmt.Errorf("making serial number: %w", err)
	}
	return n.SetBit(n, 126, 1), nil
}

func clip(s string, n int) string { return s[:min(n, len(s))] }
