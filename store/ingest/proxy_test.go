package ingest

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// fault is what a faultyProxy does to one insert.
type fault int

const (
	none         fault = iota
	dropAnswer         // the store has answered, the caller does not hear of it
	cutBody            // the store gets half of the body
	answer500          // a proxy's, the store does not hear of the insert
	answer241          // memory limit, the same
	answer252          // too many parts, the same
	storeThen500       // the store has stored, the answer says otherwise
	hang               // no answer for a while, then the connection ends; the store does not hear of the insert
)

func (f fault) String() string {
	return [...]string{
		"none", "answer dropped after the insert", "body cut", "500 of a proxy", "241 memory limit", "252 too many parts",
		"500 after the insert", "no answer for a while",
	}[f]
}

// refusals are answers that the store has no part in.
var refusals = map[fault]storeError{
	answer500: {status: 500, text: "upstream connect error"},
	answer241: {status: 500, code: 241, text: "Code: 241. DB::Exception: Memory limit (total) exceeded"},
	answer252: {status: 500, code: 252, text: "Code: 252. DB::Exception: Too many parts (3001). Merges are processing significantly slower than inserts"},
}

func (e storeError) write(w http.ResponseWriter) {
	if e.code != 0 {
		w.Header().Set("X-ClickHouse-Exception-Code", strconv.Itoa(e.code))
	}
	w.WriteHeader(e.status)
	io.WriteString(w, e.text)
}

// faultyProxy stands between a pipeline and the store.
type faultyProxy struct {
	dsn    query.DSN // of the store
	choose func(insertInto string) fault
	after  func(fault) // called when the store has dealt with the insert
	client *http.Client

	rewrite func(code string) string // of an answer's error code; nil: as it is
}

// start serves the proxy on a socket and returns a DSN for it.
func (p *faultyProxy) start(t *testing.T) string {
	t.Helper()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return p.dsn.Dial(ctx) },
	}
	p.client = &http.Client{Transport: transport}
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: p}}
	server.Start()
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	return "unix://" + socket + "?database=" + p.dsn.Database
}

func (p *faultyProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	f := none
	if into, ok := strings.CutPrefix(r.URL.Query().Get("query"), "INSERT INTO "); ok {
		table, _, _ := strings.Cut(into, " ")
		f = p.choose(table)
	}
	if f == hang {
		p.after(f)
		select {
		case <-r.Context().Done():
		case <-time.After(300 * time.Millisecond):
		}
		panic(http.ErrAbortHandler)
	}
	if refusal, ok := refusals[f]; ok {
		p.after(f)
		refusal.write(w)
		return
	}
	resp, err := p.forward(r, body, f)
	if f == storeThen500 && err == nil {
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		p.after(f)
		refusals[answer500].write(w)
		return
	}
	if f != none {
		p.after(f)
		if err == nil {
			resp.Body.Close()
		}
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer resp.Body.Close()
	for key, values := range resp.Header {
		w.Header()[key] = values
	}
	if code := resp.Header.Get("X-ClickHouse-Exception-Code"); code != "" && p.rewrite != nil {
		w.Header().Set("X-ClickHouse-Exception-Code", p.rewrite(code))
	}
	w.WriteHeader(resp.StatusCode)
	io.Copy(w, resp.Body)
}

// forward sends the request on and waits for the header of the answer.
func (p *faultyProxy) forward(r *http.Request, body []byte, f fault) (*http.Response, error) {
	var sent io.Reader = bytes.NewReader(body)
	if f == cutBody {
		sent = io.MultiReader(bytes.NewReader(body[:len(body)/2]), brokenReader{})
	}
	out, err := http.NewRequestWithContext(r.Context(), r.Method, "http://store"+r.URL.RequestURI(), sent)
	if err != nil {
		return nil, err
	}
	out.URL.RawQuery = withBadDefaults(r.URL.Query()).Encode()
	out.Header = r.Header.Clone()
	out.ContentLength = int64(len(body))
	return p.client.Do(out)
}

// withBadDefaults adds to an insert what a user's profile may hold: every
// setting that a careless pipeline would leave to the server.
func withBadDefaults(q url.Values) url.Values {
	if !strings.HasPrefix(q.Get("query"), "INSERT INTO ") {
		return q
	}
	for name, value := range map[string]string{
		"async_insert": "1", "insert_deduplicate": "0", "deduplicate_blocks_in_dependent_materialized_views": "0",
		"deduplicate_insert": "disable", "input_format_skip_unknown_fields": "1", "wait_for_async_insert": "0",
	} {
		if !q.Has(name) {
			q.Set(name, value)
		}
	}
	return q
}

// brokenReader fails as a connection that is gone.
type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
