package workload

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/lab/truth"
)

// callAll makes the calls of an endpoint in their order, neighbouring parallel
// ones together, and stops after the first that fails and is not optional.
func callAll(ctx context.Context, calls []scenario.Call, do func(context.Context, *scenario.Call) bool) bool {
	for len(calls) > 0 {
		n := group(calls)
		if !callGroup(ctx, calls[:n], do) {
			return false
		}
		calls = calls[n:]
	}
	return true
}

// group is the number of calls at the front that run together.
func group(calls []scenario.Call) int {
	n := 0
	for n < len(calls) && calls[n].Parallel {
		n++
	}
	return max(n, 1)
}

func callGroup(ctx context.Context, calls []scenario.Call, do func(context.Context, *scenario.Call) bool) bool {
	if len(calls) == 1 {
		return do(ctx, &calls[0]) || calls[0].Optional
	}
	var failed atomic.Bool
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			if !do(ctx, &calls[i]) && !calls[i].Optional {
				failed.Store(true)
			}
		})
	}
	wg.Wait()
	return !failed.Load()
}

// client makes a workload's calls through its proxy.
type client struct {
	http      http.Client
	node      string
	service   string
	upstreams map[string]string
	ledger    *truth.Ledger
}

func newClient(cfg *Config) *client {
	return &client{
		http: http.Client{
			Transport:     &http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: 4096, IdleConnTimeout: 30 * time.Second, DisableCompression: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		node: cfg.Node, service: cfg.Service.Name, upstreams: cfg.Upstreams, ledger: cfg.Ledger,
	}
}

// passedOn lists the headers that an app copies from its caller to its calls, so
// that traces and baggage hold together.
var passedOn = [...]string{"X-Request-Id", "Traceparent", "Tracestate", "Baggage"}

// call makes one logical call and tells whether it was answered 2xx.
func (c *client) call(ctx context.Context, to *scenario.Call, from http.Header) bool {
	call := c.ledger.Begin(c.node, c.service, to.Service, to.Method, to.Path)
	status := c.send(ctx, to, from, call)
	call.End(status)
	return status/100 == 2
}

// send returns the status of a complete answer, 0 if there was none.
func (c *client) send(ctx context.Context, to *scenario.Call, from http.Header, call *truth.Call) int {
	req, err := http.NewRequestWithContext(ctx, to.Method, "http://"+c.upstreams[to.Service]+to.Path, nil)
	if err != nil {
		return 0
	}
	req.Host = to.Service
	for _, name := range passedOn {
		if v := from.Values(name); len(v) > 0 {
			req.Header[name] = v
		}
	}
	call.Mark(req)
	resp, err := c.http.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0
	}
	return resp.StatusCode
}
