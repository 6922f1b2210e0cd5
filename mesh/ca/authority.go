package ca

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"
)

// Bounds of a certificate's lifetime.
const (
	MinTTL     = 5 * time.Minute
	DefaultTTL = time.Hour
	MaxTTL     = 24 * time.Hour
)

// Authority issues the certificates of one trust domain.
type Authority struct {
	trustDomain string
	now         func() time.Time
	trust       atomic.Pointer[trust]
}

// trust is what Replace replaces at one moment.
type trust struct {
	issuer Issuer
	bundle *Bundle
}

// SVID is a certificate that was issued, with what its holder needs beside it.
type SVID struct {
	Identity  Identity
	Serial    string // hexadecimal
	Chain     []*x509.Certificate
	ChainPEM  []byte // leaf first, without the root
	Bundle    *Bundle
	NotBefore time.Time
	NotAfter  time.Time
}

// NewAuthority makes the authority of a trust domain that signs with issuer and
// tells its members to trust bundle.
func NewAuthority(trustDomain string, issuer Issuer, bundle *Bundle, now func() time.Time) (*Authority, error) {
	if err := ValidateTrustDomain(trustDomain); err != nil {
		return nil, fmt.Errorf("making authority: %w", err)
	}
	a := &Authority{trustDomain: trustDomain, now: now}
	if err := a.Replace(issuer, bundle); err != nil {
		return nil, fmt.Errorf("making authority of %s: %w", trustDomain, err)
	}
	return a, nil
}

// Replace sets who signs and who is trusted from now on. What it would sign must
// be trusted.
func (a *Authority) Replace(issuer Issuer, bundle *Bundle) error {
	if err := issuer.Validate(a.trustDomain, a.now()); err != nil {
		return err
	}
	for _, root := range bundle.Roots() {
		if root.Equal(issuer.Root()) {
			a.trust.Store(&trust{issuer, bundle})
			return nil
		}
	}
	return fmt.Errorf("the trust bundle lacks the root of the issuer, %q", issuer.Root().Subject)
}

// TrustDomain is the authority's.
func (a *Authority) TrustDomain() string { return a.trustDomain }

// Bundle is what members are to trust.
func (a *Authority) Bundle() *Bundle { return a.trust.Load().bundle }

// Issuer is the certificate that signs.
func (a *Authority) Issuer() *x509.Certificate { return a.trust.Load().issuer.Certificate() }

// Sign issues a certificate to the identity, which the caller has authenticated,
// for the key of the request (PKCS #10, DER). ttl 0 is DefaultTTL. Errors are
// *Refusal, but for those of the issuer's key.
func (a *Authority) Sign(ctx context.Context, request []byte, to Identity, ttl time.Duration) (*SVID, error) {
	if to == ServerIdentity(a.trustDomain) {
		return nil, Refuse(ReasonIdentity, "identity %s is the authority's own", to)
	}
	key, err := RequestKey(request)
	if err != nil {
		return nil, err
	}
	return a.issue(ctx, key, to, ttl)
}

// SignServer issues the certificate of the authority's own server.
func (a *Authority) SignServer(ctx context.Context, key crypto.PublicKey) (*SVID, error) {
	return a.issue(ctx, key, ServerIdentity(a.trustDomain), DefaultTTL)
}

func (a *Authority) issue(ctx context.Context, key crypto.PublicKey, to Identity, ttl time.Duration) (*SVID, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("issuing to %s: %w", to, err)
	}
	trust, now := a.trust.Load(), a.now()
	template, err := a.template(to, ttl, trust.issuer, now)
	if err != nil {
		return nil, err
	}
	if own, ok := trust.issuer.Key.Public().(interface{ Equal(crypto.PublicKey) bool }); ok && own.Equal(key) {
		return nil, Refuse(ReasonKey, "key is the authority's own")
	}
	der, err := x509.CreateCertificate(rand.Reader, template, trust.issuer.Certificate(), key, trust.issuer.Key)
	if err != nil {
		return nil, fmt.Errorf("signing certificate of %s: %w", to, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading certificate of %s: %w", to, err)
	}
	chain := append([]*x509.Certificate{leaf}, trust.issuer.Chain[:len(trust.issuer.Chain)-1]...)
	return &SVID{
		Identity: to, Serial: fmt.Sprintf("%x", leaf.SerialNumber),
		Chain: chain, ChainPEM: encode(chain), Bundle: trust.bundle,
		NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter,
	}, nil
}

// template says all that a certificate says but the key. It ends no later than
// the chain above it.
func (a *Authority) template(to Identity, ttl time.Duration, issuer Issuer, now time.Time) (*x509.Certificate, error) {
	if err := to.Validate(); err != nil {
		return nil, Refuse(ReasonIdentity, "%v", err)
	}
	if to.TrustDomain != a.trustDomain {
		return nil, Refuse(ReasonIdentity, "identity %s is not of trust domain %s", to, a.trustDomain)
	}
	if ttl == 0 {
		ttl = DefaultTTL
	}
	if ttl < MinTTL || ttl > MaxTTL {
		return nil, Refuse(ReasonTTL, "lifetime %v is outside %v to %v", ttl, MinTTL, MaxTTL)
	}
	end := now.Add(ttl)
	for _, c := range issuer.Chain {
		if c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	if left := end.Sub(now); left < MinTTL {
		return nil, fmt.Errorf("issuing to %s: the authority's own certificate ends in %v; exchange the root", to, left.Round(time.Second))
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber:          serial,
		NotBefore:             now.Add(-Skew),
		NotAfter:              end,
		URIs:                  []*url.URL{to.URL()},
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}, nil
}
