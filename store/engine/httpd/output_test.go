package httpd

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
)

// respond configures an output by a request and hands it over.
func respond(t *testing.T, query string, header http.Header, write func(*output)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/"+query, strings.NewReader("SELECT 1"))
	r.Header = header
	req, err := parseRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	out := newOutput(w, t.TempDir())
	if err := out.configure(r, req); err != nil {
		t.Fatal(err)
	}
	write(out)
	return w
}

func put(t *testing.T, out *output, pieces ...string) {
	t.Helper()
	for _, piece := range pieces {
		if _, err := io.WriteString(out, piece); err != nil {
			t.Fatal(err)
		}
	}
}

func finish(t *testing.T, out *output) {
	t.Helper()
	if err := out.finish(); err != nil {
		t.Fatal(err)
	}
}

func TestOutputHoldsBackUpToItsLimit(t *testing.T) {
	tests := []struct {
		query     string
		bytes     int
		committed bool
	}{
		{"", defaultBuffer, false},
		{"", defaultBuffer + 1, true},
		{"?buffer_size=10", 10, false},
		{"?buffer_size=10", 11, true},
		{"?buffer_size=0", 1, true},
		{"?buffer_size=nonsense", 11, false},
		{"?http_response_buffer_size=10", 11, true},
		{"?wait_end_of_query=1", 3 * defaultBuffer, false},
		{"?wait_end_of_query=1&buffer_size=1", 3 * defaultBuffer, false},
	}
	for _, tt := range tests {
		respond(t, tt.query, nil, func(out *output) {
			put(t, out, strings.Repeat("x", tt.bytes))
			if out.committed != tt.committed {
				t.Errorf("%q with %d bytes: committed = %v, want %v", tt.query, tt.bytes, out.committed, tt.committed)
			}
		})
	}
}

func TestOutputOfAHeldResultHasALength(t *testing.T) {
	w := respond(t, "?default_format=CSV", nil, func(out *output) {
		out.onCommit = func(h http.Header) { h.Set("X-ClickHouse-Summary", "late") }
		put(t, out, "a", "", "bc")
		finish(t, out)
	})
	if w.Code != 200 || w.Body.String() != "abc" || w.Header().Get("Content-Length") != "3" {
		t.Errorf("response = %d %q %v", w.Code, w.Body, w.Header())
	}
	if w.Header().Get("X-ClickHouse-Format") != "CSV" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") ||
		w.Header().Get("X-ClickHouse-Summary") != "late" {
		t.Errorf("headers = %v", w.Header())
	}
}

func TestOutputOfNoRowsIsEmptyInEveryEncoding(t *testing.T) {
	for _, query := range []string{"", "?compress=1", "?buffer_size=0"} {
		w := respond(t, query, http.Header{"Accept-Encoding": {"gzip"}}, func(out *output) { finish(t, out) })
		if w.Header().Get("Content-Length") != "0" || w.Body.Len() != 0 || w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%q: %v with %d bytes", query, w.Header(), w.Body.Len())
		}
	}
}

func TestOutputStreamsInOrder(t *testing.T) {
	w := respond(t, "?buffer_size=4", nil, func(out *output) {
		put(t, out, "ab", "cd", "ef", "gh")
		finish(t, out)
	})
	if w.Body.String() != "abcdefgh" || w.Header().Get("Content-Length") != "" {
		t.Errorf("response = %q %v", w.Body, w.Header())
	}
}

func TestOutputFlushesOnlyBehindTheStatus(t *testing.T) {
	for _, accept := range []string{"", "gzip"} {
		w := respond(t, "?buffer_size=4", http.Header{"Accept-Encoding": {accept}}, func(out *output) {
			put(t, out, "ab")
			if err := out.flush(); err != nil || out.committed {
				t.Fatalf("flush of held bytes: %v, committed = %v", err, out.committed)
			}
			put(t, out, "cdef")
			if err := out.flush(); err != nil {
				t.Fatal(err)
			}
		})
		if !w.Flushed || w.Body.Len() < 6 {
			t.Errorf("%q: %d bytes, flushed = %v", accept, w.Body.Len(), w.Flushed)
		}
	}
}

