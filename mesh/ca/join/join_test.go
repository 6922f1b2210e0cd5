package join

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/keydir"
)

var (
	noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	here = netip.MustParseAddr("10.0.0.7")
	all  = Grant{Identity: ca.Identity{TrustDomain: "td", Namespace: "default", ServiceAccount: "reviews"}, Workload: "reviews-v1"}
)

// desk is a registry with a clock, which can be closed and opened again.
type desk struct {
	*Registry
	t      *testing.T
	path   string
	dir    *keydir.Dir
	time   time.Time
	bundle *ca.Bundle
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	root, err := ca.NewRoot("td", noon)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, path: filepath.Join(t.TempDir(), "ca"), time: noon, bundle: ca.NewBundle(root.Root())}
	d.open()
	t.Cleanup(d.close)
	return d
}

func (d *desk) open() {
	d.t.Helper()
	dir, err := keydir.Open(d.path)
	if err != nil {
		d.t.Fatal(err)
	}
	r, err := Open(dir, "td", func() time.Time { return d.time })
	if err != nil {
		d.t.Fatal(err)
	}
	d.dir, d.Registry = dir, r
}

func (d *desk) close() {
	_ = d.Close()
	_ = d.dir.Close()
}

func (d *desk) mint(g Grant) string {
	d.t.Helper()
	token, err := d.Mint(g, MaxTTL, d.bundle)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(token.Reveal())
}

// take checks and uses a token.
func (d *desk) take(token string) error {
	ticket, err := d.Check(token, "reviews-v1", here)
	if err != nil {
		return err
	}
	return ticket.Use()
}

func refused(t *testing.T, err error, reason ca.Reason, text string) {
	t.Helper()
	if err == nil || ca.ReasonOf(err) != reason || !strings.Contains(err.Error(), text) {
		t.Errorf("%v, want %s: %s", err, reason, text)
	}
}

func TestTokenIsTakenOnce(t *testing.T) {
	d := newDesk(t)
	token := d.mint(all)
	ticket, err := d.Check(token, "reviews-v1", here)
	if err != nil {
		t.Fatal(err)
	}
	if ticket.Grant != all {
		t.Errorf("admits %+v", ticket.Grant)
	}
	if _, err := d.Check(token, "reviews-v1", here); err != nil {
		t.Errorf("a look used it up: %v", err)
	}
	if err := ticket.Use(); err != nil {
		t.Fatal(err)
	}
	refused(t, ticket.Use(), ca.ReasonReplay, "join token was used before")
	refused(t, d.take(token), ca.ReasonReplay, "join token was used before")
}

// TestReplayAfterRestart: neither a clean stop nor a crash, which leaves the
// files as they are, makes a token new.
func TestReplayAfterRestart(t *testing.T) {
	d := newDesk(t)
	used, unused := d.mint(all), d.mint(all)
	if err := d.take(used); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		d.close()
		d.open()
		refused(t, d.take(used), ca.ReasonReplay, "join token was used before")
	}
	if err := d.take(unused); err != nil {
		t.Errorf("a token was lost: %v", err)
	}
}

func TestOneOfManyAtOnce(t *testing.T) {
	d := newDesk(t)
	token := d.mint(all)
	var taken atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if d.take(token) == nil {
				taken.Add(1)
			}
		})
	}
	wg.Wait()
	if taken.Load() != 1 {
		t.Errorf("taken %d times", taken.Load())
	}
}

func TestTokenEnds(t *testing.T) {
	d := newDesk(t)
	token := d.mint(all)
	ticket, err := d.Check(token, "reviews-v1", here)
	if err != nil {
		t.Fatal(err)
	}
	d.time = noon.Add(MaxTTL - time.Second)
	if _, err := d.Check(token, "reviews-v1", here); err != nil {
		t.Error(err)
	}
	d.time = noon.Add(MaxTTL + time.Second)
	refused(t, d.take(token), ca.ReasonExpired, "join token is over since 2026-11-24T12:10:00Z")
	refused(t, ticket.Use(), ca.ReasonExpired, "join token is over")
	d.time = noon.Add(-time.Hour)
	refused(t, d.take(token), ca.ReasonToken, "issued in the future")
}

func TestTokenIsBound(t *testing.T) {
	d := newDesk(t)
	bound := all
	bound.Source = netip.MustParsePrefix("10.0.0.0/29")
	token := d.mint(bound)
	_, err := d.Check(token, "ratings-v1", here)
	refused(t, err, ca.ReasonBinding, `join token is of workload "reviews-v1", not of "ratings-v1"`)
	for _, from := range []string{"10.0.0.8", "2001:db8::1"} {
		_, err = d.Check(token, "reviews-v1", netip.MustParseAddr(from))
		refused(t, err, ca.ReasonBinding, "join token is for 10.0.0.0/29, not for "+from)
	}
	_, err = d.Check(token, "reviews-v1", netip.Addr{})
	refused(t, err, ca.ReasonBinding, "join token is for 10.0.0.0/29")
	for _, from := range []string{"10.0.0.7", "::ffff:10.0.0.7"} {
		if _, err := d.Check(token, "reviews-v1", netip.MustParseAddr(from)); err != nil {
			t.Errorf("%s: %v", from, err)
		}
	}
}

