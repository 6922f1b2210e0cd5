package ca

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"
)

// maxBundle bounds a bundle that comes from elsewhere, in bytes; during a
// rotation it holds two roots of about 700.
const maxBundle = 64 << 10

// Bundle is the set of roots by which members of the mesh verify each other. It
// does not change.
type Bundle struct {
	roots   []*x509.Certificate
	pem     []byte
	version string
	pool    *x509.CertPool
}

// NewBundle makes a bundle of roots, in whatever order, each counted once.
func NewBundle(roots ...*x509.Certificate) *Bundle {
	roots = slices.SortedFunc(slices.Values(roots), func(a, b *x509.Certificate) int { return bytes.Compare(a.Raw, b.Raw) })
	roots = slices.CompactFunc(roots, (*x509.Certificate).Equal)
	b := &Bundle{roots: roots, pem: encode(roots), pool: x509.NewCertPool()}
	for _, r := range roots {
		b.pool.AddCert(r)
	}
	sum := sha256.Sum256(b.pem)
	b.version = hex.EncodeToString(sum[:16])
	return b
}

// ParseBundle reads roots in PEM: CA certificates and nothing else.
func ParseBundle(text []byte) (*Bundle, error) {
	if len(text) > maxBundle {
		return nil, fmt.Errorf("reading trust bundle: %d bytes are more than %d", len(text), maxBundle)
	}
	roots, err := ParseChain(text)
	if err != nil {
		return nil, fmt.Errorf("reading trust bundle: %w", err)
	}
	for _, r := range roots {
		if !r.IsCA {
			return nil, fmt.Errorf("reading trust bundle: certificate %q is not a CA's", r.Subject)
		}
	}
	return NewBundle(roots...), nil
}

// PEM returns the roots; the caller must not change it.
func (b *Bundle) PEM() []byte { return b.pem }

// Version names the content: equal sets of roots have equal versions.
func (b *Bundle) Version() string { return b.version }

// Roots returns the roots; the caller must not change them.
func (b *Bundle) Roots() []*x509.Certificate { return b.roots }

// NotAfter is when the first of the roots ends, zero for no roots.
func (b *Bundle) NotAfter() time.Time {
	var first time.Time
	for _, r := range b.roots {
		if first.IsZero() || r.NotAfter.Before(first) {
			first = r.NotAfter
		}
	}
	return first
}

// ParseChain reads one or more certificates in PEM, in their order, and nothing
// else.
func ParseChain(text []byte) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for len(bytes.TrimSpace(text)) > 0 {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil, errors.New("text that is not PEM")
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("PEM block %.40q, want CERTIFICATE", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(out)+1, err)
		}
		out, text = append(out, c), rest
	}
	if len(out) == 0 {
		return nil, errors.New("no certificate")
	}
	return out, nil
}

func encode(chain []*x509.Certificate) []byte {
	var out []byte
	for _, c := range chain {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}
