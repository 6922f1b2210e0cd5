package httpd_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/engine/httpd"
	"github.com/plimsoll-mesh/plimsoll/store/engine/pool"
)

// serve answers one request by a handler over an engine of this process, without
// the HTTP server between: no lost connection can come to its help.
func serve(t *testing.T, handler http.Handler, query string, body io.Reader) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/?query="+url.QueryEscape(query), body))
	return w
}

func newHandler(t *testing.T) http.Handler {
	t.Helper()
	lib, err := chdb.Load(enginetest.Library(t))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "httpd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p, err := pool.Open(lib, pool.Options{Dir: dir, Memory: 1 << 30, Active: 4, Idle: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return httpd.New(p, slog.New(slog.DiscardHandler))
}

// TestOnlyTheEndOfABodyCommits gives an insert whole lines, then an error. It is
// the one test of this process with an engine inside: the library knows one data
// directory per process.
func TestOnlyTheEndOfABodyCommits(t *testing.T) {
	handler := newHandler(t)
	lines := strings.Repeat("1\n", 100000)
	tests := []struct {
		name      string
		err       error
		committed bool
	}{
		{"end", io.EOF, true},
		{"wrapped end", fmt.Errorf("header: %w", io.EOF), true},
		{"cut", io.ErrUnexpectedEOF, false},
		{"wrapped cut", fmt.Errorf("frame: %w", io.ErrUnexpectedEOF), false},
		{"reset", errors.New("connection reset by peer"), false},
		{"too long", &http.MaxBytesError{Limit: 1}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, sql := range []string{"CREATE DATABASE IF NOT EXISTS d ENGINE = Atomic", "CREATE OR REPLACE TABLE d.t (n UInt64) ENGINE = MergeTree ORDER BY n"} {
				if w := serve(t, handler, sql, nil); w.Code != http.StatusOK {
					t.Fatal(w.Body)
				}
			}
			body := io.MultiReader(strings.NewReader(lines), iotest.ErrReader(tt.err))
			w := serve(t, handler, "INSERT INTO d.t FORMAT TabSeparated", body)
			want, status := "0\n", http.StatusInternalServerError
			if tt.committed {
				want, status = "100000\n", http.StatusOK
			}
			if w.Code != status || !tt.committed && w.Header().Get("X-ClickHouse-Exception-Code") != "33" {
				t.Errorf("answer = %d %s, want %d", w.Code, w.Body, status)
			}
			if got := serve(t, handler, "SELECT count() FROM d.t", nil).Body.String(); got != want {
				t.Errorf("rows = %q, want %q", got, want)
			}
		})
	}
}
