package service

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
)

const (
	maxConnections = 1000
	drain          = 5 * time.Second
)

// certificate is the server's own, renewed as needed.
type certificate struct {
	mu      sync.Mutex
	current *tls.Certificate
	svid    *ca.SVID
	issuer  *x509.Certificate
}

// TLSConfig is that of the service: TLS 1.3, a certificate of its own authority,
// client certificates asked for and judged per call. No session is resumed, so
// that each connection proves its key anew.
func (s *Service) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		ClientAuth:             tls.RequestClientCert,
		SessionTicketsDisabled: true,
		Time:                   s.o.Now,
		GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return s.server.get(h.Context(), s)
		},
	}
}

// get returns a certificate of the issuer that signs now, at most half through
// its life. One that cannot be renewed serves until its end.
func (c *certificate) get(ctx context.Context, s *Service) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, issuer := s.o.Now(), s.o.Rotation.Authority().Issuer()
	if c.svid != nil && c.issuer.Equal(issuer) && now.Before(c.svid.NotAfter.Add(-ca.DefaultTTL/2)) {
		return c.current, nil
	}
	err := c.renew(ctx, s)
	if err != nil && c.svid != nil && now.Before(c.svid.NotAfter) {
		s.o.Log.ErrorContext(ctx, "renewing the server's certificate", "error", err)
		return c.current, nil
	}
	return c.current, err
}

// renew makes a new key and has it signed. The roots go with the certificate:
// who joins knows their hashes from its token only.
func (c *certificate) renew(ctx context.Context, s *Service) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("making the server's key: %w", err)
	}
	issuer := s.o.Rotation.Authority().Issuer()
	svid, err := s.o.Rotation.IssueServer(context.WithoutCancel(ctx), key.Public())
	if err != nil {
		return err
	}
	next := &tls.Certificate{PrivateKey: key, Leaf: svid.Chain[0]}
	for _, part := range append(svid.Chain, svid.Bundle.Roots()...) {
		next.Certificate = append(next.Certificate, part.Raw)
	}
	c.current, c.svid, c.issuer = next, svid, issuer
	return nil
}

// Serve serves on the listener, which it closes, until the context ends. Calls
// that have begun are finished; connections that are open after five seconds are
// cut.
func (s *Service) Serve(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle(s.Handler())
	watch := &silent{open: map[net.Conn]bool{}, metrics: s.metrics}
	var http1 http.Protocols
	http1.SetHTTP1(true)
	server := &http.Server{
		Handler: mux, TLSConfig: s.TLSConfig(), Protocols: &http1,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 30 * time.Second,
		MaxHeaderBytes: 16 << 10, ConnState: watch.state,
		ErrorLog: slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	until, release := context.WithCancel(ctx)
	defer release()
	go func() {
		<-until.Done()
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		if err := server.Shutdown(wait); !errors.Is(err, context.DeadlineExceeded) {
			stopped <- err
			return
		}
		stopped <- server.Close()
	}()
	err := server.ServeTLS(&bounded{Listener: l, free: make(chan struct{}, maxConnections)}, "", "")
	if ctx.Err() == nil {
		return fmt.Errorf("serving certificates on %s: %w", l.Addr(), err)
	}
	return <-stopped
}

// bounded keeps the number of open connections.
type bounded struct {
	net.Listener
	free chan struct{} // holds one value per open connection
}

// Accept waits for room, then for a connection.
func (b *bounded) Accept() (net.Conn, error) {
	b.free <- struct{}{}
	conn, err := b.Listener.Accept()
	if err != nil {
		<-b.free
		return nil, err
	}
	return &counted{Conn: conn, release: sync.OnceFunc(func() { <-b.free })}, nil
}

type counted struct {
	net.Conn
	release func()
}

// Close makes room.
func (c *counted) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// silent counts connections that close without having sent a request.
type silent struct {
	mu      sync.Mutex
	open    map[net.Conn]bool
	metrics *Metrics
}

func (s *silent) state(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.open[c] = true
	case http.StateActive:
		delete(s.open, c)
	case http.StateClosed, http.StateHijacked:
		if s.open[c] {
			s.metrics.countRefused(reasonConnection)
			delete(s.open, c)
		}
	}
}
