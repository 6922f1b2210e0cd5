package ca

import (
	"crypto/elliptic"
	"crypto/x509"
	"testing"
	"time"
)

// FuzzParseBundle: what is taken holds CA certificates only and means the same
// when it is written and read again.
func FuzzParseBundle(f *testing.F) {
	a, root, _ := authority(f)
	svid, err := a.Sign(f.Context(), request(f, key(f, elliptic.P256()), x509.CertificateRequest{}), reviews, 0)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encode(root.Chain))
	f.Add(svid.ChainPEM)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := ParseBundle(text)
		if err != nil {
			return
		}
		again, err := ParseBundle(b.PEM())
		if err != nil || again.Version() != b.Version() {
			t.Errorf("read again as %v, %v", again, err)
		}
		for _, r := range b.Roots() {
			if !r.IsCA {
				t.Error("took the certificate of no CA")
			}
		}
	})
}

// FuzzSign: whoever asks whatever, a certificate names the identity that was
// authenticated.
func FuzzSign(f *testing.F) {
	a, _, _ := authority(f)
	f.Add(request(f, key(f, elliptic.P256()), x509.CertificateRequest{DNSNames: []string{"a"}}), "default", "reviews", int64(0))
	f.Add([]byte{}, "plimsoll-system", "certificate-authority", int64(3600e9))
	f.Fuzz(func(t *testing.T, csr []byte, namespace, account string, ttl int64) {
		to := Identity{"prod.example", namespace, account}
		svid, err := a.Sign(t.Context(), csr, to, time.Duration(ttl))
		if err != nil {
			if ReasonOf(err) == ReasonInternal {
				t.Errorf("not a refusal: %v", err)
			}
			return
		}
		if got, err := IdentityOf(svid.Chain[0]); err != nil || got != to || to == ServerIdentity("prod.example") {
			t.Errorf("issued to %v, %v; authenticated %v", got, err, to)
		}
	})
}
