package load

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plimsoll-mesh/plimsoll/lab/truth"
)

// Node is the load generator's node id: a caller that no source names.
const Node = "unknown/default"

// Target is where the requests of one load go.
type Target struct {
	Service   string   // called service, for the ledger
	Addresses []string // host:port of its inbound proxies, taken in turn
	Host      string   // Host header; "" means the address
	Method    string
	Path      string
	Headers   map[string]string
	Deadline  time.Duration

	turn atomic.Uint64
}

// address returns the proxies in turn.
func (t *Target) address() string {
	return t.Addresses[t.turn.Add(1)%uint64(len(t.Addresses))]
}

// Config is what a Generator needs.
type Config struct {
	Targets  []*Target // as Scenario.Load
	Arrivals []Arrival
	Ledger   *truth.Ledger
}

// Generator sends planned arrivals. Its methods are safe for concurrent use.
type Generator struct {
	cfg      Config
	client   *http.Client
	inFlight atomic.Int64
	results  results
}

// New returns a generator that has sent nothing yet.
func New(cfg Config) *Generator {
	return &Generator{
		cfg: cfg,
		client: &http.Client{
			Transport:     &http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: 4096, IdleConnTimeout: 30 * time.Second, DisableCompression: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Run sends each arrival at start plus its offset and returns when the last
// answer is in. When ctx ends, it sends no more, gives up what is in flight and
// returns the reason; given-up requests count as failed.
func (g *Generator) Run(ctx context.Context, start time.Time) error {
	defer g.client.CloseIdleConnections()
	var wg sync.WaitGroup
	defer wg.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for _, a := range g.cfg.Arrivals {
		due := start.Add(a.At)
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-timer.C:
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		g.inFlight.Add(1)
		g.results.offered(a.At)
		wg.Go(func() {
			defer g.inFlight.Add(-1)
			g.results.add(g.one(ctx, a, due))
		})
	}
	return nil
}

// one sends a request and judges its answer.
func (g *Generator) one(ctx context.Context, a Arrival, due time.Time) Sample {
	t := g.cfg.Targets[a.Target]
	ctx, cancel := context.WithDeadline(ctx, due.Add(t.Deadline))
	defer cancel()
	call := g.cfg.Ledger.Begin(Node, "", t.Service, t.Method, t.Path)
	status, err := g.send(ctx, t, call)
	sent := call.End(status)
	s := Sample{At: a.At, Target: a.Target, Status: status, Sent: sent, Scheduled: time.Since(due)}
	switch {
	case errors.Is(err, context.DeadlineExceeded) || s.Scheduled > t.Deadline:
		s.Result = Late
	case status != http.StatusOK:
		s.Result = Failed
	default:
		s.Result = Good
	}
	return s
}

// send returns the status of a complete answer, or 0 and the reason.
func (g *Generator) send(ctx context.Context, t *Target, call *truth.Call) (int, error) {
	req, err := http.NewRequestWithContext(ctx, t.Method, "http://"+t.address()+t.Path, nil)
	if err != nil {
		return 0, err
	}
	for k, v := range t.Headers {
		req.Header.Set(k, v)
	}
	req.Host = t.Host
	call.Mark(req)
	resp, err := g.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, err
	}
	return resp.StatusCode, nil
}

// InFlight counts requests sent and not yet answered or given up.
func (g *Generator) InFlight() int { return int(g.inFlight.Load()) }
