package handler

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCheckLoopback(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:18090":  "",
		"127.9.9.9:1":      "",
		"[::1]:18090":      "",
		"localhost:18090":  "",
		"0.0.0.0:18090":    "not supported yet",
		":18090":           "not supported yet",
		"[::]:18090":       "not supported yet",
		"10.0.0.1:18090":   "not supported yet",
		"example.com:80":   "not supported yet",
		"127.0.0.1":        "host:port",
		"":                 "host:port",
		"localhost.:18090": "not supported yet",
	} {
		err := CheckLoopback(address)
		if want == "" && err != nil {
			t.Errorf("%q: %v", address, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: error %v, want one with %q", address, err, want)
		}
	}
}

func TestListenRefuses(t *testing.T) {
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Listen(t.Context(), l.Addr().String()); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("error %v for a busy port", err)
	}
	if _, err := Listen(t.Context(), "0.0.0.0:0"); err == nil {
		t.Error("listens on all addresses")
	}
}

// TestServeFinishesCalls stops the server while a call is in progress: the call
// is answered, and Serve returns only then.
func TestServeFinishesCalls(t *testing.T) {
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started, finish := make(chan struct{}), make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(started)
		<-finish
		w.Write([]byte("done"))
	})
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, l, h, slog.New(slog.DiscardHandler)) }()
	body := make(chan string, 1)
	go func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Get("http://" + l.Addr().String())
		if err != nil {
			body <- err.Error()
			return
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		body <- string(text)
	}()
	<-started
	stop()
	select {
	case err := <-served:
		t.Fatalf("Serve returned %v while a call was in progress", err)
	default:
	}
	close(finish)
	if got := <-body; got != "done" {
		t.Errorf("the call got %q", got)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
}

func TestServeReportsABrokenListener(t *testing.T) {
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := Serve(t.Context(), l, http.NotFoundHandler(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error from a closed listener")
	}
}
