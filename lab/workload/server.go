package workload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/lab/truth"
)

// Config is what a workload needs.
type Config struct {
	Service   *scenario.Service
	Node      string            // its node id in the ledger
	Listen    string            // loopback host:port of the app
	Upstreams map[string]string // called service → host:port at its proxy's outbound listener
	Seed      uint64            // the scenario's
	Ledger    *truth.Ledger
	Log       *slog.Logger
}

// Server is a running workload. Its methods are safe for concurrent use.
type Server struct {
	cfg    Config
	app    *app
	client *client
	routes map[string]*scenario.Endpoint // by "METHOD /path"

	mu      sync.Mutex
	workers int
	life    *life // nil while killed
}

// Start listens and serves until Close. It fails when an upstream is missing or
// the address cannot be listened on.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	s := &Server{
		cfg: cfg, app: newApp(cfg.Service, cfg.Seed), client: newClient(&cfg),
		routes: map[string]*scenario.Endpoint{}, workers: cfg.Service.Workers,
	}
	for i := range cfg.Service.Endpoints {
		e := &cfg.Service.Endpoints[i]
		s.routes[e.Method+" "+e.Path] = e
		for _, c := range e.Calls {
			if cfg.Upstreams[c.Service] == "" {
				return nil, fmt.Errorf("starting workload %s: no address for its upstream %s", cfg.Service.Workload(), c.Service)
			}
		}
	}
	return s, s.Restore(ctx)
}

// Addr is the address the app listens on, or would if it were not killed.
func (s *Server) Addr() string { return s.cfg.Listen }

// SetFactor multiplies the time of work that starts from now on; 1 is normal.
func (s *Server) SetFactor(factor float64) { s.app.factor.Store(&factor) }

// SetFail answers a share of calls with code, after their work and in place of
// their calls; rate 0 ends it.
func (s *Server) SetFail(rate float64, code int) { s.app.fail.Store(&failure{rate, code}) }

// SetWorkers sets the number of workers; kills do not reset it.
func (s *Server) SetWorkers(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.workers = n
	if s.life != nil {
		s.life.pool.resize(n)
	}
}

// Kill closes the listener and all connections and ends all work, as the death
// of the process would.
func (s *Server) Kill() {
	s.mu.Lock()
	l := s.life
	s.life = nil
	s.mu.Unlock()
	if l != nil {
		l.end()
	}
	s.client.http.CloseIdleConnections()
}

// Restore starts a killed workload again, with an empty queue.
func (s *Server) Restore(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life != nil {
		return nil
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("starting workload %s: %w", s.cfg.Service.Workload(), err)
	}
	if addr := ln.Addr().String(); addr != s.cfg.Listen { // port 0, at the first start
		s.cfg.Listen = addr
	}
	s.life = s.begin(ln)
	return nil
}

// Close kills the workload for good.
func (s *Server) Close() { s.Kill() }

func (s *Server) current() *life {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.life
}

// life is a workload between start and kill.
type life struct {
	pool  *pool
	http  *http.Server
	alive context.Context
	die   context.CancelFunc
	calls sync.WaitGroup // the accept loop and the calls being served

	mu   sync.Mutex
	dead bool
}

func (s *Server) begin(ln net.Listener) *life {
	l := &life{pool: newPool(s.workers, s.cfg.Service.Queue)}
	l.alive, l.die = context.WithCancel(context.Background())
	l.http = &http.Server{
		Handler:     http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.handle(l, w, r) }),
		BaseContext: func(net.Listener) context.Context { return l.alive },
		ErrorLog:    slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug),
	}
	l.calls.Go(func() {
		if err := l.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.cfg.Log.Error("workload stopped accepting", "workload", s.cfg.Service.Workload(), "error", err)
		}
	})
	return l
}

// enter counts a call in; it is false once the life is over.
func (l *life) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.dead {
		l.calls.Add(1)
	}
	return !l.dead
}

// end breaks connections first, so that nobody gets an answer from work cut off.
func (l *life) end() {
	l.mu.Lock()
	l.dead = true
	l.mu.Unlock()
	_ = l.http.Close() // the listener's error would change nothing
	l.die()
	l.calls.Wait()
}

const body = "ok\n"

func (s *Server) handle(l *life, w http.ResponseWriter, r *http.Request) {
	if !l.enter() {
		return
	}
	defer l.calls.Done()
	s.cfg.Ledger.Arrived(r.Header.Get(truth.CallHeader), s.cfg.Node)
	e := s.routes[r.Method+" "+r.URL.Path]
	if e == nil {
		http.NotFound(w, r)
		return
	}
	header := r.Header
	status := s.app.serve(r.Context(), l.alive, l.pool, e, func(ctx context.Context, to *scenario.Call) bool {
		return s.client.call(ctx, to, header)
	})
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a caller that has gone is counted as zombie
}
