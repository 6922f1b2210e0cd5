package ca

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"slices"
)

// MaxRequest is the longest signing request taken, in bytes; one with an RSA key
// of 4096 bits has about 1,700.
const MaxRequest = 8 << 10

// Extensions that a request may carry. What they say is ignored.
var (
	oidSubjectAltName   = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidKeyUsage         = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidExtKeyUsage      = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidSubjectKeyID     = asn1.ObjectIdentifier{2, 5, 29, 14}
)

// notCA are the encodings of BasicConstraints that do not ask to be a CA.
var notCA = []string{"\x30\x00", "\x30\x03\x01\x01\x00"}

// signatures are those of a request that we take: no MD5, no SHA-1.
var signatures = []x509.SignatureAlgorithm{
	x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512,
	x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
	x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
}

// RequestKey returns the public key of a PKCS #10 signing request in DER, after
// every check. It is all that the authority takes from a request: names in it,
// subject and SANs, are ignored.
func RequestKey(der []byte) (any, error) {
	if len(der) > MaxRequest {
		return nil, Refuse(ReasonSize, "signing request has %d bytes, more than %d", len(der), MaxRequest)
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, Refuse(ReasonForm, "signing request cannot be read: %v", err)
	}
	if err := checkKey(request.PublicKey); err != nil {
		return nil, err
	}
	if err := checkExtensions(request); err != nil {
		return nil, err
	}
	if !slices.Contains(signatures, request.SignatureAlgorithm) {
		return nil, Refuse(ReasonSignature, "signing request is signed with %v", request.SignatureAlgorithm)
	}
	if err := request.CheckSignature(); err != nil {
		return nil, Refuse(ReasonSignature, "signing request is not signed by its own key")
	}
	return request.PublicKey, nil
}

// checkKey takes the keys that Envoy takes for a certificate and that are
// neither weak nor costly.
func checkKey(key any) error {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() {
			return Refuse(ReasonKey, "key is on curve %s, want P-256 or P-384", k.Curve.Params().Name)
		}
		return nil
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < 2048 || bits > 4096 {
			return Refuse(ReasonKey, "RSA key has %d bits, want 2048 to 4096", bits)
		}
		if k.E != 65537 {
			return Refuse(ReasonKey, "RSA key has exponent %d, want 65537", k.E)
		}
		return nil
	case ed25519.PublicKey:
		return Refuse(ReasonKey, "key is Ed25519, which Envoy does not take; want ECDSA P-256")
	default:
		return Refuse(ReasonKey, "key is %T, want ECDSA P-256", key)
	}
}

func checkExtensions(r *x509.CertificateRequest) error {
	for _, e := range r.Extensions {
		switch {
		case e.Id.Equal(oidBasicConstraints):
			if !slices.Contains(notCA, string(e.Value)) {
				return Refuse(ReasonForm, "signing request asks for the certificate of a CA")
			}
		case e.Id.Equal(oidSubjectAltName), e.Id.Equal(oidKeyUsage), e.Id.Equal(oidExtKeyUsage), e.Id.Equal(oidSubjectKeyID):
		default:
			return Refuse(ReasonForm, "signing request asks for the extension %v", e.Id)
		}
	}
	return nil
}
