package client

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/join"
)

const (
	firstRetry = time.Second
	lastRetry  = time.Minute
	jitter     = 0.1
	// shortestPoll and longestPoll bound what the authority may ask for.
	shortestPoll = time.Second
	longestPoll  = 5 * time.Minute
)

// Options is what a client is made of.
type Options struct {
	Address   string // host:port of the authority
	TokenFile string // holds a join token, mode 0600; read again when it is needed again
	// Identity and Workload are the token's when empty; then the token must be
	// there at the start.
	Identity ca.Identity
	Workload string
	TTL      time.Duration // of certificates; the authority's default when zero
	// Bundle is how the authority is known before the first certificate; when
	// nil by the roots that the token vouches for.
	Bundle *ca.Bundle
	// Resume is what an agent before this one had, handed over in memory: with
	// it a restart needs no token, also if the certificate has ended meanwhile.
	Resume *Material
	// Apply puts material in force. Until it returns nil the authority is not
	// told that we trust the bundle; it is called again after an error.
	Apply func(context.Context, *Material) error
	// Dial reaches the authority; TCP when nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Log  *slog.Logger
}

// Client keeps one agent's material fresh.
type Client struct {
	o     Options
	agent string
	spent map[string]bool // tokens that were tried: a token is good once

	mu      sync.Mutex
	current *Material
	status  Status
}

// Status is how the client does.
type Status struct {
	NotAfter time.Time // end of the certificate; zero: none yet
	Renewed  uint64    // certificates obtained
	Failed   uint64    // tries that failed
	Error    string    // of the last try, "" if it went well
}

// New makes a client, which Run sets to work.
func New(o Options) (*Client, error) {
	if o.Identity == (ca.Identity{}) && o.Resume != nil {
		o.Identity = o.Resume.Identity
	}
	if o.Identity == (ca.Identity{}) {
		t, err := join.ReadFile(o.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("finding out who this is: %w", err)
		}
		o.Identity, o.Workload = t.Identity, t.Workload
	}
	if err := o.Identity.Validate(); err != nil {
		return nil, err
	}
	c := &Client{o: o, agent: cryptorand.Text(), spent: map[string]bool{}}
	if o.Resume != nil {
		if o.Resume.Identity != o.Identity {
			return nil, fmt.Errorf("resuming with a certificate of %s, want %s", o.Resume.Identity, o.Identity)
		}
		c.set(o.Resume)
	}
	return c, nil
}

