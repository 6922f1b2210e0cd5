package client

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/catest"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/rotation"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// proxy is an agent: a client and what it was given.
type proxy struct {
	*Client
	token string

	mu      sync.Mutex
	applied []*Material
	broken  error // what Apply returns
}

func (p *proxy) apply(_ context.Context, m *Material) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != nil {
		return p.broken
	}
	p.applied = append(p.applied, m)
	return nil
}

func (p *proxy) history() []*Material {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*Material(nil), p.applied...)
}

func (p *proxy) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = err
}

// start runs an agent until the test ends, in the test's bubble.
func start(t *testing.T, s *catest.Site, workload string) *proxy {
	t.Helper()
	p := &proxy{token: s.TokenFile(workload)}
	c, err := New(Options{
		Address: "authority:443", TokenFile: p.token, Apply: p.apply, Dial: s.Dial,
		Log: slog.New(slog.NewJSONHandler(&s.Log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Client = c
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { c.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return p
}

// pass lets time go by.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func bubble(t *testing.T, f func(*testing.T, *catest.Site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := catest.Start(t)
		f(t, s)
	})
}

func TestJoin(t *testing.T) {
	bubble(t, func(t *testing.T, s *catest.Site) {
		began := time.Now()
		p := start(t, s, "reviews")
		pass(time.Second)
		m := p.Current()
		if m == nil {
			t.Fatalf("no certificate: %+v", p.Status())
		}
		if m.Identity != catest.Identity("reviews") || m.NotAfter.Sub(began).Round(time.Minute) != time.Hour {
			t.Errorf("%s until %v", m.Identity, m.NotAfter)
		}
		if err := m.Check(time.Now()); err != nil {
			t.Error(err)
		}
		if h := p.history(); len(h) != 1 || h[0] != m {
			t.Errorf("applied %d times", len(h))
		}
		if b := s.Rotation.Status().Behind; len(b) != 0 {
			t.Errorf("not acknowledged by %v", b)
		}
	})
}

// TestRenewalAtHalfLife, a tenth earlier or later, for a day, each time with a
// new key; the token is used once.
func TestRenewalAtHalfLife(t *testing.T) {
	bubble(t, func(t *testing.T, s *catest.Site) {
		p := start(t, s, "reviews")
		pass(24 * time.Hour)
		h := p.history()
		if len(h) < 43 || len(h) > 55 {
			t.Errorf("%d certificates in 24 h", len(h))
		}
		keys, early, late := map[string]bool{}, false, false
		for i, m := range h {
			keys[string(m.Key.Reveal())] = true
			if i == 0 {
				continue
			}
			age := m.NotBefore.Sub(h[i-1].NotBefore)
			if age < 26*time.Minute || age > 34*time.Minute {
				t.Errorf("renewed after %v", age)
			}
			early, late = early || age < 29*time.Minute, late || age > 31*time.Minute
		}
		if !early || !late {
			t.Error("no jitter")
		}
		if len(keys) != len(h) {
			t.Errorf("%d keys for %d certificates", len(keys), len(h))
		}
		if n := s.Service.Metrics().Issued("token"); n != 1 {
			t.Errorf("%d certificates by token", n)
		}
	})
}

// TestAuthorityDownPastExpiry: seen in the metric, and healed without a restart
// of anything when the authority is back.
func TestAuthorityDownPastExpiry(t *testing.T) {
	bubble(t, func(t *testing.T, s *catest.Site) {
		p := start(t, s, "reviews")
		pass(time.Minute)
		s.Down()
		pass(50 * time.Minute)
		var early strings.Builder
		if err := p.WriteMetrics(&early); err != nil {
			t.Fatal(err)
		}
		if st := p.Status(); st.Failed == 0 || !strings.Contains(st.Error, "the authority is down") {
			t.Errorf("status %+v", st)
		}
		if !strings.Contains(early.String(), "plimsoll_proxy_certificate_expires_in_seconds 5") { // five hundred and some
			t.Errorf("metrics\n%s", early.String())
		}
		pass(2 * time.Hour)
		if err := p.Current().Check(time.Now()); err == nil {
			t.Fatal("the certificate is not over")
		}
		var over strings.Builder
		if err := p.WriteMetrics(&over); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(over.String(), "expires_in_seconds -") {
			t.Errorf("metrics\n%s", over.String())
		}
		tries := p.Status().Failed
		if tries < 100 || tries > 250 {
			t.Errorf("%d tries in 170 minutes: want about one a minute", tries)
		}
		s.Up()
		pass(2 * time.Minute)
		if err := p.Current().Check(time.Now()); err != nil {
			t.Error(err)
		}
		if st := p.Status(); st.Error != "" {
			t.Errorf("status %+v", st)
		}
	})
}

// TestDownPastTheGrace: the old certificate is no longer taken; a new token in
// the file is, without a restart.
func TestDownPastTheGrace(t *testing.T) {
	bubble(t, func(t *testing.T, s *catest.Site) {
		p := start(t, s, "reviews")
		pass(time.Minute)
		s.Down()
		pass(26 * time.Hour)
		s.Up()
		pass(5 * time.Minute)
		if st := p.Status(); !strings.Contains(st.Error, "expired") || !strings.Contains(st.Error, errSpent.Error()) {
			t.Errorf("status %+v", st)
		}
		s.WriteToken(p.token, "reviews")
		pass(2 * time.Minute)
		if err := p.Current().Check(time.Now()); err != nil {
			t.Error(err)
		}
	})
}

// TestRotation runs an exchange under agents that live on: at every minute each
// agent trusts what each other shows.
func TestRotation(t *testing.T) {
	bubble(t, func(t *testing.T, s *catest.Site) {
		agents := []*proxy{start(t, s, "a"), start(t, s, "b"), start(t, s, "c")}
		pass(10 * time.Minute)
		before := s.Rotation.Authority().Bundle().Version()
		if err := s.Rotation.Begin(); err != nil {
			t.Fatal(err)
		}
		phases := map[rotation.Phase]int{}
		for range 180 {
			pass(time.Minute)
			phases[s.Rotation.Status().Phase]++
			for _, a := range agents {
				for _, b := range agents {
					verify(t, a.Current(), b.Current())
				}
			}
		}
		if phases[rotation.Draining] < 30 || s.Rotation.Status().Phase != rotation.Stable {
			t.Errorf("minutes in each phase: %v", phases)
		}
		after := s.Rotation.Authority().Bundle().Version()
		for _, a := range agents {
			if got := a.Current().Bundle.Version(); got != after || got == before {
				t.Errorf("bundle %s, want %s", got, after)
			}
		}
	})
}

func verify(t *testing.T, a, b *Material) {
	t.Helper()
	chain, err := ca.ParseChain(b.ChainPEM)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Bundle.Verify(chain, catest.TrustDomain, x509.ExtKeyUsageServerAuth, time.Now()); err != nil {
		t.Errorf("%s does not trust %s: %v", a.Identity, b.Identity, err)
	}
}

// TestNoAcknowledgementBeforeUse: a rotation waits for an agent whose proxy does
// not take the roots.
func TestNoAcknowledgementBeforeUse(t *testing.T) {
	bubble(t, func(t *testing.T, s *catest.Site) {
		p := start(t, s, "reviews")
		pass(time.Minute)
		p.fail(errors.New("the proxy is deaf"))
		if err := s.Rotation.Begin(); err != nil {
			t.Fatal(err)
		}
		pass(20 * time.Minute)
		if st := s.Rotation.Status(); st.Phase != rotation.Spreading || len(st.Behind) != 1 {
			t.Errorf("status %+v", st)
		}
		if st := p.Status(); !strings.Contains(st.Error, "the proxy is deaf") {
			t.Errorf("status %+v", st)
		}
		p.fail(nil)
		pass(5 * time.Minute)
		if st := s.Rotation.Status(); st.Phase != rotation.Draining {
			t.Errorf("status %+v", st)
		}
	})
}

func TestAgentRestartNeedsANewToken(t *testing.T) {
	bubble(t, func(t *testing.T, s *catest.Site) {
		p := start(t, s, "reviews")
		pass(time.Minute)
		again := &proxy{}
		c, err := New(Options{Address: "a:1", TokenFile: p.token, Apply: again.apply, Dial: s.Dial, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c.Run(ctx)
		if st := c.Status(); c.Current() != nil || !strings.Contains(st.Error, "join token was used before") {
			t.Errorf("status %+v", st)
		}
		if n := s.Service.Metrics().Refused(ca.ReasonReplay); n < 3 {
			t.Errorf("%d replays counted", n)
		}
	})
}

// TestResume: what is handed over in memory spares the token, while the
// certificate is valid and a while after.
func TestResume(t *testing.T) {
	bubble(t, func(t *testing.T, s *catest.Site) {
		p := start(t, s, "reviews")
		pass(time.Minute)
		m := p.Current()
		for _, after := range []time.Duration{0, 2 * time.Hour} {
			pass(after)
			again := &proxy{}
			c, err := New(Options{Address: "a:1", Resume: m, Apply: again.apply, Dial: s.Dial, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			c.Run(ctx)
			cancel()
			h := again.history()
			if len(h) < 2 || h[len(h)-1].Check(time.Now()) != nil {
				t.Errorf("after %v: %d certificates, %+v", after, len(h), c.Status())
			}
			if after == 0 && h[0] != m {
				t.Error("what was handed over was not used")
			}
		}
		if n := s.Service.Metrics().Issued("token"); n != 1 {
			t.Errorf("%d certificates by token", n)
		}
		if _, err := New(Options{Resume: m, Identity: catest.Identity("ratings")}); err == nil || !strings.Contains(err.Error(), "resuming with a certificate of") {
			t.Error(err)
		}
	})
}

// TestImpostor: an authority whose root the token does not name gets no token.
func TestImpostor(t *testing.T) {
	bubble(t, func(t *testing.T, s *catest.Site) {
		impostor := catest.Start(t)
		c, err := New(Options{Address: "a:1", TokenFile: s.TokenFile("reviews"), Dial: impostor.Dial, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		c.Run(ctx)
		if st := c.Status(); c.Current() != nil || !strings.Contains(st.Error, "the server shows no root that the join token vouches for") {
			t.Errorf("status %+v", st)
		}
		if n := impostor.Service.Metrics().Refused(ca.ReasonToken); n != 0 {
			t.Error("the impostor saw the token")
		}
	})
}

// TestNoSecretInLogs: neither token nor key, whatever is logged.
func TestNoSecretInLogs(t *testing.T) {
	bubble(t, func(t *testing.T, s *catest.Site) {
		p := start(t, s, "reviews")
		token, err := os.ReadFile(p.token)
		if err != nil {
			t.Fatal(err)
		}
		pass(time.Hour)
		m := p.Current()
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		all := s.Log.String() + string(text) + fmt.Sprintf("%v %+v", m.Key, p.Status())
		if !strings.Contains(all, "certificate issued") {
			t.Error("nothing was logged")
		}
		for _, secret := range []string{"PRIVATE KEY", string(m.Key.Reveal()), string(token), strings.Split(string(token), ".")[2]} {
			if strings.Contains(all, secret) {
				t.Errorf("%.20q shows", secret)
			}
		}
	})
}

func TestNewRefuses(t *testing.T) {
	if _, err := New(Options{TokenFile: "none"}); err == nil || !strings.Contains(err.Error(), "finding out who this is: reading join token: open none") {
		t.Error(err)
	}
	if _, err := New(Options{Identity: ca.Identity{TrustDomain: "T"}}); err == nil || !strings.Contains(err.Error(), `trust domain "T"`) {
		t.Error(err)
	}
}
