package join

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/keydir"
)

// Bounds of a token.
const (
	MaxTTL   = 10 * time.Minute
	maxToken = 4 << 10 // bytes
	maxName  = 253     // characters of a workload's name
)

const (
	audience = "plimsoll-join"
	keyFile  = "join.key"
)

// algorithms is all that a token may be signed with: the header has no say.
var algorithms = []jose.SignatureAlgorithm{jose.EdDSA}

// Grant is what a token admits.
type Grant struct {
	Identity ca.Identity
	Workload string       // name of the workload
	Source   netip.Prefix // where it must come from; zero: anywhere
}

// claims are a token's content; those of RFC 7519 §4.1 are in Claims.
type claims struct {
	jwt.Claims
	Workload string   `json:"workload"`
	Source   string   `json:"source,omitempty"`
	Roots    []string `json:"roots"` // SHA-256 of each root's certificate, hexadecimal
}

// Registry makes tokens and takes each once.
type Registry struct {
	trustDomain string
	key         ed25519.PrivateKey
	signer      jose.Signer
	ledger      *ledger
	now         func() time.Time
}

// Open reads the signing key and the ledger in dir, or makes them.
func Open(dir *keydir.Dir, trustDomain string, now func() time.Time) (*Registry, error) {
	key, err := openKey(dir)
	if err != nil {
		return nil, fmt.Errorf("opening join tokens: %w", err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("opening join tokens: %w", err)
	}
	l, err := openLedger(dir, now())
	if err != nil {
		return nil, fmt.Errorf("opening join tokens: %w", err)
	}
	return &Registry{trustDomain: trustDomain, key: key, signer: signer, ledger: l, now: now}, nil
}

// Close closes the ledger.
func (r *Registry) Close() error { return r.ledger.close() }

func openKey(dir *keydir.Dir) (ed25519.PrivateKey, error) {
	text, err := dir.Read(keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(dir)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is not PEM", dir.Path(keyFile))
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := private.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s holds no Ed25519 key", dir.Path(keyFile))
	}
	return key, nil
}

func makeKey(dir *keydir.Dir) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, dir.Write(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// Mint makes a token that admits g for ttl, to be used with an authority whose
// roots are in bundle.
func (r *Registry) Mint(g Grant, ttl time.Duration, bundle *ca.Bundle) (ca.Secret, error) {
	if err := r.validate(g, ttl); err != nil {
		return ca.Secret{}, fmt.Errorf("making join token: %w", err)
	}
	now := r.now()
	c := claims{
		Claims: jwt.Claims{
			Issuer: r.trustDomain, Subject: g.Identity.String(), Audience: jwt.Audience{audience}, ID: rand.Text(),
			IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(ttl)),
		},
		Workload: g.Workload,
	}
	if g.Source.IsValid() {
		c.Source = g.Source.String()
	}
	for _, root := range bundle.Roots() {
		c.Roots = append(c.Roots, Pin(root))
	}
	token, err := jwt.Signed(r.signer).Claims(c).Serialize()
	if err != nil {
		return ca.Secret{}, fmt.Errorf("signing join token: %w", err)
	}
	if err := r.ledger.add(hashOf(token), c.Expiry.Time(), now); err != nil {
		return ca.Secret{}, fmt.Errorf("keeping join token: %w", err)
	}
	return ca.NewSecret([]byte(token)), nil
}

func (r *Registry) validate(g Grant, ttl time.Duration) error {
	if err := g.Identity.Validate(); err != nil {
		return err
	}
	switch {
	case g.Identity.TrustDomain != r.trustDomain:
		return fmt.Errorf("identity %s is not of trust domain %s", g.Identity, r.trustDomain)
	case g.Identity == ca.ServerIdentity(r.trustDomain):
		return fmt.Errorf("identity %s is the authority's own", g.Identity)
	case g.Workload == "" || len(g.Workload) > maxName:
		return fmt.Errorf("name of the workload has %d characters, want 1 to %d", len(g.Workload), maxName)
	case ttl < time.Second || ttl > MaxTTL:
		return fmt.Errorf("lifetime %v is outside 1s to %v", ttl, MaxTTL)
	}
	return nil
}

// Ticket is a token that is in order and not used yet.
type Ticket struct {
	Grant
	hash   hash
	ledger *ledger
	now    func() time.Time
}

// Check reads a token that a workload of that name sent from an address. It does
// not use it up. Errors are *ca.Refusal.
func (r *Registry) Check(token, workload string, from netip.Addr) (*Ticket, error) {
	c, err := r.open(token)
	if err != nil {
		return nil, err
	}
	g, err := c.grant()
	if err != nil {
		return nil, err
	}
	if err := r.validate(g, c.Expiry.Time().Sub(c.IssuedAt.Time())); err != nil {
		return nil, ca.Refuse(ca.ReasonToken, "join token: %v", err)
	}
	if g.Workload != workload {
		return nil, ca.Refuse(ca.ReasonBinding, "join token is of workload %q, not of %.80q", g.Workload, workload)
	}
	if g.Source.IsValid() && !g.Source.Contains(from.Unmap()) {
		return nil, ca.Refuse(ca.ReasonBinding, "join token is for %s, not for %s", g.Source, from)
	}
	t := &Ticket{Grant: g, hash: hashOf(token), ledger: r.ledger, now: r.now}
	return t, r.ledger.check(t.hash, r.now())
}

// open checks signature, issuer, audience and time.
func (r *Registry) open(token string) (*claims, error) {
	if len(token) > maxToken {
		return nil, ca.Refuse(ca.ReasonToken, "join token has %d bytes, more than %d", len(token), maxToken)
	}
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil {
		return nil, ca.Refuse(ca.ReasonToken, "join token cannot be read")
	}
	var c claims
	if err := parsed.Claims(r.key.Public(), &c); err != nil {
		return nil, ca.Refuse(ca.ReasonToken, "join token was not made here")
	}
	if c.Expiry == nil || c.IssuedAt == nil {
		return nil, ca.Refuse(ca.ReasonToken, "join token has no times")
	}
	err = c.ValidateWithLeeway(jwt.Expected{Issuer: r.trustDomain, AnyAudience: jwt.Audience{audience}, Time: r.now()}, 0)
	if errors.Is(err, jwt.ErrExpired) {
		return nil, ca.Refuse(ca.ReasonExpired, "join token is over since %s", c.Expiry.Time().UTC().Format(time.RFC3339))
	}
	if err != nil {
		return nil, ca.Refuse(ca.ReasonToken, "join token: %s", strings.TrimPrefix(err.Error(), "go-jose/go-jose/jwt: "))
	}
	return &c, nil
}

func (c *claims) grant() (Grant, error) {
	id, err := ca.ParseIdentity(c.Subject)
	if err != nil {
		return Grant{}, ca.Refuse(ca.ReasonToken, "join token: %v", err)
	}
	g := Grant{Identity: id, Workload: c.Workload}
	if c.Source != "" {
		if g.Source, err = netip.ParsePrefix(c.Source); err != nil {
			return Grant{}, ca.Refuse(ca.ReasonToken, "join token: %v", err)
		}
	}
	return g, nil
}

// Use uses the token up. Of any number of calls one succeeds, and that is on
// disk before it returns.
func (t *Ticket) Use() error { return t.ledger.use(t.hash, t.now()) }

// hash is what is kept of a token.
type hash [sha256.Size]byte

func hashOf(token string) hash { return sha256.Sum256([]byte(token)) }
