package ca

import (
	"bytes"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"
)

func TestBundleIsASet(t *testing.T) {
	_, one, _ := authority(t)
	_, two, _ := authority(t)
	a := NewBundle(one.Root(), two.Root(), one.Root())
	b := NewBundle(two.Root(), one.Root())
	if a.Version() != b.Version() || !bytes.Equal(a.PEM(), b.PEM()) || len(a.Roots()) != 2 {
		t.Error("order or repetition tells sets apart")
	}
	if NewBundle(one.Root()).Version() == a.Version() {
		t.Error("another set has the same version")
	}
	read, err := ParseBundle(a.PEM())
	if err != nil || read.Version() != a.Version() {
		t.Errorf("read back as %v, %v", read, err)
	}
	if !a.NotAfter().Equal(noon.Add(RootTTL)) || !NewBundle().NotAfter().IsZero() {
		t.Errorf("ends %v", a.NotAfter())
	}
}

func TestParseBundleRefuses(t *testing.T) {
	a, root, _ := authority(t)
	s, err := a.Sign(t.Context(), request(t, key(t, elliptic.P256()), x509.CertificateRequest{}), reviews, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ text, want string }{
		"empty":   {"", "reading trust bundle: no certificate"},
		"text":    {"no PEM", "reading trust bundle: text that is not PEM"},
		"tail":    {string(encode(root.Chain)) + "x", "reading trust bundle: text that is not PEM"},
		"key":     {string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}})), `reading trust bundle: PEM block "PRIVATE KEY", want CERTIFICATE`},
		"garbage": {string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}})), "reading trust bundle: certificate 1: x509"},
		"leaf":    {string(s.ChainPEM), "is not a CA's"},
		"long":    {strings.Repeat(" ", maxBundle+1), "reading trust bundle: 65537 bytes are more than 65536"},
	} {
		if _, err := ParseBundle([]byte(tc.text)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
}

func TestVerify(t *testing.T) {
	a, root, c := authority(t)
	stranger, _, _ := authority(t)
	csr := request(t, key(t, elliptic.P256()), x509.CertificateRequest{})
	own, err := a.Sign(t.Context(), csr, reviews, 0)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := stranger.Sign(t.Context(), csr, reviews, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		chain  []*x509.Certificate
		domain string
		now    time.Time
		reason Reason
		want   string
	}{
		"nothing":      {nil, "prod.example", noon, ReasonNoIdentity, "no certificate"},
		"other root":   {foreign.Chain, "prod.example", noon, ReasonCertificate, "unknown authority"},
		"over":         {own.Chain, "prod.example", noon.Add(time.Hour + time.Second), ReasonCertificate, "expired"},
		"too early":    {own.Chain, "prod.example", noon.Add(-2 * Skew), ReasonCertificate, "not yet valid"},
		"other domain": {own.Chain, "test.example", noon, ReasonCertificate, "of another trust domain than test.example"},
		"root itself":  {root.Chain, "prod.example", noon, ReasonCertificate, "is a CA's"},
	} {
		_, err := a.Bundle().Verify(tc.chain, tc.domain, x509.ExtKeyUsageClientAuth, tc.now)
		if err == nil || ReasonOf(err) != tc.reason || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
	check := func(want Identity) error {
		return VerifyServer(a.Bundle, want, c.now)(tls.ConnectionState{PeerCertificates: own.Chain})
	}
	if err := check(reviews); err != nil {
		t.Error(err)
	}
	err = check(Identity{"prod.example", "default", "ratings"})
	if err == nil || err.Error() != "verifying server: it is spiffe://prod.example/ns/default/sa/reviews, want spiffe://prod.example/ns/default/sa/ratings" {
		t.Error(err)
	}
	if err := VerifyServer(a.Bundle, reviews, c.now)(tls.ConnectionState{}); err == nil {
		t.Error("a server without certificate was taken")
	}
}
