package ca

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"
)

// Verify returns who a peer is: the identity in the first certificate, if a root
// of the bundle vouches for it at that time, for that use, in that trust domain.
func (b *Bundle) Verify(chain []*x509.Certificate, trustDomain string, use x509.ExtKeyUsage, now time.Time) (Identity, error) {
	if len(chain) == 0 {
		return Identity{}, Refuse(ReasonNoIdentity, "no certificate")
	}
	leaf := chain[0]
	id, err := IdentityOf(leaf)
	if err != nil {
		return Identity{}, Refuse(ReasonCertificate, "%v", err)
	}
	if id.TrustDomain != trustDomain {
		return Identity{}, Refuse(ReasonCertificate, "certificate of %s is of another trust domain than %s", id, trustDomain)
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err = leaf.Verify(x509.VerifyOptions{
		Roots: b.pool, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{use},
	})
	if err != nil {
		return Identity{}, Refuse(ReasonCertificate, "certificate of %s: %v", id, err)
	}
	return id, nil
}

// VerifyServer returns a tls.Config.VerifyConnection that takes the server only
// if it is want. It replaces Go's check of host names: set InsecureSkipVerify
// beside it. bundle is asked at each handshake.
func VerifyServer(bundle func() *Bundle, want Identity, now func() time.Time) func(tls.ConnectionState) error {
	return func(s tls.ConnectionState) error {
		got, err := bundle().Verify(s.PeerCertificates, want.TrustDomain, x509.ExtKeyUsageServerAuth, now())
		if err != nil {
			return fmt.Errorf("verifying server: %w", err)
		}
		if got != want {
			return fmt.Errorf("verifying server: it is %s, want %s", got, want)
		}
		return nil
	}
}