func TestOutputIsEncodedWhenAccepted(t *testing.T) {
	tests := []struct {
		accept, query, want string
	}{
		{"gzip", "", "gzip"},
		{"br, gzip;q=0.5", "", "br"},
		{"deflate", "", "deflate"},
		{"zstd", "", "zstd"},
		{"lz4", "", "lz4"},
		{"gzip;q=0", "", ""},
		{"", "", ""},
		{"gzip", "?enable_http_compression=0", ""},
		{"gzip", "?compress=1", ""},
	}
	for _, tt := range tests {
		w := respond(t, tt.query, http.Header{"Accept-Encoding": {tt.accept}}, func(out *output) {
			put(t, out, "hello")
			finish(t, out)
		})
		if got := w.Header().Get("Content-Encoding"); got != tt.want {
			t.Errorf("%q %q: %q, want %q", tt.accept, tt.query, got, tt.want)
		}
		if tt.want == "" {
			continue
		}
		reader, err := decodeContent(tt.want, w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := io.ReadAll(reader); err != nil || string(plain) != "hello" {
			t.Errorf("%s: decoded %q, %v", tt.want, plain, err)
		}
	}
}

func TestOutputAbortBreaksTheConnection(t *testing.T) {
	e := &chdb.Exception{Code: 241, Text: "Code: 241. DB::Exception: Memory limit. (MEMORY_LIMIT_EXCEEDED)"}
	w := respond(t, "?buffer_size=0", nil, func(out *output) {
		put(t, out, "some rows")
		defer func() {
			if r := recover(); r != http.ErrAbortHandler { //nolint:errorlint // a panic value
				t.Errorf("panic = %v, want ErrAbortHandler", r)
			}
		}()
		out.abort(e, "0123456789abcdef")
	})
	want := "some rows\r\n__exception__\r\n0123456789abcdef\r\n" + e.Text + "\n64 0123456789abcdef\r\n__exception__\r\n"
	if w.Body.String() != want {
		t.Errorf("body = %q, want %q", w.Body, want)
	}
}

func TestWriteExceptionReplacesTheResult(t *testing.T) {
	w := respond(t, "", http.Header{"Accept-Encoding": {"gzip"}}, func(out *output) {
		put(t, out, "some rows")
		writeException(out.w, exceptionf(60, "UNKNOWN_TABLE", "no %s", "t"))
	})
	if w.Code != 404 || w.Header().Get("X-ClickHouse-Exception-Code") != "60" || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("response = %d %v", w.Code, w.Header())
	}
	if want := "Code: 60. DB::Exception: no t. (UNKNOWN_TABLE)\n"; w.Body.String() != want {
		t.Errorf("body = %q, want %q", w.Body, want)
	}
}

func TestToExceptionKeepsCodesAndAddsTheVersion(t *testing.T) {
	wrapped := errors.Join(errors.New("context"), &chdb.Exception{Code: 60, Text: "Code: 60. x"})
	if e := toException(wrapped, "26.7.2.1"); e.Code != 60 || e.Text != "Code: 60. x (version 26.7.2.1 (official build))" {
		t.Errorf("exception = %+v", e)
	}
	if e := toException(errors.New("disk on fire"), "v"); e.Code != chdb.CodeUnknown || !strings.Contains(e.Text, "disk on fire. (UNKNOWN_EXCEPTION)") {
		t.Errorf("exception = %+v", e)
	}
}

func TestFramedOutputIsHeldBackAsWell(t *testing.T) {
	plain := strings.Repeat("row\n", 1000)
	w := respond(t, "?compress=1&buffer_size=1000000", nil, func(out *output) {
		put(t, out, plain)
		if out.committed {
			t.Error("committed before the end")
		}
		finish(t, out)
	})
	if !bytes.Equal(w.Body.Bytes(), frames(t, "LZ4", []byte(plain), 1<<20)) {
		t.Errorf("%d bytes are not one LZ4 frame", w.Body.Len())
	}
}
