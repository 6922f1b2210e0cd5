package httpd_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

// step is one request and what must come of it.
type step struct {
	query, sql string
	body       string // of the answer; "" is not compared
	code       string // of the exception; "" is none
}

func play(t *testing.T, socket string, steps []step) {
	t.Helper()
	for _, s := range steps {
		r := enginetest.Post(t, socket, s.sql, "?"+s.query)
		if got := r.Header.Get("X-ClickHouse-Exception-Code"); got != s.code || s.code == "" && s.body != "" && r.Body != s.body {
			t.Errorf("%s %q: exception %q and %q, want %q and %q", s.query, s.sql, got, r.Body, s.code, s.body)
		}
	}
}

func TestSessionKeepsWhatAStatementChanged(t *testing.T) {
	play(t, start(t), []step{
		{"session_id=a", "CREATE TEMPORARY TABLE mine (n Int8) ENGINE = Memory", "", ""},
		{"session_id=a&query=INSERT+INTO+mine+FORMAT+CSV", "1\n2\n", "", ""},
		{"session_id=a", "SELECT count() FROM mine", "2\n", ""},
		{"session_id=b", "SELECT count() FROM mine", "", "60"},
		{"", "SELECT count() FROM mine", "", "60"},
		{"session_id=a", "SET max_block_size = 1234", "", ""},
		{"session_id=a&max_block_size=99", "SELECT getSetting('max_block_size')", "99\n", ""},
		{"session_id=a", "SELECT getSetting('max_block_size')", "1234\n", ""},
		{"session_id=a&database=system", "SELECT currentDatabase()", "system\n", ""},
		{"session_id=a&database=plimsoll", "USE system", "", ""},
		{"session_id=a", "SELECT currentDatabase()", "system\n", ""},
		{"session_id=a", "SELECT nonsense", "", "47"},
		{"session_id=a", "SELECT count() FROM mine", "2\n", ""},
	})
}

func TestSessionRefusals(t *testing.T) {
	play(t, start(t), []step{
		{"session_id=a&session_check=1", "SELECT 1", "", "372"},
		{"session_id=a", "SELECT 1", "1\n", ""},
		{"session_id=a&session_check=1", "SELECT 1", "1\n", ""},
		{"session_id=a&close_session=1", "SELECT 1", "1\n", ""},
		{"session_id=a&session_check=1", "SELECT 1", "", "372"},
		{"session_id=a&session_timeout=0", "SELECT 1", "1\n", ""},
		{"session_id=a&session_check=1", "SELECT 1", "", "372"},
		{"session_id=a&nonsense=1", "SELECT 1", "", "115"},
		{"session_id=a", "SELECT 1", "1\n", ""},
	})
}

func TestSessionIsLockedWhileItRuns(t *testing.T) {
	socket := start(t)
	client := enginetest.Client(t, socket)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://engine/?session_id=a&buffer_size=0&max_block_size=1",
		strings.NewReader("SELECT sleepEachRow(1) FROM numbers(600) SETTINGS function_sleep_max_microseconds_per_block = 0 FORMAT RowBinary"))
	if err != nil {
		t.Fatal(err)
	}
	running, err := client.Do(r) // the first row is there: it runs
	if err != nil {
		t.Fatal(err)
	}
	play(t, socket, []step{{"session_id=a", "SELECT 1", "", "373"}, {"session_id=b", "SELECT 1", "1\n", ""}})
	running.Body.Close() // the client goes, its statement is killed
	for t.Context().Err() == nil {
		if got := enginetest.Post(t, socket, "SELECT 1", "?session_id=a"); got.Status == http.StatusOK {
			return
		}
	}
}

func TestSessionsAreBounded(t *testing.T) {
	socket := start(t)
	for i := range 64 {
		play(t, socket, []step{{"session_id=" + strings.Repeat("x", i+1), "SELECT 1", "1\n", ""}})
	}
	play(t, socket, []step{
		{"session_id=more", "SELECT 1", "", "202"},
		{"session_id=x&close_session=1", "SELECT 1", "1\n", ""},
		{"session_id=more", "SELECT 1", "1\n", ""},
	})
}

// TestGetInASessionOnlyReads must hold without leaving the session read-only.
func TestGetInASessionOnlyReads(t *testing.T) {
	socket := start(t)
	play(t, socket, []step{{"session_id=a", "CREATE TEMPORARY TABLE mine (n Int8) ENGINE = Memory", "", ""}})
	for sql, code := range map[string]string{
		"SELECT+count()+FROM+mine":        "",
		"INSERT+INTO+mine+VALUES+(1)":     "164",
		"CREATE+TABLE+plimsoll.t+(n+Int)": "164",
		"SET+max_threads=1":               "164",
		"DROP+TABLE+mine":                 "164",
	} {
		for _, extra := range []string{"", "&readonly=0", "&readonly=1"} {
			r := get(t, socket, "/?session_id=a&query="+sql+extra)
			if got := r.Header.Get("X-ClickHouse-Exception-Code"); got != code {
				t.Errorf("GET %s%s: exception %q %s, want %q", sql, extra, got, r.Body, code)
			}
		}
	}
	play(t, socket, []step{
		{"session_id=a&readonly=1", "INSERT INTO mine VALUES (1)", "", "164"},
		{"session_id=a", "INSERT INTO mine VALUES (1)", "", ""},
		{"session_id=a", "SELECT count() FROM mine", "1\n", ""},
	})
}
