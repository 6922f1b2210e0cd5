package client

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	cav1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/ca/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/ca/v1/cav1connect"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/join"
)

const (
	callTimeout = 10 * time.Second
	maxAnswer   = 256 << 10 // bytes
)

// verifier judges the server in a handshake.
type verifier func(tls.ConnectionState) error

// known takes a server that a root of the bundle vouches for.
func (c *Client) known(bundle *ca.Bundle) verifier {
	return ca.VerifyServer(func() *ca.Bundle { return bundle }, ca.ServerIdentity(c.o.Identity.TrustDomain), time.Now)
}

// introduced takes a server that shows a root which the token vouches for.
func (c *Client) introduced(t join.Token) verifier {
	return func(s tls.ConnectionState) error {
		bundle, err := t.Bundle(s.PeerCertificates)
		if err != nil {
			return err
		}
		return c.known(bundle)(s)
	}
}

// service is a connection to the authority for one call: each proves the key
// that is current, and none is left open.
func (c *Client) service(verify verifier, pair *tls.Certificate) cav1connect.CertificateServiceClient {
	config := &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, // VerifyConnection goes by identity instead of host name
		VerifyConnection:   verify,
	}
	if pair != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair, nil }
	}
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true, DialContext: c.o.Dial, MaxResponseHeaderBytes: 16 << 10}
	return cav1connect.NewCertificateServiceClient(
		&http.Client{Transport: transport, Timeout: callTimeout}, "https://"+c.o.Address, connect.WithReadMaxBytes(maxAnswer))
}

// issue has a new key certified, proving who we are by a pair or by a token.
func (c *Client) issue(ctx context.Context, verify verifier, pair *tls.Certificate, token *join.Token) (*Material, error) {
	key, csr, err := newKey()
	if err != nil {
		return nil, err
	}
	request := connect.NewRequest(&cav1.IssueRequest{Csr: csr, Workload: c.o.Workload, Agent: c.agent})
	if c.o.TTL != 0 {
		request.Msg.Ttl = durationpb.New(c.o.TTL)
	}
	if token != nil {
		request.Header().Set("Authorization", "Bearer "+string(token.Secret.Reveal()))
	}
	answer, err := c.service(verify, pair).Issue(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("asking %s for a certificate of %s: %w", c.o.Address, c.o.Identity, err)
	}
	bundle, err := ca.ParseBundle(answer.Msg.GetBundle().GetPem())
	if err != nil {
		return nil, fmt.Errorf("reading the answer of %s: %w", c.o.Address, err)
	}
	return NewMaterial(c.o.Identity, answer.Msg.GetChainPem(), key, bundle, time.Now())
}

// newKey makes an ECDSA P-256 key and a signing request without any name.
func newKey() (ca.Secret, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return ca.Secret{}, nil, fmt.Errorf("making key: %w", err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return ca.Secret{}, nil, fmt.Errorf("making signing request: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return ca.Secret{}, nil, fmt.Errorf("encoding key: %w", err)
	}
	return ca.NewSecret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), csr, nil
}

// look tells the authority which bundle is in force and returns the one that it
// serves now, and when to look again.
func (c *Client) look(ctx context.Context, m *Material, inForce string) (*ca.Bundle, time.Duration, error) {
	answer, err := c.service(c.known(m.Bundle), &m.pair).GetBundle(ctx, connect.NewRequest(&cav1.GetBundleRequest{Agent: c.agent, InForce: inForce}))
	if err != nil {
		return nil, 0, fmt.Errorf("asking %s for the trust bundle: %w", c.o.Address, err)
	}
	bundle, err := ca.ParseBundle(answer.Msg.GetBundle().GetPem())
	if err != nil {
		return nil, 0, fmt.Errorf("reading the answer of %s: %w", c.o.Address, err)
	}
	return bundle, answer.Msg.GetPollAfter().AsDuration(), nil
}
