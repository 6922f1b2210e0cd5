package service_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/durationpb"

	cav1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/ca/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/ca/v1/cav1connect"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/catest"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/service"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// caller is somebody with TLS, perhaps with a pair and a token.
type caller struct {
	t     *testing.T
	site  *catest.Site
	pair  *tls.Certificate
	token string
}

func (c caller) http() *http.Client {
	config := &tls.Config{InsecureSkipVerify: true} // here it is the server that is tested
	if c.pair != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.pair, nil }
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, DialContext: c.site.Dial, DisableKeepAlives: true}}
}

func (c caller) rpc() cav1connect.CertificateServiceClient {
	return cav1connect.NewCertificateServiceClient(c.http(), "https://authority")
}

func (c caller) issue(r *cav1.IssueRequest) (*x509.Certificate, error) {
	req := connect.NewRequest(r)
	if c.token != "" {
		req.Header().Set("Authorization", c.token)
	}
	answer, err := c.rpc().Issue(c.t.Context(), req)
	if err != nil {
		return nil, err
	}
	chain, err := ca.ParseChain(answer.Msg.GetChainPem())
	if err != nil {
		c.t.Fatal(err)
	}
	return chain[0], nil
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// csr asks for the identities, which is in vain.
func csr(t *testing.T, k *ecdsa.PrivateKey, ask ...ca.Identity) []byte {
	t.Helper()
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: "root"}}
	for _, id := range ask {
		template.URIs = append(template.URIs, id.URL())
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, k)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func request(t *testing.T, ask ...ca.Identity) *cav1.IssueRequest {
	t.Helper()
	return &cav1.IssueRequest{Csr: csr(t, newKey(t), ask...), Workload: "reviews", Agent: "agent-1"}
}

// member is a workload that has joined.
func member(t *testing.T, s *catest.Site, name string) caller {
	t.Helper()
	k := newKey(t)
	leaf, err := caller{t: t, site: s, token: "Bearer " + s.Token(name)}.issue(&cav1.IssueRequest{Csr: csr(t, k), Workload: name, Agent: "agent-1"})
	if err != nil {
		t.Fatal(err)
	}
	return caller{t: t, site: s, pair: &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: k}}
}

// names are the URIs of a certificate.
func names(c *x509.Certificate) string {
	var out []string
	for _, u := range c.URIs {
		out = append(out, u.String())
	}
	return strings.Join(out, " ")
}

// TestRefused is the table of what strangers and members may not do: each is
// refused by name, counted, and gets no certificate.
func TestRefused(t *testing.T) { synctest.Test(t, refused) }

