package client

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	cav1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/ca/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/ca/v1/cav1connect"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/catest"
)

// fake is an authority that answers as a test says. It is the right server,
// which does the wrong thing.
type fake struct {
	authority *ca.Authority
	answer    func(*ca.SVID) *cav1.IssueResponse // from a certificate that is in order
	bundle    *cav1.GetBundleResponse
	to        ca.Identity // who certificates are made for
}

func (f *fake) Issue(ctx context.Context, r *connect.Request[cav1.IssueRequest]) (*connect.Response[cav1.IssueResponse], error) {
	svid, err := f.authority.Sign(ctx, r.Msg.GetCsr(), f.to, 0)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(f.answer(svid)), nil
}

func (f *fake) GetBundle(context.Context, *connect.Request[cav1.GetBundleRequest]) (*connect.Response[cav1.GetBundleResponse], error) {
	if f.bundle == nil {
		return nil, connect.NewError(connect.CodeUnavailable, errors.New("not now"))
	}
	return connect.NewResponse(f.bundle), nil
}

func inOrder(s *ca.SVID) *cav1.IssueResponse {
	return &cav1.IssueResponse{ChainPem: s.ChainPEM, Bundle: &cav1.Bundle{Pem: s.Bundle.PEM()}}
}

// startFake serves f on loopback and returns a client of it that knows its root.
func startFake(t *testing.T, f *fake, server ca.Identity) *Client {
	t.Helper()
	root, err := ca.NewRoot(catest.TrustDomain, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if f.authority, err = ca.NewAuthority(catest.TrustDomain, root, ca.NewBundle(root.Root()), time.Now); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(cav1connect.NewCertificateServiceHandler(f))
	s := httptest.NewUnstartedServer(mux)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{serverPair(t, f.authority, server)}, ClientAuth: tls.RequestClientCert}
	s.StartTLS()
	t.Cleanup(s.Close)
	c, err := New(Options{
		Address: s.Listener.Addr().String(), Identity: catest.Identity("reviews"), Workload: "reviews",
		Bundle: f.authority.Bundle(), Log: slog.New(slog.DiscardHandler), Apply: func(context.Context, *Material) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func serverPair(t *testing.T, a *ca.Authority, id ca.Identity) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	svid, err := a.SignServer(t.Context(), key.Public())
	if id != ca.ServerIdentity(catest.TrustDomain) {
		csr, e := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
		if e != nil {
			t.Fatal(e)
		}
		svid, err = a.Sign(t.Context(), csr, id, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{svid.Chain[0].Raw}, PrivateKey: key}
}

// TestAnswersThatAreRefused: what the authority sends is judged like anything
// that comes over a network.
func TestAnswersThatAreRefused(t *testing.T) {
	other, err := ca.NewRoot(catest.TrustDomain, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	reviews, authority := catest.Identity("reviews"), ca.ServerIdentity(catest.TrustDomain)
	for name, tc := range map[string]struct {
		to, server ca.Identity
		answer     func(*ca.SVID) *cav1.IssueResponse
		want       string
	}{
		"in order":       {reviews, authority, inOrder, ""},
		"other identity": {catest.Identity("ratings"), authority, inOrder, "it is of spiffe://test.example/ns/default/sa/ratings"},
		"empty":          {reviews, authority, func(*ca.SVID) *cav1.IssueResponse { return &cav1.IssueResponse{} }, "reading trust bundle: no certificate"},
		"no chain": {reviews, authority, func(s *ca.SVID) *cav1.IssueResponse {
			return &cav1.IssueResponse{Bundle: inOrder(s).GetBundle()}
		}, "failed to find any PEM data"},
		"other bundle": {reviews, authority, func(s *ca.SVID) *cav1.IssueResponse {
			return &cav1.IssueResponse{ChainPem: s.ChainPEM, Bundle: &cav1.Bundle{Pem: ca.NewBundle(other.Root()).PEM()}}
		}, "unknown authority"},
		"root as leaf": {reviews, authority, func(s *ca.SVID) *cav1.IssueResponse {
			return &cav1.IssueResponse{ChainPem: s.Bundle.PEM(), Bundle: inOrder(s).GetBundle()}
		}, "private key does not match public key"},
		"long": {reviews, authority, func(s *ca.SVID) *cav1.IssueResponse {
			return &cav1.IssueResponse{ChainPem: make([]byte, maxAnswer+1)}
		}, "resource_exhausted"},
		"a member as server": {reviews, catest.Identity("ratings"), inOrder, "verifying server: it is spiffe://test.example/ns/default/sa/ratings, want " + authority.String()},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{to: tc.to, answer: tc.answer}
			c := startFake(t, f, tc.server)
			m, err := c.issue(t.Context(), c.known(c.o.Bundle), nil, nil)
			if tc.want == "" {
				if err != nil || m.Check(time.Now()) != nil {
					t.Errorf("%v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %s", err, tc.want)
			}
		})
	}
}

// TestBundlesThatAreRefused: one that is no bundle, and one by which our own
// certificate would not hold, never come into force.
func TestBundlesThatAreRefused(t *testing.T) {
	other, err := ca.NewRoot(catest.TrustDomain, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{to: catest.Identity("reviews"), answer: inOrder}
	c := startFake(t, f, ca.ServerIdentity(catest.TrustDomain))
	m, err := c.issue(t.Context(), c.known(c.o.Bundle), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.set(m)
	for name, tc := range map[string]struct {
		bundle *cav1.GetBundleResponse
		want   string
		renew  bool
	}{
		"down":    {nil, "unavailable: not now", false},
		"empty":   {&cav1.GetBundleResponse{}, "reading trust bundle: no certificate", false},
		"garbage": {&cav1.GetBundleResponse{Bundle: &cav1.Bundle{Pem: []byte("x")}}, "text that is not PEM", false},
		"other":   {&cav1.GetBundleResponse{Bundle: &cav1.Bundle{Pem: ca.NewBundle(other.Root()).PEM()}}, "unknown authority", true},
	} {
		f.bundle = tc.bundle
		p := plan{applied: m, renew: time.Now().Add(time.Hour)}
		err := c.refresh(t.Context(), &p)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
		if c.Current() != m || p.applied != m {
			t.Errorf("%s: other material is in force", name)
		}
		if got := !time.Now().Before(p.renew); got != tc.renew {
			t.Errorf("%s: renews at once: %v, want %v", name, got, tc.renew)
		}
	}
}

// TestPollIsBounded, whatever the authority asks for.
func TestPollIsBounded(t *testing.T) {
	f := &fake{to: catest.Identity("reviews"), answer: inOrder}
	c := startFake(t, f, ca.ServerIdentity(catest.TrustDomain))
	m, err := c.issue(t.Context(), c.known(c.o.Bundle), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.set(m)
	for asked, want := range map[time.Duration]time.Duration{
		-time.Hour: shortestPoll, 0: shortestPoll, 30 * time.Second: 30 * time.Second, 100 * time.Hour: longestPoll,
	} {
		f.bundle = &cav1.GetBundleResponse{Bundle: &cav1.Bundle{Pem: m.Bundle.PEM()}, PollAfter: durationpb.New(asked)}
		p := plan{applied: m}
		before := time.Now()
		if err := c.refresh(t.Context(), &p); err != nil {
			t.Fatal(err)
		}
		least := time.Duration(float64(want) * 0.89)
		if got := p.look.Sub(before); got < least || p.look.After(time.Now().Add(want+want/9)) {
			t.Errorf("asked for %v, looks after %v", asked, got)
		}
	}
}

func TestSpread(t *testing.T) {
	low, high := time.Hour, time.Duration(0)
	for range 1000 {
		d := spread(10 * time.Minute)
		low, high = min(low, d), max(high, d)
	}
	if low < 9*time.Minute || low > 9*time.Minute+6*time.Second || high > 11*time.Minute || high < 11*time.Minute-6*time.Second {
		t.Errorf("spread over %v to %v, want about 9m to 11m", low, high)
	}
}

func TestTokenOfAnotherIdentity(t *testing.T) {
	s := catest.Start(t)
	c, err := New(Options{Identity: catest.Identity("ratings"), TokenFile: s.TokenFile("reviews"), Dial: nobody, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.obtain(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "is of spiffe://test.example/ns/default/sa/reviews, want spiffe://test.example/ns/default/sa/ratings") {
		t.Error(err)
	}
}

func nobody(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("nobody there")
}
