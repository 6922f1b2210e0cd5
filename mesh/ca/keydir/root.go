package keydir

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
)

// Make makes a root and keeps it in the file of that name.
func (d *Dir) Make(name, trustDomain string, now time.Time) (ca.Issuer, error) {
	root, err := ca.NewRoot(trustDomain, now)
	if err != nil {
		return ca.Issuer{}, err
	}
	return root, d.keep(name, root)
}

// Destroy removes a root and its key; one that is not there is no error.
func (d *Dir) Destroy(name string) error { return d.Remove(name) }

func (d *Dir) keep(name string, root ca.Issuer) error {
	key, err := x509.MarshalPKCS8PrivateKey(root.Key)
	if err != nil {
		return fmt.Errorf("encoding the key of %s: %w", name, err)
	}
	var text bytes.Buffer
	for _, block := range []*pem.Block{
		{Type: "CERTIFICATE", Bytes: root.Root().Raw},
		{Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := pem.Encode(&text, block); err != nil {
			return fmt.Errorf("encoding %s: %w", name, err)
		}
	}
	return d.Write(name, text.Bytes())
}

// Load returns the root that Make kept.
func (d *Dir) Load(name string) (ca.Issuer, error) {
	text, err := d.Read(name)
	if err != nil {
		return ca.Issuer{}, fmt.Errorf("reading root: %w", err)
	}
	root, err := parseRoot(text)
	if err != nil {
		return ca.Issuer{}, fmt.Errorf("reading root %s: %w", d.Path(name), err)
	}
	return root, nil
}

func parseRoot(text []byte) (ca.Issuer, error) {
	certificate, rest := pem.Decode(text)
	key, rest := pem.Decode(rest)
	if certificate == nil || key == nil || certificate.Type != "CERTIFICATE" || key.Type != "PRIVATE KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return ca.Issuer{}, errors.New("want a CERTIFICATE and a PRIVATE KEY in PEM")
	}
	root, err := x509.ParseCertificate(certificate.Bytes)
	if err != nil {
		return ca.Issuer{}, err
	}
	private, err := x509.ParsePKCS8PrivateKey(key.Bytes)
	if err != nil {
		return ca.Issuer{}, errors.New("the key cannot be read") // the parser's text may quote it
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return ca.Issuer{}, fmt.Errorf("the key is a %T, which does not sign", private)
	}
	return ca.Issuer{Key: signer, Chain: []*x509.Certificate{root}}, nil
}
