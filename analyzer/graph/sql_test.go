package graph

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"
)

// TestStatements keeps the SQL of a window that needs every table, with and
// without filters, in testdata/statements.sql.
func TestStatements(t *testing.T) {
	from := time.Date(2026, 3, 1, 11, 59, 49, 500_000_000, time.UTC)
	segments := Split(from, from.Add(2*time.Minute+21*time.Second))
	var text strings.Builder
	for _, c := range []struct {
		title     string
		statement statement
	}{
		{"counts of all edges", countsSQL(segments, filter{})},
		{"latencies of all edges", latencySQL(segments, filter{})},
		{"counts of a namespace and a service, raw rows only", countsSQL(segments[:1], filter{namespace: "shop", service: "web"})},
		{"latencies of two pairs, minutes only", latencySQL(segments[2:3], filter{pairs: []pair{{"a", "b"}, {"a", "c"}}})},
		{"latencies of a service, minutes only", latencySQL(segments[2:3], filter{service: "it's"})},
	} {
		fmt.Fprintf(&text, "-- %s; arguments %q\n%s\n\n", c.title, c.statement.args, c.statement.sql)
	}
	golden.Check(t, "testdata/statements.sql", []byte(text.String()))
}

// TestStatementsBindTheirFilters checks that what a caller sends never becomes
// SQL text, and that each placeholder has its argument.
func TestStatementsBindTheirFilters(t *testing.T) {
	from := time.Date(2026, 3, 1, 11, 59, 49, 0, time.UTC)
	for _, f := range []filter{{}, {namespace: "' OR 1=1 --"}, {service: "x'; DROP"}, {namespace: "n s", service: "a?b"}, {pairs: []pair{{"a/b", "c"}, {"it's", "d?"}}}} {
		for _, length := range []time.Duration{time.Second, time.Minute, 5 * time.Minute} {
			segments := Split(from, from.Add(length))
			for _, s := range []statement{countsSQL(segments, f), latencySQL(segments, f)} {
				if got := strings.Count(s.sql, "?"); got != len(s.args) {
					t.Errorf("%v: %d placeholders, %d arguments", f, got, len(s.args))
				}
				for _, value := range []string{f.namespace, f.service, "it's"} {
					if value != "" && strings.Contains(s.sql, value) {
						t.Errorf("%q stands in the text of the statement", value)
					}
				}
				if got := strings.Count(s.sql, "UNION ALL"); got != len(segments)-1 {
					t.Errorf("%d segments are joined %d times", len(segments), got)
				}
			}
		}
	}
}

func TestNumberOf(t *testing.T) {
	names := []string{"unknown", "a", "b"}
	for name, want := range map[string]int{"unknown": 0, "a": 1, "b": 2, "newer": 0, "": 0} {
		if got := numberOf(names, name); got != want {
			t.Errorf("number of %q = %d, want %d", name, got, want)
		}
	}
}
