package schema

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"

	"github.com/google/go-cmp/cmp"
)

// text returns everything that a fresh database is made with.
func text(t *testing.T, r Rendering) string {
	t.Helper()
	var out strings.Builder
	write := func(title string, statements []string) {
		out.WriteString("-- " + title + "\n")
		for _, s := range statements {
			out.WriteString(s + ";\n\n")
		}
	}
	database, err := r.render("database", "plimsoll")
	if err != nil {
		t.Fatal(err)
	}
	write("database", database)
	record, err := r.render("schema_migrations", nil)
	if err != nil {
		t.Fatal(err)
	}
	write("schema_migrations", record)
	steps, err := r.steps()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		write("migration "+s.name+", sha256 "+s.checksum, s.statements)
	}
	for _, s := range settings(t, r) {
		write(s.name, s.statements)
	}
	return out.String()
}

// settings returns examples of the statements that options make.
func settings(t *testing.T, r Rendering) []step {
	t.Helper()
	var out []step
	for _, s := range []step{
		{migration: migration{name: "retention of heartbeats", template: "ttl", args: ttl{Table: "heartbeats", Column: "ts", Interval: "40 DAY"}}},
		{migration: migration{name: "a quarter of requests", template: "requests_view", args: int64(whole / 4)}},
		{migration: migration{name: "all requests", template: "requests_view", args: int64(whole)}},
	} {
		var err error
		if s.statements, err = r.render(s.template, s.args); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// TestRenderings compares both renderings with their goldens. A diff in a
// migration that was released is a mistake: it needs a new number.
func TestRenderings(t *testing.T) {
	for _, r := range []Rendering{Plain, Cluster} {
		t.Run(string(r), func(t *testing.T) {
			wanted := filepath.Join("testdata", string(r)+".sql")
			got := text(t, r)
			golden.Check(t, wanted, []byte(got))
		})
	}
}

// TestStoredTablesAreDurable checks that every table that keeps rows remembers
// tokens and writes through, in both renderings.
func TestStoredTablesAreDurable(t *testing.T) {
	for r, window := range map[Rendering]string{
		Plain: "non_replicated_deduplication_window = 10000", Cluster: "replicated_deduplication_window_seconds = 604800",
	} {
		steps, err := r.steps()
		if err != nil {
			t.Fatal(err)
		}
		tables := 0
		for _, s := range steps {
			for _, statement := range s.statements {
				if !strings.Contains(statement, "MergeTree") {
					continue
				}
				tables++
				for _, want := range []string{window, "fsync_after_insert = 1", "fsync_part_directory = 1", "ttl_only_drop_parts = 1", "TTL "} {
					if !strings.Contains(statement, want) {
						t.Errorf("%s: %.60q has no %s", r, statement, want)
					}
				}
			}
		}
		if tables != 15 {
			t.Errorf("%s: %d tables keep rows, want 15", r, tables)
		}
	}
}

// repeatable tells whether a statement, run again, leaves what it left before.
// Those that set a property do by nature; those that make something must ask
// each time whether it is there.
func repeatable(statement string) bool {
	if strings.Contains(statement, " MODIFY QUERY\n") || strings.Contains(statement, " MODIFY COLUMN ") {
		return true
	}
	made := strings.Count(statement, "CREATE ") + strings.Count(statement, "ADD COLUMN ")
	return made > 0 && made == strings.Count(statement, " IF NOT EXISTS ")
}

// TestStatementsCanBeRepeated is what stands in for transactions.
func TestStatementsCanBeRepeated(t *testing.T) {
	for _, r := range []Rendering{Plain, Cluster} {
		steps, err := r.steps()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range steps {
			for _, statement := range s.statements {
				if !repeatable(statement) {
					t.Errorf("%s, migration %d: %.60q cannot be repeated", r, s.id, statement)
				}
				if r == Cluster && !strings.Contains(statement, "ON CLUSTER '{cluster}'") {
					t.Errorf("migration %d: %.60q is not run on the cluster", s.id, statement)
				}
				if r == Plain && strings.Contains(statement, "luster}") {
					t.Errorf("migration %d: %.60q speaks of a cluster", s.id, statement)
				}
			}
		}
	}
}

func TestSplit(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		want []string
	}{
		"nothing":            {"", nil},
		"only comments":      {"-- a\n\n-- b\n", nil},
		"one":                {"SELECT 1;\n", []string{"SELECT 1"}},
		"no final semicolon": {"SELECT 1", []string{"SELECT 1"}},
		"two with comments":  {"-- a\nSELECT\n    1;\n\n-- b\nSELECT 2;\n", []string{"SELECT\n    1", "SELECT 2"}},
		"semicolon in line":  {"SELECT ';' AS a;\n", []string{"SELECT ';' AS a"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, split(tc.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRenderUnknownTemplate(t *testing.T) {
	if _, err := Plain.render("nothing", nil); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("error = %v, want one that names the template", err)
	}
}
