package ingest

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay"
)

func TestNewStore(t *testing.T) {
	for dsn, want := range map[string]struct {
		shards uint32
		asks   bool
	}{
		"http://a?database=x":           {1, true},
		"http://a,b;c,d;e,f?database=x": {3, true},
		"unix:///run/x.sock":            {1, true},
		"plimsoll+unix:///run/r.sock":   {1, false},
	} {
		s, err := newStore(Config{DSN: dsn})
		if err != nil {
			t.Errorf("%s: %v", dsn, err)
			continue
		}
		s.close()
		if s.width() != want.shards || (s.reconcile != nil) != want.asks || (s.untouched != nil) != want.asks {
			t.Errorf("%s: %d shards, asks %t, want %+v", dsn, s.width(), s.reconcile != nil, want)
		}
	}
	for dsn, want := range map[string]string{
		"ftp://a":                     `unknown scheme "ftp"`,
		"plimsoll+ftp://a:1":          `unknown scheme "plimsoll+ftp"`,
		"plimsoll+http://10.0.0.1:80": "token_file",
	} {
		if _, err := newStore(Config{DSN: dsn}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error = %v, want %q", dsn, err, want)
		}
	}
}

// TestRelayStore sends a block to a central collector: the same token and
// bytes, and refusals keep their meaning.
func TestRelayStore(t *testing.T) {
	status := http.StatusOK
	var token, table string
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, table = r.Header.Get(relay.HeaderToken), r.Header.Get(relay.HeaderTable)
		w.WriteHeader(status)
	})}}
	server.Start()
	defer server.Close()
	s, err := newStore(Config{DSN: "plimsoll+unix://" + socket})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	b := sealedOf(t, 3)["attempts_in"]
	if err := s.post(t.Context(), b); err != nil || token != b.token || table != "attempts_in" {
		t.Errorf("token %s, table %s, %v", token, table, err)
	}
	for code, want := range map[int]bool{400: true, 413: true, 401: false, 409: false, 503: false, 502: false} {
		status = code
		if err := s.post(t.Context(), b); err == nil || permanent(err) != want || worthSplitting(err) {
			t.Errorf("status %d: error %v, permanent %t, want %t", code, err, permanent(err), want)
		}
	}
}
