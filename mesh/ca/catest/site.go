// Package catest runs a whole authority in a test's memory: directory, rotation,
// join tokens and service over TLS, reached through pipes, so that it also works
// in a bubble of testing/synctest.
package catest

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/join"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/keydir"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/rotation"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/service"
)

// TrustDomain is that of every Site.
const TrustDomain = "test.example"

// Identity is spiffe://test.example/ns/default/sa/<name>.
func Identity(name string) ca.Identity {
	return ca.Identity{TrustDomain: TrustDomain, Namespace: "default", ServiceAccount: name}
}

// Site is an authority that a test can stop and start again on the same files.
type Site struct {
	Rotation *rotation.Machine
	Tokens   *join.Registry
	Service  *service.Service
	Log      Log // what the authority logged

	t    testing.TB
	path string
	mu   sync.Mutex
	net  *pipes // nil: down
	stop func()
}

// Start starts an authority, which ends with the test.
func Start(t testing.TB) *Site {
	t.Helper()
	s := &Site{t: t, path: filepath.Join(t.TempDir(), "ca")}
	s.Up()
	t.Cleanup(s.Down)
	return s
}

// Up starts the authority on its files.
func (s *Site) Up() {
	s.t.Helper()
	log := slog.New(slog.NewJSONHandler(&s.Log, nil))
	dir, err := keydir.Open(s.path)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.Rotation, err = rotation.Open(dir, dir, TrustDomain, time.Now, log); err != nil {
		s.t.Fatal(err)
	}
	if s.Tokens, err = join.Open(dir, TrustDomain, time.Now); err != nil {
		s.t.Fatal(err)
	}
	s.Service = service.New(service.Options{Rotation: s.Rotation, Tokens: s.Tokens, Now: time.Now, Log: log})
	ctx, cancel := context.WithCancel(context.Background())
	l := &pipes{queue: make(chan net.Conn), closed: make(chan struct{})}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Service.Serve(ctx, l); err != nil {
			s.t.Errorf("serving: %v", err)
		}
	})
	wg.Go(func() { s.Rotation.Run(ctx, 5*time.Second) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.net = l
	s.stop = func() {
		cancel()
		wg.Wait()
		_ = s.Tokens.Close()
		_ = dir.Close()
	}
}

// Down stops the authority; it can be started again.
func (s *Site) Down() {
	s.mu.Lock()
	stop := s.stop
	s.net, s.stop = nil, nil
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// Dial reaches the authority under any address; it is client.Options.Dial.
func (s *Site) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	s.mu.Lock()
	l := s.net
	s.mu.Unlock()
	if l == nil {
		return nil, errors.New("the authority is down")
	}
	near, far := net.Pipe()
	select {
	case l.queue <- far:
		return near, nil
	case <-l.closed:
		return nil, errors.New("the authority is down")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Token makes a join token for the workload, whose service account has its name.
func (s *Site) Token(workload string) string {
	s.t.Helper()
	token, err := s.Tokens.Mint(join.Grant{Identity: Identity(workload), Workload: workload}, join.MaxTTL, s.Rotation.Authority().Bundle())
	if err != nil {
		s.t.Fatal(err)
	}
	return string(token.Reveal())
}

// TokenFile puts a token for the workload into a file.
func (s *Site) TokenFile(workload string) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "token")
	s.WriteToken(path, workload)
	return path
}

// WriteToken replaces the token in the file.
func (s *Site) WriteToken(path, workload string) {
	s.t.Helper()
	if err := os.WriteFile(path, []byte(s.Token(workload)), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// pipes is a listener without a network.
type pipes struct {
	queue  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.queue:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "pipe"} }

// Log collects what is logged.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns all lines.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
