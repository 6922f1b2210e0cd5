package peers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sample = `# some/build output
{"Action":"run","Package":"github.com/ClickHouse/clickhouse-go/v2/tests","Test":"TestA"}
{"Action":"run","Package":"github.com/ClickHouse/clickhouse-go/v2/tests","Test":"TestA/HTTP"}
{"Action":"output","Package":"github.com/ClickHouse/clickhouse-go/v2/tests","Test":"TestA/HTTP","Output":"why\n"}
{"Action":"fail","Package":"github.com/ClickHouse/clickhouse-go/v2/tests","Test":"TestA/HTTP"}
{"Action":"pass","Package":"github.com/ClickHouse/clickhouse-go/v2/tests","Test":"TestA/HTTP/deep"}
{"Action":"fail","Package":"github.com/ClickHouse/clickhouse-go/v2/tests","Test":"TestA"}
{"Action":"skip","Package":"github.com/ClickHouse/clickhouse-go/v2/tests/std","Test":"TestB"}
{"Action":"fail","Package":"github.com/ClickHouse/clickhouse-go/v2/tests"}
`

func TestParseEventsKeepsLeaves(t *testing.T) {
	res, err := parseEvents(strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"tests.TestA/HTTP/deep": "pass", "tests/std.TestB": "skip"}
	if diff := cmp.Diff(want, res.leaves()); diff != "" {
		t.Errorf("leaves (-want +got):\n%s", diff)
	}
	if res.output["tests.TestA/HTTP"] != "why\n" || !strings.HasPrefix(res.output[""], "# some/build") {
		t.Errorf("output = %q", res.output)
	}
}

func TestNamesHTTP(t *testing.T) {
	for name, want := range map[string]bool{
		"tests.TestA/HTTP": true, "tests.TestHTTPProxy": true, "tests/http.TestA": false, "tests.TestA/Http_x/y": true, "tests.TestA": false,
	} {
		if got := namesHTTP(name); got != want {
			t.Errorf("namesHTTP(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestParseExpected(t *testing.T) {
	got, err := parseExpected("# comment\n\na\tno query_log\nb\tsometimes: a race\n")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "no query_log", "b": "sometimes: a race"}, got); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{"a": "line 1: a has no reason", "\na\t ": "line 2: a has no reason", "a\tx\na\ty": "line 2: a is listed twice"} {
		if _, err := parseExpected(text); err == nil || err.Error() != want {
			t.Errorf("parseExpected(%q) = %v, want %s", text, err, want)
		}
	}
}

func TestJudge(t *testing.T) {
	tests := []struct {
		outcome, reason, want string
	}{
		{"pass", "", ""},
		{"fail", "no query_log", ""},
		{"fail", "sometimes: a race", ""},
		{"pass", "sometimes: a race", ""},
		{"skip", "", ""},
		{"skip", "no query_log", ""},
		{"fail", "", "x fails and is not listed"},
		{"pass", "no query_log", "x passes: take it off the list (no query_log)"},
		{"", "no query_log", "x is listed and was not run"},
	}
	for _, tt := range tests {
		outcomes, expected := map[string]string{}, map[string]string{}
		if tt.outcome != "" {
			outcomes["x"] = tt.outcome
		}
		if tt.reason != "" {
			expected["x"] = tt.reason
		}
		got := ""
		if err := judge(outcomes, expected); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%q with %q: %q, want %q", tt.outcome, tt.reason, got, tt.want)
		}
	}
}

func TestForceHTTPNeedsItsPlace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "clickhouse_options.go")
	for text, want := range map[string]string{
		"func (o Options) setDefaults() *Options {\n\treturn &o\n": "func (o Options) setDefaults() *Options {\n\to.Protocol = HTTP\n\treturn &o\n",
		"package clickhouse\n": "",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := forceHTTP(dir)
		if (err == nil) != (want != "") {
			t.Errorf("forceHTTP of %q: %v", text, err)
		}
		if got, readErr := os.ReadFile(path); readErr != nil || want != "" && string(got) != want {
			t.Errorf("file = %q, %v", got, readErr)
		}
	}
}

// TestListsHaveReasons reads every list, also where the suite itself is not run.
func TestListsHaveReasons(t *testing.T) {
	lists, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(lists) == 0 {
		t.Fatalf("lists: %v, %v", lists, err)
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseExpected(string(text)); err != nil {
			t.Errorf("%s: %v", list, err)
		}
	}
}
