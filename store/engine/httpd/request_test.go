package httpd

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// understood is what a test compares of a request.
type understood struct {
	Database, Format, Text, Head, Data string
	Whole                              bool
}

func understand(t *testing.T, r *http.Request) (understood, error) {
	t.Helper()
	req, err := parseRequest(r)
	if err != nil {
		return understood{}, err
	}
	data, err := io.ReadAll(req.data)
	if err != nil {
		t.Fatal(err)
	}
	return understood{
		Database: req.session.Database, Format: req.resultFormat(), Text: req.statement.Text,
		Head: req.statement.Head, Data: string(data), Whole: req.whole,
	}, nil
}

func TestParseRequestFindsStatementAndData(t *testing.T) {
	tests := []struct {
		name, query, body string
		want              understood
	}{
		{
			"statement in the body", "", "SELECT 1",
			understood{Format: "TabSeparated", Text: "SELECT 1", Whole: true},
		},
		{
			"statement in the URL", "?query=SELECT+1", "",
			understood{Format: "TabSeparated", Text: "SELECT 1", Whole: true},
		},
		{
			"statement in both", "?query=SELECT+1", "+ 1",
			understood{Format: "TabSeparated", Text: "SELECT 1\n+ 1", Whole: true},
		},
		{
			"database and format", "?database=d&default_format=CSV", "SELECT 1",
			understood{Database: "d", Format: "CSV", Text: "SELECT 1", Whole: true},
		},
		{
			"format of the statement wins", "?default_format=CSV", "SELECT 1 FORMAT JSON",
			understood{Format: "JSON", Text: "SELECT 1 FORMAT JSON", Whole: true},
		},
		{
			"insert with data in the body", "?query=INSERT+INTO+t+FORMAT+CSV", "1,2\n",
			understood{Format: "TabSeparated", Text: "INSERT INTO t FORMAT CSV", Head: "INSERT INTO t", Data: "1,2\n"},
		},
		{
			"insert with data in both", "?query=INSERT+INTO+t+VALUES+(1),", "(2)",
			understood{Format: "TabSeparated", Text: "INSERT INTO t VALUES (1),", Head: "INSERT INTO t", Data: "(1),(2)"},
		},
		{
			"insert that is whole in the body", "", "INSERT INTO t FORMAT CSV\n1,2\n",
			understood{Format: "TabSeparated", Text: "INSERT INTO t FORMAT CSV\n1,2\n", Head: "INSERT INTO t", Whole: true},
		},
		{
			"insert of a select", "?query=INSERT+INTO+t+SELECT+1", "",
			understood{Format: "TabSeparated", Text: "INSERT INTO t SELECT 1", Whole: true},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := understand(t, httptest.NewRequest(http.MethodPost, "/"+tt.query, strings.NewReader(tt.body)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRequestStreamsALongInsert(t *testing.T) {
	const head = "INSERT INTO t FORMAT TSV\n"
	body := head + strings.Repeat("0123456789abcde\n", maxStatement/16+1000)
	got, err := understand(t, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	if got.Whole || got.Head != "INSERT INTO t" || got.Data != body[len(head):] {
		t.Errorf("whole = %v, head = %q, %d bytes of data, want %d", got.Whole, got.Head, len(got.Data), len(body)-len(head))
	}
}

func TestParseRequestRefuses(t *testing.T) {
	tests := []struct {
		name, query, body, contentType string
		code                           int
		contains                       string
	}{
		{"a session that lasts too long", "?session_id=s&session_timeout=3601", "SELECT 1", "", 374, "maximum of 1h0m0s"},
		{"a session of nonsense", "?session_id=s&session_timeout=-1", "SELECT 1", "", 374, "Invalid session timeout: '-1'"},
		{"a form that is cut", "", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1", "multipart/form-data; boundary=x", 33, "EOF"},
		{"a form without boundary", "", "", "multipart/form-data", 33, "boundary"},
		{"two statements", "", "SELECT 1; SELECT 2", "", 62, "Multi-statements"},
		{"nothing", "", "  -- nothing", "", 62, "Empty query"},
		{"a statement beyond all bounds", "", "SELECT '" + strings.Repeat("x", maxStatement) + "'", "", 62, "longer than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/"+tt.query, strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.contentType)
			_, err := understand(t, r)
			e := toException(err, "v")
			if err == nil || e.Code != tt.code || !strings.Contains(e.Text, tt.contains) {
				t.Errorf("error = %v, want exception %d with %q", err, tt.code, tt.contains)
			}
		})
	}
}

func TestReusableConnections(t *testing.T) {
	tests := []struct {
		query, body string
		want        bool
	}{
		{"", "SELECT 1", true},
		{"?max_threads=1", "SELECT 1", true},
		{"", "SET max_threads = 1", false},
		{"", "USE d", false},
		{"?insert_deduplication_token=x", "INSERT INTO t VALUES (1)", false},
		{"?log_comment=x", "SELECT 1", false},
	}
	for _, tt := range tests {
		req, err := parseRequest(httptest.NewRequest(http.MethodPost, "/"+tt.query, strings.NewReader(tt.body)))
		if err != nil {
			t.Fatal(err)
		}
		if got := req.reusable(); got != tt.want {
			t.Errorf("%q %q: reusable = %v, want %v", tt.query, tt.body, got, tt.want)
		}
	}
}
