package ca

import (
	"crypto/x509"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestParseIdentity(t *testing.T) {
	for s, want := range map[string]Identity{
		"spiffe://prod.example/ns/default/sa/reviews": {"prod.example", "default", "reviews"},
		"spiffe://cluster.local/ns/a/sa/b.c-d":        {"cluster.local", "a", "b.c-d"},
		"spiffe://my_mesh/ns/n-1/sa/0":                {"my_mesh", "n-1", "0"},
	} {
		got, err := ParseIdentity(s)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
		if got.String() != s || got.URL().String() != s {
			t.Errorf("%s printed as %s and %s", s, got, got.URL())
		}
	}
}

func TestParseIdentityRefuses(t *testing.T) {
	for s, want := range map[string]string{
		"":                                      "cannot be empty",
		"https://td/ns/a/sa/b":                  "scheme is missing or invalid",
		"spiffe:///ns/a/sa/b":                   "trust domain is missing",
		"spiffe://TD/ns/a/sa/b":                 "trust domain characters",
		"spiffe://td:80/ns/a/sa/b":              "trust domain characters",
		"spiffe://td@x/ns/a/sa/b":               "trust domain characters",
		"spiffe://td":                           "want spiffe://<trust domain>/ns/",
		"spiffe://td/ns/a":                      "want spiffe://<trust domain>/ns/",
		"spiffe://td/ns/a/sa/b/c":               "want spiffe://<trust domain>/ns/",
		"spiffe://td/sa/a/ns/b":                 "want spiffe://<trust domain>/ns/",
		"spiffe://td/ns/a/sa/b/":                "trailing slash",
		"spiffe://td/ns//sa/b":                  "empty segments",
		"spiffe://td/ns/../sa/b":                "dot segments",
		"spiffe://td/ns/a/sa/b?x=1":             "path segment characters",
		"spiffe://td/ns/a/sa/b%2f":              "path segment characters",
		"spiffe://td/ns/A/sa/b":                 `namespace "A" is not a DNS label`,
		"spiffe://td/ns/a.b/sa/b":               `namespace "a.b" is not a DNS label`,
		"spiffe://td/ns/a/sa/b_c":               `service account "b_c" is not a DNS name`,
		"spiffe://td/ns/a/sa/-b":                `service account "-b" is not a DNS name`,
		"spiffe://td/ns/a/sa/b..c":              "is not a DNS name",
		"spiffe://td/ns/" + long(64) + "/sa/b":  "is not a DNS label",
		"spiffe://td/ns/a/sa/" + long(254):      "is not a DNS name",
		"spiffe://" + long(256) + "/ns/a/sa/b":  "trust domain",
		"spiffe://td/ns/a/sa/" + long(1_000_00): "is not a DNS name",
	} {
		_, err := ParseIdentity(s)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", s, err, want)
		}
		if err != nil && len(err.Error()) > 1000 {
			t.Errorf("%.60s: error of %d characters", s, len(err.Error()))
		}
	}
}

func long(n int) string { return strings.Repeat("x", n) }

func TestValidateTrustDomain(t *testing.T) {
	for name, ok := range map[string]bool{
		"cluster.local": true, "a": true, "a-b_c.d": true,
		"": false, "A": false, "spiffe://td": false, "spiffe://td/ns/a/sa/b": false, "td/ns": false, "td:1": false, long(256): false,
	} {
		if err := ValidateTrustDomain(name); (err == nil) != ok {
			t.Errorf("%.40q: %v", name, err)
		}
	}
}

func TestIdentityAsText(t *testing.T) {
	for text, want := range map[string]Identity{`"spiffe://td/ns/a/sa/b"`: {"td", "a", "b"}, `""`: {}} {
		out, err := json.Marshal(want)
		if err != nil || string(out) != text {
			t.Errorf("%s, %v; want %s", out, err, text)
		}
		got := Identity{"x", "y", "z"}
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s read as %+v, %v", text, got, err)
		}
	}
	var id Identity
	if err := json.Unmarshal([]byte(`"td"`), &id); err == nil {
		t.Error("read no identity as one")
	}
}

func TestIdentityOf(t *testing.T) {
	one := Identity{"td", "a", "b"}
	for name, tc := range map[string]struct {
		c    x509.Certificate
		want string
	}{
		"one":    {x509.Certificate{URIs: []*url.URL{one.URL()}}, ""},
		"none":   {x509.Certificate{}, "certificate has 0 URIs, want one"},
		"two":    {x509.Certificate{URIs: []*url.URL{one.URL(), one.URL()}}, "certificate has 2 URIs, want one"},
		"ca":     {x509.Certificate{URIs: []*url.URL{one.URL()}, IsCA: true}, "certificate of spiffe://td/ns/a/sa/b is a CA's"},
		"domain": {x509.Certificate{URIs: []*url.URL{{Scheme: "spiffe", Host: "td"}}}, `parsing identity "spiffe://td": want spiffe://<trust domain>/ns/<namespace>/sa/<service account>`},
	} {
		got, err := IdentityOf(&tc.c)
		if tc.want == "" && (err != nil || got != one) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if tc.want != "" && (err == nil || err.Error() != tc.want) {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
}

// FuzzParseIdentity: what is taken is printed as it was read, and is a valid
// identity.
func FuzzParseIdentity(f *testing.F) {
	for _, s := range []string{"spiffe://prod.example/ns/default/sa/reviews", "spiffe://td/ns/../sa/b", "spiffe://td/ns/a/sa/%61", "spiffe://td\x00/ns/a/sa/b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseIdentity(s)
		if err != nil {
			return
		}
		if id.String() != s || id.URL().String() != s || id.Validate() != nil {
			t.Errorf("%q became %+v", s, id)
		}
	})
}
