package ingest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// serve runs a handler on a unix socket and returns an inserter for it.
func serve(t *testing.T, handler http.HandlerFunc) *inserter {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(server.Close)
	return inserterFor(t, "unix://"+socket+"?database=db1")
}

func inserterFor(t *testing.T, dsn string) *inserter {
	t.Helper()
	in, err := newInserter(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.close)
	return in
}

func TestInsertRequest(t *testing.T) {
	var got *http.Request
	var body string
	in := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		read, _ := io.ReadAll(r.Body)
		got, body = r, string(read)
	})
	b := &sealed{table: "heartbeats_in", body: []byte("the body"), token: "the-token"}
	if err := in.post(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"database":                   {"db1"},
		"query":                      {"INSERT INTO heartbeats_in (ts, collector, proxy, complete_through, requests, attempts, refused, clamped, started, interim, flows, block_id) FORMAT Native"},
		"insert_deduplication_token": {"the-token"},
		"decompress":                 {"1"},
		"async_insert":               {"0"},
		"insert_deduplicate":         {"1"},
		"deduplicate_blocks_in_dependent_materialized_views": {"1"},
		"input_format_skip_unknown_fields":                   {"0"},
		"max_insert_threads":                                 {"1"},
		"wait_end_of_query":                                  {"1"},
	}
	if diff := cmp.Diff(want, got.URL.Query()); diff != "" {
		t.Error(diff)
	}
	if got.Method != http.MethodPost || body != "the body" || got.ContentLength != 8 {
		t.Errorf("%s with body %q of length %d", got.Method, body, got.ContentLength)
	}
	if got.Header.Get("X-ClickHouse-User") != "" {
		t.Error("a user was sent although the dsn has none")
	}
}

func TestInsertSendsCredentials(t *testing.T) {
	var header http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { header = r.Header }))
	defer server.Close()
	in := inserterFor(t, strings.Replace(server.URL, "://", "://me:secret@", 1))
	if err := in.post(t.Context(), &sealed{table: "requests_in"}); err != nil {
		t.Fatal(err)
	}
	if header.Get("X-ClickHouse-User") != "me" || header.Get("X-ClickHouse-Key") != "secret" {
		t.Errorf("credentials = %q, %q", header.Get("X-ClickHouse-User"), header.Get("X-ClickHouse-Key"))
	}
}

func TestInsertVerdict(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		code   string
		body   string
		want   *storeError
	}{
		"stored":                     {200, "", "", nil},
		"stored, with a line end":    {200, "", "\n", nil},
		"refused":                    {404, "60", "Code: 60. DB::Exception: no table\n", &storeError{404, 60, "Code: 60. DB::Exception: no table"}},
		"exception after the header": {200, "", "Code: 241. DB::Exception: memory", &storeError{200, 0, "Code: 241. DB::Exception: memory"}},
		"exception by header alone":  {200, "241", "", &storeError{200, 241, ""}},
		"not ClickHouse":             {503, "", "upstream connect error", &storeError{503, 0, "upstream connect error"}},
		"no content":                 {204, "", "", &storeError{204, 0, ""}},
		"code that is no number":     {500, "x", "y", &storeError{500, 0, "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if tc.code != "" {
					w.Header().Set("X-ClickHouse-Exception-Code", tc.code)
				}
				w.WriteHeader(tc.status)
				io.WriteString(w, tc.body)
			})
			err := in.post(t.Context(), &sealed{table: "requests_in"})
			var got *storeError
			errors.As(err, &got)
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(storeError{})); diff != "" || (err == nil) != (tc.want == nil) {
				t.Errorf("error = %v: %s", err, diff)
			}
		})
	}
}

// TestInsertWithoutAnswer: a connection that ends is neither success nor
// refusal.
func TestInsertWithoutAnswer(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"before the header": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"in the body": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "Code:")
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := serve(t, handler).post(t.Context(), &sealed{table: "requests_in"})
			var answer *storeError
			if err == nil || errors.As(err, &answer) || permanent(err) {
				t.Errorf("error = %v, want one that is retried", err)
			}
		})
	}
	in := inserterFor(t, "unix://"+filepath.Join(t.TempDir(), "nobody"))
	err := in.post(t.Context(), &sealed{table: "requests_in"})
	if err == nil || permanent(err) || !errors.Is(err, syscall.ENOENT) {
		t.Errorf("error without a server = %v", err)
	}
	if strings.Contains(err.Error(), "insert_deduplicate") || !strings.Contains(err.Error(), "nobody?database=plimsoll") {
		t.Errorf("error = %v, want the dsn and not the whole address", err)
	}
}

// TestInsertOfALostBlock: a table that lost a block with the power may remember
// its token, so the block comes under another, always the same.
func TestInsertOfALostBlock(t *testing.T) {
	var token string
	in := serve(t, func(_ http.ResponseWriter, r *http.Request) { token = r.URL.Query().Get("insert_deduplication_token") })
	for range 2 {
		if err := in.post(t.Context(), &sealed{table: "requests_in", token: "t", suspect: true}); err != nil || token != "t-again" {
			t.Errorf("token = %s, %v", token, err)
		}
	}
}

// TestInsertThatHangs: a store that does not answer in time is no refusal, and
// the connection is given up.
func TestInsertThatHangs(t *testing.T) {
	gone := make(chan struct{})
	in := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		close(gone)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := in.post(ctx, &sealed{table: "requests_in", body: []byte("x")})
	if err == nil || permanent(err) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v, want one that is retried", err)
	}
	<-gone
}
