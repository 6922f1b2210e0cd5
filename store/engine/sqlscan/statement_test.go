package sqlscan

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseFindsKeywordAndFormat(t *testing.T) {
	tests := []struct {
		text, keyword, format string
	}{
		{"", "", ""},
		{"-- nothing", "", ""},
		{"select 1", "SELECT", ""},
		{" /* x */ SELECT 1", "SELECT", ""},
		{"(SELECT 1) UNION ALL (SELECT 2)", "SELECT", ""},
		{"WITH 1 AS x SELECT x", "WITH", ""},
		{"SELECT 1 FORMAT JSON", "SELECT", "JSON"},
		{"SELECT 1 format JSONEachRow;", "SELECT", "JSONEachRow"},
		{"SELECT 1 FORMAT JSON SETTINGS max_threads = 1", "SELECT", "JSON"},
		{"SELECT 1 SETTINGS max_threads = 1 FORMAT JSON", "SELECT", "JSON"},
		{"SELECT 1 FORMAT JSON -- FORMAT CSV", "SELECT", "JSON"},
		{"SELECT 'FORMAT JSON'", "SELECT", ""},
		{"SELECT format('{}', 1)", "SELECT", ""},
		{"SELECT * FROM (SELECT 1 FORMAT JSON)", "SELECT", ""},
		{"SELECT 1 AS format FROM t", "SELECT", ""},
		{"SELECT `FORMAT` JSON", "SELECT", ""},
		{"SHOW TABLES FORMAT CSV", "SHOW", "CSV"},
		{"CREATE TABLE t (a String) ENGINE = Memory", "CREATE", ""},
		{"INSERT INTO t SELECT 1 FORMAT JSON", "INSERT", ""},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if got.Keyword != tt.keyword || got.Format != tt.format || got.TakesData || got.Text != tt.text {
				t.Errorf("Parse = %+v, want keyword %q, format %q", got, tt.keyword, tt.format)
			}
		})
	}
}

func TestParseRefusesASecondStatement(t *testing.T) {
	tests := []struct {
		text    string
		several bool
	}{
		{"SELECT 1", false},
		{"SELECT 1;", false},
		{"SELECT 1; -- done\n;", false},
		{"SELECT ';'; ", false},
		{"SELECT 1; SELECT 2", true},
		{"SELECT 1;;x", true},
		{"SELECT 1; 'x'", true},
		{"SELECT 1; (", true},
		{"SET a = 1; DROP TABLE t", true},
		{"INSERT INTO t SELECT 1; DROP TABLE t", true},
		{"INSERT INTO t; DROP TABLE t", true},
		{"INSERT INTO t VALUES (1); DROP TABLE t", false}, // it is data, and bad data
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			if _, err := Parse(tt.text); errors.Is(err, ErrSeveral) != tt.several {
				t.Errorf("Parse: %v, want several = %v", err, tt.several)
			}
		})
	}
}