func refused(t *testing.T) {
	s := catest.Start(t)
	used := "Bearer " + s.Token("reviews")
	if _, err := (caller{t: t, site: s, token: used}).issue(request(t)); err != nil {
		t.Fatal(err)
	}
	reviews := member(t, s, "reviews")
	stranger := member(t, catest.Start(t), "reviews")
	stolen := caller{t: t, site: s, pair: &tls.Certificate{Certificate: reviews.pair.Certificate, PrivateKey: newKey(t)}}
	weak := request(t)
	weak.Csr = csr224(t)
	for name, tc := range map[string]struct {
		by     caller
		r      *cav1.IssueRequest
		code   connect.Code
		reason ca.Reason
		want   string
	}{
		"nobody":              {caller{}, request(t), connect.CodeUnauthenticated, ca.ReasonNoIdentity, "neither a join token nor a certificate of this mesh"},
		"other mesh":          {caller{pair: stranger.pair}, request(t), connect.CodeUnauthenticated, ca.ReasonCertificate, "unknown authority"},
		"self-signed":         {caller{pair: selfSigned(t)}, request(t), connect.CodeUnauthenticated, ca.ReasonCertificate, "unknown authority"},
		"used token":          {caller{token: used}, request(t), connect.CodeUnauthenticated, ca.ReasonReplay, "join token was used before"},
		"used token and pair": {caller{token: used, pair: reviews.pair}, request(t), connect.CodeUnauthenticated, ca.ReasonReplay, "join token was used before"},
		"garbage token":       {caller{token: "Bearer x.y.z"}, request(t), connect.CodeUnauthenticated, ca.ReasonToken, "join token cannot be read"},
		"basic":               {caller{token: "Basic dTpw"}, request(t), connect.CodeUnauthenticated, ca.ReasonToken, "authorization is not a bearer token"},
		"other's token":       {caller{token: "Bearer " + s.Token("ratings")}, request(t), connect.CodePermissionDenied, ca.ReasonBinding, `join token is of workload "ratings", not of "reviews"`},
		"no request":          {reviews, &cav1.IssueRequest{Agent: "a"}, connect.CodeInvalidArgument, ca.ReasonForm, "signing request cannot be read"},
		"garbage request":     {reviews, &cav1.IssueRequest{Agent: "a", Csr: []byte("garbage")}, connect.CodeInvalidArgument, ca.ReasonForm, "signing request cannot be read"},
		"long request":        {reviews, &cav1.IssueRequest{Agent: "a", Csr: make([]byte, ca.MaxRequest+1)}, connect.CodeInvalidArgument, ca.ReasonSize, "signing request has 8193 bytes, more than 8192"},
		"weak key":            {reviews, weak, connect.CodeInvalidArgument, ca.ReasonKey, "key is on curve P-224"},
		"no agent":            {reviews, &cav1.IssueRequest{Csr: request(t).Csr}, connect.CodeInvalidArgument, ca.ReasonRequest, "agent's name has 0 characters, want 1 to 64"},
		"long agent":          {reviews, &cav1.IssueRequest{Csr: request(t).Csr, Agent: strings.Repeat("a", 65)}, connect.CodeInvalidArgument, ca.ReasonRequest, "agent's name has 65 characters"},
		"long life":           {reviews, &cav1.IssueRequest{Csr: request(t).Csr, Agent: "a", Ttl: durationpb.New(25 * time.Hour)}, connect.CodeInvalidArgument, ca.ReasonTTL, "lifetime 25h0m0s is outside 5m0s to 24h0m0s"},
		"odd life":            {reviews, &cav1.IssueRequest{Csr: request(t).Csr, Agent: "a", Ttl: &durationpb.Duration{Seconds: 1, Nanos: -1}}, connect.CodeInvalidArgument, ca.ReasonTTL, "lifetime is not a duration"},
	} {
		tc.by.t, tc.by.site = t, s
		m := s.Service.Metrics()
		refused, issued := m.Refused(tc.reason), m.Issued(service.ByToken)+m.Issued(service.ByCertificate)
		_, err := tc.by.issue(tc.r)
		if connect.CodeOf(err) != tc.code || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %v: %s", name, err, tc.code, tc.want)
		}
		if e, ok := errors.AsType[*connect.Error](err); ok && e.Meta().Get("Plimsoll-Reason") != string(tc.reason) {
			t.Errorf("%s: reason %q, want %q", name, e.Meta().Get("Plimsoll-Reason"), tc.reason)
		}
		if m.Refused(tc.reason) != refused+1 || m.Issued(service.ByToken)+m.Issued(service.ByCertificate) != issued {
			t.Errorf("%s: not counted once, or a certificate was issued", name)
		}
	}
	if _, err := stolen.issue(request(t)); err == nil {
		t.Error("a certificate without its key was taken")
	}
}

func csr224(t *testing.T) []byte {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return csr(t, k)
}

func selfSigned(t *testing.T) *tls.Certificate {
	t.Helper()
	k := newKey(t)
	id := catest.Identity("reviews")
	template := &x509.Certificate{SerialNumber: k.X, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), URIs: []*url.URL{id.URL()}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}
}

// TestOwnIdentityOnly: who asks for another identity gets its own, by token and
// by certificate.
func TestOwnIdentityOnly(t *testing.T) { synctest.Test(t, ownIdentityOnly) }

func ownIdentityOnly(t *testing.T) {
	s := catest.Start(t)
	others := []ca.Identity{catest.Identity("payments"), ca.ServerIdentity(catest.TrustDomain)}
	want := catest.Identity("reviews").String()
	leaf, err := caller{t: t, site: s, token: "Bearer " + s.Token("reviews")}.issue(request(t, others...))
	if err != nil || names(leaf) != want {
		t.Errorf("by token: %v, %v", leaf, err)
	}
	leaf, err = member(t, s, "reviews").issue(request(t, others...))
	if err != nil || names(leaf) != want {
		t.Errorf("by certificate: %v, %v", leaf, err)
	}
	r := request(t)
	r.Workload = "payments"
	if leaf, err = member(t, s, "reviews").issue(r); err != nil || names(leaf) != want {
		t.Errorf("with another workload's name: %v, %v", leaf, err)
	}
}