// Current is the material, nil before there is any. It may be over: see Check.
func (c *Client) Current() *Material {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

// Status tells how the client does.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// WriteMetrics writes the client's metrics in Prometheus' text format. The time
// to the certificate's end is negative when it is over, absent when there is none.
func (c *Client) WriteMetrics(w io.Writer) error {
	s := c.Status()
	text := fmt.Sprintf("# TYPE plimsoll_proxy_certificate_renewals_total counter\nplimsoll_proxy_certificate_renewals_total %d\n"+
		"# TYPE plimsoll_proxy_certificate_failures_total counter\nplimsoll_proxy_certificate_failures_total %d\n", s.Renewed, s.Failed)
	if !s.NotAfter.IsZero() {
		text += fmt.Sprintf("# TYPE plimsoll_proxy_certificate_expires_in_seconds gauge\nplimsoll_proxy_certificate_expires_in_seconds %d\n",
			int64(time.Until(s.NotAfter).Seconds()))
	}
	_, err := io.WriteString(w, text)
	return err
}

// plan is what Run is about to do.
type plan struct {
	renew   time.Time // of the certificate
	look    time.Time // at the bundle
	applied *Material // in force
	retry   time.Duration
}

// Run works until the context ends.
func (c *Client) Run(ctx context.Context) {
	p := plan{retry: firstRetry}
	if m := c.Current(); m != nil {
		p.renew = time.Now().Add(spread(time.Until(m.NotAfter) / 2))
	}
	for ctx.Err() == nil {
		if err := c.step(ctx, &p); err != nil {
			c.failed(ctx, err, p.retry)
			sleep(ctx, spread(p.retry))
			p.retry = min(2*p.retry, lastRetry)
			continue
		}
		p.retry = firstRetry
		sleep(ctx, time.Until(first(p.renew, p.look)))
	}
}

// step does what is due: a certificate, its use, a look at the bundle.
func (c *Client) step(ctx context.Context, p *plan) error {
	m := c.Current()
	if m == nil || !time.Now().Before(p.renew) {
		next, err := c.obtain(ctx, m)
		if err != nil {
			return errors.Join(err, c.apply(ctx, p)) // what we have must be in force nevertheless
		}
		c.obtained(next)
		p.renew = time.Now().Add(spread(time.Until(next.NotAfter) / 2))
		p.look = time.Now()
	}
	if err := c.apply(ctx, p); err != nil {
		return err
	}
	if time.Now().Before(p.look) {
		return nil
	}
	return c.refresh(ctx, p)
}

// apply puts the current material in force if it is not.
func (c *Client) apply(ctx context.Context, p *plan) error {
	m := c.Current()
	if m == nil || m == p.applied {
		return nil
	}
	if err := m.Check(time.Now()); err != nil {
		p.renew = time.Now()
		return err
	}
	if err := c.o.Apply(ctx, m); err != nil {
		return fmt.Errorf("putting the certificate of %s in force: %w", m.Identity, err)
	}
	p.applied = m
	return nil
}

// refresh acknowledges the bundle in force and takes the one that is served. If
// that does not vouch for our certificate any more we need another.
func (c *Client) refresh(ctx context.Context, p *plan) error {
	m := c.Current()
	bundle, after, err := c.look(ctx, m, p.applied.Bundle.Version())
	if err != nil {
		return err
	}
	p.look = time.Now().Add(spread(min(max(after, shortestPoll), longestPoll)))
	if bundle.Version() == m.Bundle.Version() {
		return nil
	}
	next, err := NewMaterial(m.Identity, m.ChainPEM, m.Key, bundle, time.Now())
	if err != nil {
		p.renew = time.Now()
		return err
	}
	c.set(next)
	p.look = time.Now() // to acknowledge it once it is in force
	return c.apply(ctx, p)
}

// obtain gets a certificate by the one we have, or else by a token.
func (c *Client) obtain(ctx context.Context, have *Material) (*Material, error) {
	var refused error
	if have != nil {
		m, err := c.issue(ctx, c.known(have.Bundle), &have.pair, nil)
		if err == nil {
			return m, nil
		}
		refused = err
	}
	m, err := c.join(ctx)
	if err != nil && refused != nil {
		return nil, fmt.Errorf("%w (joining anew: %w)", refused, err)
	}
	return m, err
}

var errSpent = errors.New("the token in the file was used before; an operator must put a new one there")

// join gets a certificate by the token in the file.
func (c *Client) join(ctx context.Context) (*Material, error) {
	t, err := join.ReadFile(c.o.TokenFile)
	if err != nil {
		return nil, err
	}
	if t.Identity != c.o.Identity {
		return nil, fmt.Errorf("join token in %s is of %s, want %s", c.o.TokenFile, t.Identity, c.o.Identity)
	}
	secret := string(t.Secret.Reveal())
	if c.spent[secret] {
		return nil, errSpent
	}
	verify := c.introduced(t)
	if c.o.Bundle != nil {
		verify = c.known(c.o.Bundle)
	}
	m, err := c.issue(ctx, verify, nil, &t)
	if err == nil {
		clear(c.spent)
		c.spent[secret] = true
	}
	return m, err
}

func (c *Client) obtained(m *Material) {
	c.set(m)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Renewed++
	c.status.Error = ""
	c.o.Log.Info("certificate obtained", "identity", m.Identity, "not_after", m.NotAfter, "bundle", m.Bundle.Version())
}

func (c *Client) set(m *Material) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current, c.status.NotAfter = m, m.NotAfter
}

func (c *Client) failed(ctx context.Context, err error, retry time.Duration) {
	if ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Failed++
	c.status.Error = err.Error()
	c.o.Log.Warn("certificate or bundle not refreshed", "error", err, "not_after", c.status.NotAfter, "retry_after", retry)
}

// spread shortens or lengthens a time by up to a tenth, so that agents which
// started together do not call together.
func spread(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (1 - jitter + 2*jitter*rand.Float64()))
}

func first(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