func TestParseSplitsInserts(t *testing.T) {
	type split struct{ Head, Format, Data string }
	tests := []struct {
		text string
		want split
	}{
		{"INSERT INTO t FORMAT Native", split{"INSERT INTO t", "Native", ""}},
		{"insert into t format Native\n", split{"insert into t", "Native", ""}},
		{"INSERT INTO t FORMAT Native;", split{"INSERT INTO t", "Native", ""}},
		{"INSERT INTO t (a, b) FORMAT CSV\n1,2\n", split{"INSERT INTO t (a, b)", "CSV", "1,2\n"}},
		{"INSERT INTO t (`VALUES`, b) FORMAT CSV", split{"INSERT INTO t (`VALUES`, b)", "CSV", ""}},
		{"INSERT INTO t VALUES (1, 'FORMAT x'), (2, ';')", split{"INSERT INTO t", "Values", "(1, 'FORMAT x'), (2, ';')"}},
		{"INSERT INTO t(a)VALUES(1)", split{"INSERT INTO t(a)", "Values", "(1)"}},
		{"INSERT INTO values VALUES (1)", split{"INSERT INTO values", "Values", "(1)"}},
		{"INSERT INTO format FORMAT CSV", split{"INSERT INTO format", "CSV", ""}},
		{"INSERT INTO d.values FORMAT CSV", split{"INSERT INTO d.values", "CSV", ""}},
		{"INSERT INTO `d e` . `format` FORMAT CSV", split{"INSERT INTO `d e` . `format`", "CSV", ""}},
		{"INSERT INTO TABLE t FORMAT CSV", split{"INSERT INTO TABLE t", "CSV", ""}},
		{"INSERT t FORMAT CSV", split{"INSERT t", "CSV", ""}},
		{"INSERT INTO FUNCTION null('a Int') VALUES (1)", split{"INSERT INTO FUNCTION null('a Int')", "Values", "(1)"}},
		{"INSERT INTO t SETTINGS async_insert = 0 FORMAT CSV", split{"INSERT INTO t SETTINGS async_insert = 0", "CSV", ""}},
		{"INSERT INTO t /* FORMAT x */ FORMAT CSV", split{"INSERT INTO t /* FORMAT x */", "CSV", ""}},
		{"INSERT INTO t", split{"INSERT INTO t", "Values", ""}},
		{"INSERT INTO t (a)", split{"INSERT INTO t (a)", "Values", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if !got.TakesData {
				t.Fatalf("Parse = %+v, want data", got)
			}
			if diff := cmp.Diff(tt.want, split{got.Head, got.Format, got.Data}); diff != "" {
				t.Errorf("split (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseKnowsInsertsWithoutData(t *testing.T) {
	for _, text := range []string{
		"INSERT INTO t SELECT 1",
		"INSERT INTO t (a) SELECT values FROM u",
		"INSERT INTO t WITH 1 AS x SELECT x",
		"INSERT INTO t (SELECT 1)",
		"INSERT INTO t FROM INFILE 'x' FORMAT CSV",
	} {
		if got, err := Parse(text); err != nil || got.TakesData {
			t.Errorf("Parse(%q) = %+v, %v, want no data", text, got, err)
		}
	}
}

func TestStatementKinds(t *testing.T) {
	tests := []struct {
		text         string
		reads, keeps bool
	}{
		{"SELECT 1", true, true},
		{"WITH 1 AS x SELECT x", true, true},
		{"FROM t SELECT a", true, true},
		{"SHOW TABLES", false, true},
		{"INSERT INTO t VALUES (1)", false, true},
		{"USE d", false, false},
		{"SET a = 1", false, false},
		{"CREATE TEMPORARY TABLE t (a Int)", false, false},
		{"CREATE TABLE t (a Int)", false, false},
		{"BEGIN TRANSACTION", false, false},
		{"", false, false},
	}
	for _, tt := range tests {
		st, err := Parse(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		if st.Reads() != tt.reads || st.KeepsSession() != tt.keeps {
			t.Errorf("%q: reads %v, keeps %v, want %v, %v", tt.text, st.Reads(), st.KeepsSession(), tt.reads, tt.keeps)
		}
	}
}

// FuzzParse checks what insert relies on: head and data are parts of the text, in
// order, and reading them again gives the same split.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"SELECT 1 FORMAT JSON", "INSERT INTO t FORMAT CSV\n1", "INSERT INTO t VALUES (1)", "INSERT INTO t (SELECT 1)",
		"insert into `a`.`b` (c) settings x=1 values", "(((SELECT", "INSERT", "INSERT INTO", "INSERT INTO t.", "SELECT 1;;",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		st, err := Parse(text)
		if err != nil {
			if !strings.Contains(text, ";") {
				t.Fatalf("several statements without a semicolon: %q", text)
			}
			return
		}
		if st.Text != text {
			t.Fatalf("text was changed: %q", st.Text)
		}
		if !st.TakesData {
			return
		}
		if !strings.HasPrefix(text, st.Head) || st.Data != "" && !strings.HasSuffix(text, st.Data) {
			t.Fatalf("split of %q: %q | %q", text, st.Head, st.Data)
		}
		if len(st.Head)+len(st.Data) > len(text) {
			t.Fatalf("split of %q overlaps: %q | %q", text, st.Head, st.Data)
		}
		if len(st.Head) == len(strings.TrimRight(text, " \t\r\n")) {
			return // no clause ended the head, so a comment may still be open in it
		}
		again, err := Parse(st.Head + "\nFORMAT " + st.Format)
		if err != nil || again.Head != st.Head || again.Format != st.Format {
			t.Fatalf("%q parsed again: %+v, %v", st.Head, again, err)
		}
	})
}
