package httpd_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

func get(t *testing.T, socket, target string, header ...string) enginetest.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://engine"+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return enginetest.Do(t, enginetest.Client(t, socket), r)
}

func TestRoutes(t *testing.T) {
	socket := start(t)
	tests := []struct {
		target string
		status int
		body   string
	}{
		{"/ping", 200, "Ok.\n"},
		{"/probe", 200, "Ok.\n"},
		{"/?query=SELECT+1", 200, "1\n"},
		{"/play", 404, "There is no handle /play\n"},
		{"/", 200, "Ok.\n"},
		{"/?query=", 400, ""},
	}
	for _, tt := range tests {
		if r := get(t, socket, tt.target); r.Status != tt.status || tt.body != "" && r.Body != tt.body {
			t.Errorf("%s: %d %q, want %d %q", tt.target, r.Status, r.Body, tt.status, tt.body)
		}
	}
}

func TestGetOnlyReads(t *testing.T) {
	socket := start(t)
	for _, query := range []string{"", "&readonly=0", "&readonly=1"} {
		r := get(t, socket, "/?query=CREATE+TABLE+plimsoll.t+(a+Int8)+ENGINE=Memory"+query)
		if r.Header.Get("X-ClickHouse-Exception-Code") != "164" {
			t.Errorf("GET with %q: %d %s, want exception 164, READONLY", query, r.Status, r.Body)
		}
	}
	// The pool must not hand a read-only session to a writer.
	if r := enginetest.Post(t, socket, "CREATE TABLE plimsoll.t (a Int8) ENGINE = Memory", ""); r.Status != 200 {
		t.Errorf("POST: %d %s", r.Status, r.Body)
	}
}

