package ca

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// Identity names a workload. All copies of a workload share it.
type Identity struct {
	TrustDomain    string // as in SPIFFE: lower case letters, digits, dots, dashes, underscores
	Namespace      string // a DNS label of at most 63 characters (RFC 1123)
	ServiceAccount string // a DNS name of at most 253 characters (RFC 1123)
}

var (
	dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	dnsName  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
)

const (
	maxTrustDomain    = 255 // SPIFFE-ID §2.1
	maxNamespace      = 63
	maxServiceAccount = 253
)

// ServerIdentity is the authority's own identity in a trust domain. It is never
// issued to anybody else.
func ServerIdentity(trustDomain string) Identity {
	return Identity{TrustDomain: trustDomain, Namespace: "plimsoll-system", ServiceAccount: "certificate-authority"}
}

// ParseIdentity reads the form that String prints, and no other.
func ParseIdentity(s string) (Identity, error) {
	id, err := spiffeid.FromString(s)
	if err != nil {
		return Identity{}, fmt.Errorf("parsing identity %.300q: %w", s, err)
	}
	parts := strings.Split(strings.TrimPrefix(id.Path(), "/"), "/")
	if len(parts) != 4 || parts[0] != "ns" || parts[2] != "sa" {
		return Identity{}, fmt.Errorf("parsing identity %.300q: want spiffe://<trust domain>/ns/<namespace>/sa/<service account>", s)
	}
	i := Identity{TrustDomain: id.TrustDomain().Name(), Namespace: parts[1], ServiceAccount: parts[3]}
	if err := i.Validate(); err != nil {
		return Identity{}, fmt.Errorf("parsing identity %.300q: %w", s, err)
	}
	return i, nil
}

// Validate tells which part of the identity is not a name.
func (i Identity) Validate() error {
	if err := ValidateTrustDomain(i.TrustDomain); err != nil {
		return err
	}
	if len(i.Namespace) > maxNamespace || !dnsLabel.MatchString(i.Namespace) {
		return fmt.Errorf("namespace %.80q is not a DNS label", i.Namespace)
	}
	if len(i.ServiceAccount) > maxServiceAccount || !dnsName.MatchString(i.ServiceAccount) {
		return fmt.Errorf("service account %.300q is not a DNS name", i.ServiceAccount)
	}
	return nil
}

// ValidateTrustDomain tells whether the name can be that of a trust domain.
func ValidateTrustDomain(name string) error {
	td, err := spiffeid.TrustDomainFromString(name)
	if err != nil {
		return fmt.Errorf("trust domain %.300q: %w", name, err)
	}
	if td.Name() != name || len(name) > maxTrustDomain { // the parser also takes a whole SPIFFE ID
		return fmt.Errorf("trust domain %.300q is not a name such as \"prod.example\"", name)
	}
	return nil
}

// String returns the SPIFFE ID.
func (i Identity) String() string {
	return "spiffe://" + i.TrustDomain + "/ns/" + i.Namespace + "/sa/" + i.ServiceAccount
}

// MarshalText implements encoding.TextMarshaler: the SPIFFE ID, nothing for no
// identity.
func (i Identity) MarshalText() ([]byte, error) {
	if i == (Identity{}) {
		return nil, nil
	}
	return []byte(i.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (i *Identity) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*i = Identity{}
		return nil
	}
	*i, err = ParseIdentity(string(text))
	return err
}

// URL returns the SPIFFE ID as the URI SAN of a certificate.
func (i Identity) URL() *url.URL {
	return &url.URL{Scheme: "spiffe", Host: i.TrustDomain, Path: "/ns/" + i.Namespace + "/sa/" + i.ServiceAccount}
}

// IdentityOf returns the identity in a certificate, which must carry exactly
// one URI and be no CA (X509-SVID §2, §5.2). It says nothing about who signed it.
func IdentityOf(c *x509.Certificate) (Identity, error) {
	if len(c.URIs) != 1 {
		return Identity{}, fmt.Errorf("certificate has %d URIs, want one", len(c.URIs))
	}
	if c.IsCA {
		return Identity{}, fmt.Errorf("certificate of %.300s is a CA's", c.URIs[0])
	}
	return ParseIdentity(c.URIs[0].String())
}