// TestBadRequestKeepsTheToken: it is used up by a certificate, not by a mistake.
func TestBadRequestKeepsTheToken(t *testing.T) { synctest.Test(t, badRequestKeepsTheToken) }

func badRequestKeepsTheToken(t *testing.T) {
	s := catest.Start(t)
	c := caller{t: t, site: s, token: "Bearer " + s.Token("reviews")}
	if _, err := c.issue(&cav1.IssueRequest{Csr: []byte("x"), Workload: "reviews", Agent: "a"}); err == nil {
		t.Fatal("took garbage")
	}
	if _, err := c.issue(request(t)); err != nil {
		t.Error(err)
	}
}

// TestRenewalAfterTheEnd is allowed for the grace, a look at the bundle is not.
func TestRenewalAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := catest.Start(t)
		c := member(t, s, "reviews")
		look := func() error {
			_, err := c.rpc().GetBundle(t.Context(), connect.NewRequest(&cav1.GetBundleRequest{Agent: "a"}))
			return err
		}
		if err := look(); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour + time.Minute)
		if err := look(); connect.CodeOf(err) != connect.CodeUnauthenticated {
			t.Errorf("a look with a certificate that is over: %v", err)
		}
		time.Sleep(service.DefaultGrace - 2*time.Minute)
		if leaf, err := c.issue(request(t)); err != nil || names(leaf) != catest.Identity("reviews").String() {
			t.Errorf("within the grace: %v", err)
		}
		time.Sleep(2 * time.Minute)
		if _, err := c.issue(request(t)); connect.CodeOf(err) != connect.CodeUnauthenticated || !strings.Contains(err.Error(), "expired") {
			t.Errorf("after the grace: %v", err)
		}
	})
}

// TestFlood: one identity that asks without end is slowed down; others are not.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := catest.Start(t)
		loud, quiet := member(t, s, "loud"), member(t, s, "quiet")
		r := request(t)
		var refused int
		for range 130 {
			if _, err := loud.issue(r); connect.CodeOf(err) == connect.CodeResourceExhausted {
				refused++
			}
		}
		if refused != 31 { // of 131 with the one of joining, 100 are the burst
			t.Errorf("%d refused", refused)
		}
		if got := s.Service.Metrics().Refused(ca.ReasonRate); got != uint64(refused) {
			t.Errorf("%d counted, want %d", got, refused)
		}
		if _, err := quiet.issue(r); err != nil {
			t.Errorf("another identity: %v", err)
		}
		time.Sleep(time.Minute)
		if _, err := loud.issue(r); err != nil {
			t.Errorf("a minute later: %v", err)
		}
	})
}

// TestOversizedAndGarbage never reach a call; they are counted all the same, and
// the authority goes on.
func TestOversizedAndGarbage(t *testing.T) { synctest.Test(t, oversizedAndGarbage) }

func oversizedAndGarbage(t *testing.T) {
	s := catest.Start(t)
	c := caller{t: t, site: s}
	m := s.Service.Metrics()
	for name, body := range map[string]io.Reader{
		"oversized": bytes.NewReader(make([]byte, 1<<20)),
		"endless":   io.LimitReader(zeros{}, 64<<20),
		"garbage":   strings.NewReader("\xff\xff\xff\xff"),
	} {
		before := m.Refused(ca.ReasonRequest)
		answer, err := c.http().Post("https://authority"+cav1connect.CertificateServiceIssueProcedure, "application/proto", body)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode < 400 {
				t.Errorf("%s: status %d", name, answer.StatusCode)
			}
		}
		if m.Refused(ca.ReasonRequest) != before+1 {
			t.Errorf("%s: not counted", name)
		}
	}
	if _, err := member(t, s, "reviews").issue(request(t)); err != nil {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestConnectionsWithoutACall are closed in time and counted: no TLS, an old
// TLS, silence.
func TestConnectionsWithoutACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := catest.Start(t)
		for name, talk := range map[string]func(io.ReadWriter){
			"garbage": func(c io.ReadWriter) { _, _ = io.WriteString(c, "GET / HTTP/1.1\r\n\r\n") },
			"silence": func(io.ReadWriter) {},
		} {
			before := s.Service.Metrics().Refused("connection")
			conn, err := s.Dial(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			talk(conn)
			began := time.Now()
			if _, err := io.Copy(io.Discard, conn); err != nil && !errors.Is(err, io.ErrClosedPipe) {
				t.Error(err)
			}
			if d := time.Since(began); d > 10*time.Second {
				t.Errorf("%s: open for %v", name, d)
			}
			conn.Close()
			synctest.Wait()
			if got := s.Service.Metrics().Refused("connection"); got != before+1 {
				t.Errorf("%s: %d counted", name, got-before)
			}
		}
		conn, err := s.Dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		old := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
		if err := old.HandshakeContext(t.Context()); err == nil {
			t.Error("TLS 1.2 was taken")
		}
		conn.Close()
	})
}