func TestResponseHeaders(t *testing.T) {
	r := enginetest.Post(t, start(t), "SELECT number FROM numbers(10)", "?query_id=mine&default_format=JSONEachRow")
	for name, want := range map[string]string{
		"X-Clickhouse-Query-Id": "mine",
		"X-Clickhouse-Format":   "JSONEachRow",
		"X-Clickhouse-Timezone": "UTC",
		"Content-Type":          "application/x-ndjson; charset=UTF-8",
		"Content-Length":        strconv.Itoa(len(r.Body)),
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	var summary map[string]string
	if err := json.Unmarshal([]byte(r.Header.Get("X-ClickHouse-Summary")), &summary); err != nil {
		t.Fatal(err)
	}
	if summary["result_rows"] != "10" || summary["read_rows"] != "10" || summary["elapsed_ns"] == "0" {
		t.Errorf("summary = %v", summary)
	}
	if other := enginetest.Post(t, start(t), "SELECT 1", ""); len(other.Header.Get("X-ClickHouse-Query-Id")) != 36 {
		t.Errorf("made-up query id = %q", other.Header.Get("X-ClickHouse-Query-Id"))
	}
}

// TestFormatsWithAFrameAreWhole would see a header per block if they were streamed.
func TestFormatsWithAFrameAreWhole(t *testing.T) {
	socket := start(t)
	r := enginetest.Post(t, socket, "SELECT number FROM numbers(200000) FORMAT JSON", "")
	var document struct{ Rows int }
	if err := json.Unmarshal([]byte(r.Body), &document); err != nil || document.Rows != 200000 {
		t.Errorf("JSON of %d bytes: %d rows, %v", len(r.Body), document.Rows, err)
	}
	r = enginetest.Post(t, socket, "SELECT number FROM numbers(200000) FORMAT CSVWithNames", "")
	if got := strings.Count(r.Body, "number"); got != 1 {
		t.Errorf("CSVWithNames has %d heads", got)
	}
}

func TestGzipOfResults(t *testing.T) {
	r := get(t, start(t), "/?query=SELECT+number+FROM+numbers(500000)", "Accept-Encoding", "gzip")
	if r.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("headers = %v", r.Header)
	}
	z, err := gzip.NewReader(strings.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil || !strings.HasSuffix(string(plain), "\n499999\n") {
		t.Errorf("%d bytes, %v", len(plain), err)
	}
}

func TestExceptionInsideOfAResult(t *testing.T) {
	socket := start(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://engine/?buffer_size=0&max_block_size=1000&max_threads=1",
		strings.NewReader("SELECT throwIf(number = 5000000, 'mine') FROM numbers(10000000) FORMAT RowBinary"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := enginetest.Client(t, socket).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		t.Skipf("the exception overtook all rows: %d", response.StatusCode)
	}
	if err == nil {
		t.Error("a broken result looks complete")
	}
	tag := response.Header.Get("X-ClickHouse-Exception-Tag")
	if text := string(body); !strings.Contains(text, "\r\n__exception__\r\n"+tag+"\r\nCode: 395.") || !strings.Contains(text, "mine") {
		t.Errorf("no exception in the last of %d bytes: %q", len(text), text[max(0, len(text)-300):])
	}
}

// TestLongResultHeldBackWhole is far more than is held in memory: the engine's
// child must find a place for it inside of its sandbox.
func TestLongResultHeldBackWhole(t *testing.T) {
	const rows = 8_000_000 // 64 MB
	r := enginetest.Post(t, start(t), "SELECT number FROM numbers(8000000) FORMAT RowBinary", "?wait_end_of_query=1")
	if r.Status != http.StatusOK || len(r.Body) != 8*rows || r.Header.Get("Content-Length") != strconv.Itoa(8*rows) {
		t.Errorf("%d with %d bytes, %v", r.Status, len(r.Body), r.Header)
	}
	var summary map[string]string
	if err := json.Unmarshal([]byte(r.Header.Get("X-ClickHouse-Summary")), &summary); err != nil || summary["result_rows"] != strconv.Itoa(rows) {
		t.Errorf("summary = %v, %v, want that of the whole result", summary, err)
	}
}

// TestRowsArriveAsTheyCome waits for the first row of a statement that takes ten
// minutes.
func TestRowsArriveAsTheyCome(t *testing.T) {
	client := enginetest.Client(t, start(t))
	for _, encoding := range []string{"", "gzip", "br", "zstd", "lz4", "deflate"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://engine/?buffer_size=0&max_block_size=1",
			strings.NewReader("SELECT sleepEachRow(0.1), number FROM numbers(6000) SETTINGS function_sleep_max_microseconds_per_block = 0 FORMAT TSV"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", encoding)
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(response.Body, make([]byte, 4)); err != nil || response.Header.Get("Content-Encoding") != encoding {
			t.Errorf("%q: %v, %v", encoding, err, response.Header)
		}
		response.Body.Close()
	}
}

func TestSessionStatementsDoNotLeak(t *testing.T) {
	socket := start(t)
	for _, sql := range []string{"USE system", "SET max_block_size = 99", "CREATE TEMPORARY TABLE leak (a Int8) ENGINE = Memory"} {
		if r := enginetest.Post(t, socket, sql, ""); r.Status != 200 {
			t.Fatalf("%s: %d %s", sql, r.Status, r.Body)
		}
	}
	r := enginetest.Post(t, socket, "SELECT currentDatabase() = 'system', getSetting('max_block_size') = 99, count() FROM system.tables WHERE name = 'leak'", "")
	if r.Body != "0\t0\t0\n" {
		t.Errorf("next request sees %q", r.Body)
	}
}

// TestStatusTableFollowsTheEngine checks the comments of status.go against the
// engine's own names: a code under a wrong name is a wrong code.
func TestStatusTableFollowsTheEngine(t *testing.T) {
	socket := start(t)
	for code, name := range statusNames(t) {
		r := enginetest.Post(t, socket, "SELECT errorCodeToName(toInt32("+code+"))", "")
		if got := strings.TrimSpace(r.Body); got != name {
			t.Errorf("code %s is %s, not %s", code, got, name)
		}
	}
}
