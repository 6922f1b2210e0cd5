package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"
	"sync"
	"testing"
)

func key(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// request is a signing request for the key.
func request(t testing.TB, k crypto.Signer, ask x509.CertificateRequest) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &ask, k)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func TestRequestKey(t *testing.T) {
	strong, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]crypto.Signer{"P-256": key(t, elliptic.P256()), "P-384": key(t, elliptic.P384()), "RSA 2048": strong} {
		got, err := RequestKey(request(t, k, x509.CertificateRequest{}))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !k.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(got) {
			t.Errorf("%s: another key came out", name)
		}
	}
}

func TestRequestKeyRefuses(t *testing.T) {
	ok := key(t, elliptic.P256())
	good := request(t, ok, x509.CertificateRequest{})
	forged := append([]byte(nil), good...)
	forged[len(forged)-1] ^= 1
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	strong, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	extension := func(id asn1.ObjectIdentifier, value string) []byte {
		return request(t, ok, x509.CertificateRequest{ExtraExtensions: []pkix.Extension{{Id: id, Value: []byte(value)}}})
	}
	for name, tc := range map[string]struct {
		der    []byte
		reason Reason
		text   string
	}{
		"empty":          {nil, ReasonForm, "signing request cannot be read: asn1: syntax error: sequence truncated"},
		"garbage":        {[]byte("-----BEGIN CERTIFICATE REQUEST-----"), ReasonForm, "signing request cannot be read"},
		"trailing":       {append(append([]byte(nil), good...), 0), ReasonForm, "trailing data"},
		"oversized":      {make([]byte, MaxRequest+1), ReasonSize, "signing request has 8193 bytes, more than 8192"},
		"forged":         {forged, ReasonSignature, "signing request is not signed by its own key"},
		"P-224":          {request(t, key(t, elliptic.P224()), x509.CertificateRequest{}), ReasonKey, "key is on curve P-224, want P-256 or P-384"},
		"P-521":          {request(t, key(t, elliptic.P521()), x509.CertificateRequest{}), ReasonKey, "key is on curve P-521, want P-256 or P-384"},
		"Ed25519":        {request(t, edwards, x509.CertificateRequest{}), ReasonKey, "key is Ed25519, which Envoy does not take; want ECDSA P-256"},
		"SHA-1":          {sha1Request(t, strong), ReasonSignature, "signing request is signed with SHA1-RSA"},
		"CA":             {extension(oidBasicConstraints, "\x30\x03\x01\x01\xff"), ReasonForm, "signing request asks for the certificate of a CA"},
		"CA, odd form":   {extension(oidBasicConstraints, "\x30\x06\x01\x01\xff\x02\x01\x00"), ReasonForm, "signing request asks for the certificate of a CA"},
		"odd extension":  {extension(asn1.ObjectIdentifier{2, 5, 29, 30}, "\x30\x00"), ReasonForm, "signing request asks for the extension 2.5.29.30"},
		"SAN of nothing": {extension(oidSubjectAltName, "\x05\x00"), ReasonForm, "signing request cannot be read"},
	} {
		_, err := RequestKey(tc.der)
		if ReasonOf(err) != tc.reason || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s: %s: %v; want %s: %s", name, ReasonOf(err), err, tc.reason, tc.text)
		}
	}
}

// sha1Request is a request whose algorithm says SHA-1: the standard library
// makes none, so the identifier is exchanged, and is refused before the
// signature is looked at.
func sha1Request(t *testing.T, k *rsa.PrivateKey) []byte {
	t.Helper()
	der := request(t, k, x509.CertificateRequest{SignatureAlgorithm: x509.SHA256WithRSA})
	const sha256WithRSA, sha1WithRSA = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"
	if strings.Count(string(der), sha256WithRSA) != 1 {
		t.Fatal("request does not name its algorithm once")
	}
	return []byte(strings.Replace(string(der), sha256WithRSA, sha1WithRSA, 1))
}

func TestCheckKeyOfRSA(t *testing.T) {
	k, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	weak, long := k.PublicKey, k.PublicKey
	weak.N, weak.E = k.Primes[0], 65537
	long.N = new(big.Int).Lsh(k.N, 2049)
	odd := k.PublicKey
	odd.E = 3
	for want, k := range map[string]*rsa.PublicKey{
		"RSA key has 1024 bits, want 2048 to 4096": &weak,
		"RSA key has 4097 bits, want 2048 to 4096": &long,
		"RSA key has exponent 3, want 65537":       &odd,
	} {
		if err := checkKey(k); err == nil || err.Error() != want || ReasonOf(err) != ReasonKey {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := checkKey("no key"); ReasonOf(err) != ReasonKey {
		t.Errorf("a string is a key: %v", err)
	}
}

// FuzzRequestKey gives any bytes: a key of a kind that we sign for, or a
// refusal that says why, and no panic.
func FuzzRequestKey(f *testing.F) {
	k := key(f, elliptic.P256())
	f.Add(request(f, k, x509.CertificateRequest{}))
	f.Add(request(f, k, x509.CertificateRequest{DNSNames: []string{"a.example"}, Subject: pkix.Name{CommonName: "root"}}))
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, der []byte) {
		got, err := RequestKey(der)
		if err != nil {
			if ReasonOf(err) == ReasonInternal {
				t.Errorf("not a refusal: %v", err)
			}
			return
		}
		if checkKey(got) != nil {
			t.Errorf("took a %T", got)
		}
	})
}
