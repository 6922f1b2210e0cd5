// Package discard is a ClickHouse that answers everything but stores nothing:
// inserts are read to their end and dropped, all else goes to a real engine.
// Clients measured against it pay for making and sending their inserts, and the
// machine does not pay for storing them.
package discard

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Server is a running server.
type Server struct {
	URL string // such as "http://127.0.0.1:40123"

	server  *http.Server
	inserts atomic.Int64
	bytes   atomic.Int64
}

// Serve starts a server on a free loopback port, in front of the engine at the
// unix socket.
func Serve(socket string) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serving in place of %s: %w", socket, err)
	}
	s := &Server{URL: "http://" + l.Addr().String()}
	s.server = &http.Server{Handler: s.handler(engine(socket)), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

// Taken returns how many inserts came, and the bytes of their bodies.
func (s *Server) Taken() (inserts, bytes int64) { return s.inserts.Load(), s.bytes.Load() }

// Close stops the server.
func (s *Server) Close() error { return s.server.Close() }

func (s *Server) handler(rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isInsert(r) {
			rest.ServeHTTP(w, r)
			return
		}
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.inserts.Add(1)
		s.bytes.Add(n)
	})
}

func isInsert(r *http.Request) bool {
	word, _, _ := strings.Cut(strings.TrimSpace(r.URL.Query().Get("query")), " ")
	return r.Method == http.MethodPost && strings.EqualFold(word, "INSERT")
}

// engine passes requests on to the socket.
func engine(socket string) http.Handler {
	p := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "engine"})
	p.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	return p
}
