package httpd

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
)

func TestStatusOf(t *testing.T) {
	for code, want := range map[int]int{
		36: 400, 62: 400, 117: 400, // of the statement or its data
		46: 404, 47: 404, 60: 404, 81: 404, 115: 404, // something unknown
		194: 401, 497: 403, 516: 403,
		48: 501, 159: 408, 209: 503, 229: 413,
		0: 500, 33: 500, 164: 500, 241: 500, 394: 500, 1002: 500, -1: 500, // all others
	} {
		if got := statusOf(code); got != want {
			t.Errorf("statusOf(%d) = %d, want %d", code, got, want)
		}
	}
}

func TestStatusTableHasEachCodeOnce(t *testing.T) {
	seen := map[int]bool{}
	for _, group := range statusGroups() {
		for _, code := range group.codes {
			if seen[code] {
				t.Errorf("code %d is listed twice", code)
			}
			seen[code] = true
		}
	}
}

func TestFormats(t *testing.T) {
	tests := []struct {
		format, contentType string
		streams             bool
	}{
		{"Native", "application/octet-stream", true},
		{"RowBinary", "application/octet-stream", true},
		{"RowBinaryWithNamesAndTypes", "application/octet-stream", false},
		{"Parquet", "application/octet-stream", false},
		{"JSON", "application/json; charset=UTF-8", false},
		{"JSONEachRow", "application/x-ndjson; charset=UTF-8", true},
		{"CSV", "text/csv; charset=UTF-8; header=absent", true},
		{"CSVWithNames", "text/csv; charset=UTF-8; header=present", false},
		{"TSV", "text/tab-separated-values; charset=UTF-8", true},
		{"TabSeparatedWithNames", "text/tab-separated-values; charset=UTF-8", false},
		{"Pretty", "text/plain; charset=UTF-8", false},
		{"", "text/plain; charset=UTF-8", false},
	}
	for _, tt := range tests {
		if got := contentType(tt.format); got != tt.contentType {
			t.Errorf("contentType(%q) = %q, want %q", tt.format, got, tt.contentType)
		}
		if got := streams(tt.format); got != tt.streams {
			t.Errorf("streams(%q) = %v, want %v", tt.format, got, tt.streams)
		}
	}
}

// TestSummaryIsJSONOfStrings: ClickHouse quotes its counters.
func TestSummaryIsJSONOfStrings(t *testing.T) {
	text := summary(chdb.Stats{
		ReadRows: 1, ReadBytes: 2, ResultRows: 3, ResultBytes: 4, WrittenRows: 5, WrittenBytes: 1<<64 - 1,
	}, 1500*time.Nanosecond)
	var got map[string]string
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	want := map[string]string{
		"read_rows": "1", "read_bytes": "2", "result_rows": "3", "result_bytes": "4", "written_rows": "5",
		"written_bytes": "18446744073709551615", "total_rows_to_read": "0", "elapsed_ns": "1500",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

func TestAddChunkSumsRowsAndKeepsTotals(t *testing.T) {
	var total chdb.Stats
	addChunk(&total, chdb.Stats{ReadRows: 100, ReadBytes: 800, ResultRows: 10, ResultBytes: 80})
	addChunk(&total, chdb.Stats{ReadRows: 150, ReadBytes: 1200, ResultRows: 5, ResultBytes: 40})
	if want := (chdb.Stats{ReadRows: 150, ReadBytes: 1200, ResultRows: 15, ResultBytes: 120}); total != want {
		t.Errorf("total = %+v, want %+v", total, want)
	}
}

func TestQueryID(t *testing.T) {
	if got := queryID(httptest.NewRequest(http.MethodGet, "/?query_id=a+b", nil)); got != "a b" {
		t.Errorf("given id = %q", got)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	one, two := queryID(r), queryID(r)
	if one == two || len(one) != 36 || strings.Count(one, "-") != 4 {
		t.Errorf("made-up ids = %q, %q", one, two)
	}
}

func TestAsksHello(t *testing.T) {
	tests := []struct {
		query, body string
		want        bool
	}{
		{"?client_protocol_version=54460", helloStatement, true},
		{"?client_protocol_version=54460", " " + helloStatement + "\n", true},
		{"", helloStatement, false}, // curl wants the engine's own answer
		{"?client_protocol_version=54460", "SELECT 1", false},
		{"?client_protocol_version=54460", helloStatement + ", 1", false},
	}
	for _, tt := range tests {
		req, err := parseRequest(httptest.NewRequest(http.MethodPost, "/"+tt.query, strings.NewReader(tt.body)))
		if err != nil {
			t.Fatal(err)
		}
		if got := asksHello(req); got != tt.want {
			t.Errorf("%q %q: %v, want %v", tt.query, tt.body, got, tt.want)
		}
	}
}

func TestParseRequestReadsHeaders(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("SELECT 1"))
	r.Header.Set("X-ClickHouse-Database", "d")
	r.Header.Set("X-ClickHouse-Format", "CSV")
	req, err := parseRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	if req.session.Database != "d" || req.resultFormat() != "CSV" {
		t.Errorf("database %q, format %q", req.session.Database, req.resultFormat())
	}
	r = httptest.NewRequest(http.MethodPost, "/?database=e&default_format=TSV", strings.NewReader("SELECT 1"))
	r.Header.Set("X-ClickHouse-Database", "d")
	r.Header.Set("X-ClickHouse-Format", "CSV")
	if req, err = parseRequest(r); err != nil {
		t.Fatal(err)
	}
	if req.session.Database != "e" || req.resultFormat() != "TSV" {
		t.Errorf("the URL must win: database %q, format %q", req.session.Database, req.resultFormat())
	}
}