// TestServerCertificate is of the authority's own identity, shows the root, and
// is renewed and re-signed without a restart.
func TestServerCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := catest.Start(t)
		shown := func() []*x509.Certificate {
			conn, err := s.Dial(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			c := tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
			if err := c.HandshakeContext(t.Context()); err != nil {
				t.Fatal(err)
			}
			return c.ConnectionState().PeerCertificates
		}
		first := shown()
		if names(first[0]) != ca.ServerIdentity(catest.TrustDomain).String() || !first[len(first)-1].Equal(s.Rotation.Authority().Bundle().Roots()[0]) {
			t.Errorf("shows %s of %d", names(first[0]), len(first))
		}
		time.Sleep(29 * time.Minute)
		if !shown()[0].Equal(first[0]) {
			t.Error("renewed early")
		}
		time.Sleep(2 * time.Minute)
		if shown()[0].Equal(first[0]) {
			t.Error("not renewed at half life")
		}
		if err := s.Rotation.Begin(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second) // there is no agent to wait for
		if err := shown()[0].CheckSignatureFrom(s.Rotation.Authority().Issuer()); err != nil {
			t.Errorf("not of the new root: %v", err)
		}
	})
}

func TestAuditAndMetrics(t *testing.T) { synctest.Test(t, auditAndMetrics) }

func auditAndMetrics(t *testing.T) {
	s := catest.Start(t)
	c := member(t, s, "reviews")
	if _, err := (caller{t: t, site: s}).issue(request(t)); err == nil {
		t.Fatal("took nobody")
	}
	if _, err := c.issue(request(t)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"msg":"certificate issued","identity":"spiffe://test.example/ns/default/sa/reviews","by":"token","workload":"reviews","agent":"agent-1","serial":"`,
		`"msg":"certificate refused","reason":"unauthenticated","error":"neither a join token nor a certificate of this mesh"`,
	} {
		if !strings.Contains(s.Log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, s.Log.String())
		}
	}
	var out strings.Builder
	if err := s.Service.WriteMetrics(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`plimsoll_ca_issued_total{by="certificate"} 1`, `plimsoll_ca_issued_total{by="token"} 1`,
		`plimsoll_ca_refused_total{reason="unauthenticated"} 1`, `",signing="true"} 315360000`, "plimsoll_ca_agents 1\n", "plimsoll_ca_agents_behind 1\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("metrics lack %s:\n%s", want, out.String())
		}
	}
	if err := s.Service.WriteMetrics(broken{}); err == nil {
		t.Error("a writer that fails is no error")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// TestFaultsOfOursAreNotTold: the text stays in the log.
func TestFaultsOfOursAreNotTold(t *testing.T) { synctest.Test(t, faultsOfOursAreNotTold) }

func faultsOfOursAreNotTold(t *testing.T) {
	s := catest.Start(t)
	c := caller{t: t, site: s, token: "Bearer " + s.Token("reviews")}
	if err := s.Tokens.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := c.issue(request(t))
	if connect.CodeOf(err) != connect.CodeInternal || err.Error() != "internal: the authority cannot do that now" {
		t.Error(err)
	}
	if !strings.Contains(s.Log.String(), "the ledger of join tokens is closed") {
		t.Error("the log does not say why")
	}
	ctx, cancelled := context.WithCancel(t.Context())
	cancelled()
	if _, err := c.rpc().Issue(ctx, connect.NewRequest(request(t))); connect.CodeOf(err) != connect.CodeCanceled {
		t.Error(err)
	}
}