func TestMintRefuses(t *testing.T) {
	d := newDesk(t)
	foreign, own, nameless := all, all, all
	foreign.Identity.TrustDomain = "other"
	own.Identity = ca.ServerIdentity("td")
	nameless.Workload = ""
	for name, tc := range map[string]struct {
		g    Grant
		ttl  time.Duration
		want string
	}{
		"long":     {all, MaxTTL + 1, "making join token: lifetime 10m0.000000001s is outside 1s to 10m0s"},
		"none":     {all, 0, "making join token: lifetime 0s is outside 1s to 10m0s"},
		"foreign":  {foreign, time.Minute, "making join token: identity spiffe://other/ns/default/sa/reviews is not of trust domain td"},
		"own":      {own, time.Minute, "making join token: identity spiffe://td/ns/plimsoll-system/sa/certificate-authority is the authority's own"},
		"nameless": {nameless, time.Minute, "making join token: name of the workload has 0 characters, want 1 to 253"},
		"empty":    {Grant{}, time.Minute, "making join token: trust domain"},
	} {
		_, err := d.Mint(tc.g, tc.ttl, d.bundle)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
}

// TestTokensNotMadeHere are signed by others, by nobody, or for another purpose.
func TestTokensNotMadeHere(t *testing.T) {
	d := newDesk(t)
	_, strange, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(alg jose.SignatureAlgorithm, key any, edit func(*claims)) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil)
		if err != nil {
			t.Fatal(err)
		}
		c := claims{Claims: jwt.Claims{
			Issuer: "td", Subject: all.Identity.String(), Audience: jwt.Audience{audience},
			IssuedAt: jwt.NewNumericDate(noon), Expiry: jwt.NewNumericDate(noon.Add(time.Minute)),
		}, Workload: all.Workload}
		edit(&c)
		token, err := jwt.Signed(signer).Claims(c).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	asIs := func(*claims) {}
	public := []byte(d.key.Public().(ed25519.PublicKey))
	body := strings.Split(signed(jose.EdDSA, strange, asIs), ".")[1]
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + body + "."
	for name, tc := range map[string]struct{ token, want string }{
		"other key":      {signed(jose.EdDSA, strange, asIs), "join token was not made here"},
		"public as HMAC": {signed(jose.HS256, public, asIs), "join token cannot be read"},
		"alg none":       {none, "join token cannot be read"},
		"garbage":        {"a.b.c", "join token cannot be read"},
		"empty":          {"", "join token cannot be read"},
		"oversized":      {strings.Repeat("a", maxToken+1), "join token has 4097 bytes, more than 4096"},
		"not in ledger":  {signed(jose.EdDSA, d.key, asIs), "join token is not known here"},
		"audience":       {signed(jose.EdDSA, d.key, func(c *claims) { c.Audience = jwt.Audience{"api"} }), "invalid audience"},
		"issuer":         {signed(jose.EdDSA, d.key, func(c *claims) { c.Issuer = "other" }), "invalid issuer"},
		"no end":         {signed(jose.EdDSA, d.key, func(c *claims) { c.Expiry = nil }), "join token has no times"},
		"long life":      {signed(jose.EdDSA, d.key, func(c *claims) { c.Expiry = jwt.NewNumericDate(noon.Add(time.Hour)) }), "lifetime 1h0m0s is outside"},
		"no identity":    {signed(jose.EdDSA, d.key, func(c *claims) { c.Subject = "root" }), "parsing identity"},
		"bad source":     {signed(jose.EdDSA, d.key, func(c *claims) { c.Source = "anywhere" }), "netip.ParsePrefix"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, d.take(tc.token), ca.ReasonToken, tc.want) })
	}
}

func TestReadFile(t *testing.T) {
	d := newDesk(t)
	token := d.mint(all)
	path := filepath.Join(t.TempDir(), "token")
	write := func(text string, mode os.FileMode) {
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	write(token+"\n", 0o600)
	got, err := ReadFile(path)
	if err != nil || got.Identity != all.Identity || got.Workload != "reviews-v1" || string(got.Secret.Reveal()) != token {
		t.Errorf("read %+v, %v", got, err)
	}
	b, err := got.Bundle(d.bundle.Roots())
	if err != nil || b.Version() != d.bundle.Version() {
		t.Errorf("%v, %v", b, err)
	}
	other, err := ca.NewRoot("td", noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := got.Bundle(other.Chain); err == nil || err.Error() != "the server shows no root that the join token vouches for" {
		t.Error(err)
	}
	for mode, want := range map[os.FileMode]string{0o644: "has mode 0644, so others can use it; run: chmod 0600 " + path, 0o660: "has mode 0660"} {
		write(token, mode)
		if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	write("hunter2", 0o600)
	if _, err := ReadFile(path); err == nil || err.Error() != "reading join token in "+path+": it is not a join token" {
		t.Error(err)
	}
	if _, err := ReadFile(path + ".none"); !os.IsNotExist(unwrap(err)) {
		t.Error(err)
	}
}

func unwrap(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || os.IsNotExist(err) {
			return err
		}
		err = u.Unwrap()
	}
}

// FuzzCheck gives any text: a refusal, no panic, and never a ticket.
func FuzzCheck(f *testing.F) {
	dir, err := keydir.Open(filepath.Join(f.TempDir(), "ca"))
	if err != nil {
		f.Fatal(err)
	}
	r, err := Open(dir, "td", func() time.Time { return noon })
	if err != nil {
		f.Fatal(err)
	}
	f.Add("eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJ0ZCJ9.AAAA")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := r.Check(token, "w", here); ca.ReasonOf(err) != ca.ReasonToken {
			t.Errorf("%q: %v", token, err)
		}
		if _, err := Parse(token); err != nil && len(err.Error()) > 1000 {
			t.Errorf("error of %d characters", len(err.Error()))
		}
	})
}
