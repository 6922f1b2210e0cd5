package client

import (
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/catest"
)

// TestMaterialThatEnvoyWouldTake but we do not: over, another key, another
// identity, another root, not PEM.
func TestMaterialThatEnvoyWouldTake(t *testing.T) {
	now := time.Now()
	root, err := ca.NewRoot(catest.TrustDomain, now)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ca.NewRoot(catest.TrustDomain, now)
	if err != nil {
		t.Fatal(err)
	}
	a, err := ca.NewAuthority(catest.TrustDomain, root, ca.NewBundle(root.Root()), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	reviews, ratings := catest.Identity("reviews"), catest.Identity("ratings")
	key, csr, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	stray, _, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	svid, err := a.Sign(t.Context(), csr, reviews, 0)
	if err != nil {
		t.Fatal(err)
	}
	bundle := svid.Bundle
	for name, tc := range map[string]struct {
		id     ca.Identity
		chain  []byte
		key    ca.Secret
		bundle *ca.Bundle
		now    time.Time
		want   string
	}{
		"fine":      {reviews, svid.ChainPEM, key, bundle, now, ""},
		"over":      {reviews, svid.ChainPEM, key, bundle, now.Add(time.Hour + time.Second), "expired"},
		"not yet":   {reviews, svid.ChainPEM, key, bundle, now.Add(-time.Hour), "not yet valid"},
		"mismatch":  {reviews, svid.ChainPEM, stray, bundle, now, "private key does not match public key"},
		"identity":  {ratings, svid.ChainPEM, key, bundle, now, "it is of spiffe://test.example/ns/default/sa/reviews"},
		"root":      {reviews, svid.ChainPEM, key, ca.NewBundle(other.Root()), now, "unknown authority"},
		"no roots":  {reviews, svid.ChainPEM, key, ca.NewBundle(), now, "unknown authority"},
		"no chain":  {reviews, nil, key, bundle, now, "failed to find any PEM data"},
		"no key":    {reviews, svid.ChainPEM, ca.Secret{}, bundle, now, "failed to find any PEM data"},
		"and a key": {reviews, append(append([]byte(nil), svid.ChainPEM...), key.Reveal()...), key, bundle, now, `PEM block "PRIVATE KEY"`},
	} {
		m, err := NewMaterial(tc.id, tc.chain, tc.key, tc.bundle, tc.now)
		if tc.want == "" {
			if err != nil || !m.NotAfter.Equal(svid.NotAfter) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
}
