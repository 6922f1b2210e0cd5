package client

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
)

// Material is what a proxy needs to be a member of the mesh. It does not change.
type Material struct {
	Identity  ca.Identity
	ChainPEM  []byte    // certificate first, without the root
	Key       ca.Secret // PKCS #8, PEM
	Bundle    *ca.Bundle
	NotBefore time.Time
	NotAfter  time.Time
	pair      tls.Certificate
}

// NewMaterial puts the parts together and refuses what does not belong together
// or is not of the identity. For material of an earlier agent now is a time
// within its life.
func NewMaterial(id ca.Identity, chain []byte, key ca.Secret, bundle *ca.Bundle, now time.Time) (*Material, error) {
	m := &Material{Identity: id, ChainPEM: chain, Key: key, Bundle: bundle}
	if err := m.Check(now); err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(chain, key.Reveal())
	if err != nil {
		return nil, fmt.Errorf("checking certificate of %s: %w", id, err)
	}
	m.pair, m.NotBefore, m.NotAfter = pair, pair.Leaf.NotBefore, pair.Leaf.NotAfter
	return m, nil
}

// Check tells whether the proxy may be given the material at that time: the key
// is the certificate's, the certificate names the identity, is not over, and a
// root of the bundle vouches for it as client and as server.
func (m *Material) Check(now time.Time) error {
	if _, err := tls.X509KeyPair(m.ChainPEM, m.Key.Reveal()); err != nil {
		return fmt.Errorf("checking certificate of %s: %w", m.Identity, err)
	}
	chain, err := ca.ParseChain(m.ChainPEM)
	if err != nil {
		return fmt.Errorf("checking certificate of %s: %w", m.Identity, err)
	}
	for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth} {
		got, err := m.Bundle.Verify(chain, m.Identity.TrustDomain, use, now)
		if err != nil {
			return fmt.Errorf("checking certificate of %s: %w", m.Identity, err)
		}
		if got != m.Identity {
			return fmt.Errorf("checking certificate of %s: it is of %s", m.Identity, got)
		}
	}
	return nil
}
