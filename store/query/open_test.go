package query

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// TestOpenSendsCredentialsAndSettings looks at the first request of a
// connection, which a server that answers nothing useful is enough for.
func TestOpenSendsCredentialsAndSettings(t *testing.T) {
	var mu sync.Mutex
	var seen []*http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Clone(t.Context()))
		http.Error(w, "Code: 516. DB::Exception: me: Authentication failed", http.StatusForbidden)
	}))
	defer server.Close()
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")

	conn, err := Open(strings.Replace(server.URL, "http://", "http://me:secret@", 1) + "?database=d")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Ping(t.Context())
	if err == nil || !strings.Contains(err.Error(), "Authentication failed") {
		t.Errorf("error = %v, want the server's", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(seen) == 0 {
		t.Fatal("no request came")
	}
	r := seen[0]
	for key, want := range map[string]string{"database": "d", "readonly": "2"} {
		if got := r.URL.Query().Get(key); got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
	if user, key := r.Header.Get("X-ClickHouse-User"), r.Header.Get("X-ClickHouse-Key"); user != "me" || key != "secret" {
		if u, p, ok := r.BasicAuth(); !ok || u != "me" || p != "secret" {
			t.Errorf("credentials = %q, %q", user, key)
		}
	}
}

func TestOpenRefusesABadDSN(t *testing.T) {
	if _, err := Open("unix://nowhere"); err == nil || !strings.Contains(err.Error(), "parsing store dsn") {
		t.Errorf("error = %v, want one about the dsn", err)
	}
}

func TestOpenOptionsByScheme(t *testing.T) {
	for dsn, want := range map[string]struct{ tls, compressed bool }{
		"unix:///a.sock": {false, false},
		"http://db":      {false, true},
		"https://db":     {true, true},
	} {
		d, err := ParseDSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		o := options(d, nil)
		if (o.TLS != nil) != want.tls || (o.Compression != nil) != want.compressed {
			t.Errorf("%s: tls %t, compressed %t, want %+v", dsn, o.TLS != nil, o.Compression != nil, want)
		}
	}
}
