package join

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/keydir"
)

// Token is a join token as its holder sees it.
type Token struct {
	Secret   ca.Secret
	Identity ca.Identity // that it admits
	Workload string
	pins     []string
}

// ReadFile reads the file that an operator put a token into, which only the
// owner may read.
func ReadFile(path string) (Token, error) {
	text, err := keydir.ReadPrivate(path, maxToken)
	if err != nil {
		return Token{}, fmt.Errorf("reading join token: %w", err)
	}
	t, err := Parse(strings.TrimSpace(string(text)))
	if err != nil {
		return Token{}, fmt.Errorf("reading join token in %s: %w", path, err)
	}
	return t, nil
}

// Parse reads a token without knowing the key it was signed with: the holder
// believes whom it got the token from.
func Parse(token string) (Token, error) {
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil {
		return Token{}, errors.New("it is not a join token") // the parser's text may quote it
	}
	var c claims
	if err := parsed.UnsafeClaimsWithoutVerification(&c); err != nil {
		return Token{}, errors.New("it is not a join token")
	}
	g, err := c.grant()
	if err != nil {
		return Token{}, err
	}
	if len(c.Roots) == 0 {
		return Token{}, errors.New("it names no root of the authority")
	}
	return Token{Secret: ca.NewSecret([]byte(token)), Identity: g.Identity, Workload: g.Workload, pins: c.Roots}, nil
}

// Bundle picks, of the certificates that an unknown server showed, the roots
// that the token vouches for.
func (t Token) Bundle(shown []*x509.Certificate) (*ca.Bundle, error) {
	var roots []*x509.Certificate
	for _, c := range shown {
		if c.IsCA && slices.Contains(t.pins, Pin(c)) {
			roots = append(roots, c)
		}
	}
	if len(roots) == 0 {
		return nil, errors.New("the server shows no root that the join token vouches for")
	}
	return ca.NewBundle(roots...), nil
}

// Pin is the SHA-256 of a certificate, hexadecimal.
func Pin(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}
