package engine

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// served is serveHTTP under test: on a unix and on a TCP listener.
type served struct {
	unix, tcp string
	stop      context.CancelFunc
	ended     chan error
}

const servedKey = "0123456789abcdef0123456789abcdef"

func startServing(t *testing.T, handler http.Handler) served {
	t.Helper()
	unix, err := net.Listen("unix", filepath.Join(shortDir(t), "s"))
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := served{unix: unix.Addr().String(), tcp: tcp.Addr().String(), stop: cancel, ended: make(chan error, 1)}
	go func() {
		s.ended <- serveHTTP(ctx, handler, []net.Listener{unix, tcp}, servedKey, slog.New(slog.DiscardHandler))
	}()
	t.Cleanup(cancel)
	return s
}

// request asks for / over the given network.
func (s served) request(t *testing.T, network, key string) (status int, body string, err error) {
	t.Helper()
	address := s.unix
	if network == "tcp" {
		address = s.tcp
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-ClickHouse-Key", key)
	response, err := transport.RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func TestServeHTTPAsksForTheKeyOnTCPOnly(t *testing.T) {
	s := startServing(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	for _, tt := range []struct {
		network, key string
		status       int
	}{
		{"unix", "", 200},
		{"tcp", "", 403},
		{"tcp", servedKey, 200},
	} {
		status, body, err := s.request(t, tt.network, tt.key)
		if err != nil || status != tt.status || (status == 200) != (body == "ok") {
			t.Errorf("%s with key %q: %d %q, %v, want %d", tt.network, tt.key, status, body, err, tt.status)
		}
	}
	s.stop()
	if err := <-s.ended; err != nil {
		t.Errorf("serveHTTP = %v after a stop", err)
	}
	if _, _, err := s.request(t, "unix", ""); err == nil {
		t.Error("requests are answered after the stop")
	}
}

func TestServeHTTPLetsRequestsFinish(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	s := startServing(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		if r.Context().Err() == nil {
			io.WriteString(w, "whole")
		}
	}))
	answer := make(chan string, 1)
	go func() {
		_, body, err := s.request(t, "unix", "")
		if err != nil {
			body = err.Error()
		}
		answer <- body
	}()
	<-entered
	s.stop()
	close(leave)
	if got := <-answer; got != "whole" {
		t.Errorf("answer = %q", got)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("serveHTTP = %v", err)
	}
}

func TestServeHTTPReportsALostListener(t *testing.T) {
	unix, err := net.Listen("unix", filepath.Join(shortDir(t), "s"))
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Close(); err != nil {
		t.Fatal(err)
	}
	err = serveHTTP(t.Context(), http.NotFoundHandler(), []net.Listener{unix}, "", slog.New(slog.DiscardHandler))
	if !errors.Is(err, net.ErrClosed) || !strings.Contains(err.Error(), "serving http") {
		t.Errorf("error = %v, want ErrClosed", err)
	}
}

func TestPing(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    string // of the error; "" is none
	}{
		{"an answer", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/ping" {
				w.WriteHeader(http.StatusNotFound)
			}
		}, ""},
		{"a failure", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "500"},
		{"no answer", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := startServing(t, tt.handler)
			err := ask(t.Context(), s.unix, "/ping")
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ping = %v, want %q", err, tt.want)
			}
			s.stop()
			<-s.ended
		})
	}
	if err := ask(t.Context(), filepath.Join(shortDir(t), "s"), "/ping"); err == nil || !strings.Contains(err.Error(), "socket=") {
		t.Errorf("ping of nothing = %v, want the socket named", err)
	}
}

func TestPingGivesUpWithItsContext(t *testing.T) {
	listener, err := net.Listen("unix", filepath.Join(shortDir(t), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := ask(ctx, listener.Addr().String(), "/ping"); !errors.Is(err, context.Canceled) {
		t.Errorf("ping = %v, want Canceled", err)
	}
}
