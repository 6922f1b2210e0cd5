package chdb_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
)

func insertTable(t *testing.T) *chdb.Conn {
	t.Helper()
	conn := connect(t)
	exec(t, conn,
		"CREATE DATABASE IF NOT EXISTS ins ENGINE = Atomic",
		"USE ins",
		"CREATE OR REPLACE TABLE t (a UInt32, s String) ENGINE = MergeTree ORDER BY a",
		"SET input_format_skip_unknown_fields = 0",
	)
	return conn
}

func TestInsertTakesDataCutAnywhere(t *testing.T) {
	conn := insertTable(t)
	in, err := conn.Insert("INSERT INTO t", "TabSeparated", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, piece := range []string{"1\ton", "e\n2", "", "\ttwo\n"} {
		if err := in.Append([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	stats, err := in.Done()
	if err != nil {
		t.Fatal(err)
	}
	if stats.WrittenRows != 2 {
		t.Errorf("written rows = %d, want 2", stats.WrittenRows)
	}
	if got := ask(t, conn, "SELECT * FROM t ORDER BY a", nil); got != "1\tone\n2\ttwo\n" {
		t.Errorf("rows = %q", got)
	}
	if err := in.Append([]byte("3\tx\n")); !errors.Is(err, chdb.ErrClosed) {
		t.Errorf("Append after Done = %v, want ErrClosed", err)
	}
	if _, err := in.Done(); !errors.Is(err, chdb.ErrClosed) {
		t.Errorf("second Done = %v, want ErrClosed", err)
	}
}

func TestInsertWithoutDoneWritesNothing(t *testing.T) {
	conn := insertTable(t)
	in, err := conn.Insert("INSERT INTO t", "TabSeparated", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Append([]byte(strings.Repeat("1\tx\n", 10000))); err != nil {
		t.Fatal(err)
	}
	in.Close()
	in.Close()
	if got := ask(t, conn, "SELECT count() FROM t", nil); got != "0\n" {
		t.Errorf("rows = %q, want none", got)
	}
}

func TestInsertMayEndInAComment(t *testing.T) {
	conn := insertTable(t)
	in, err := conn.Insert("INSERT INTO t -- as", "TabSeparated", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := in.Append([]byte("1\tx\n")); err != nil {
		t.Fatal(err)
	}
	if stats, err := in.Done(); err != nil || stats.WrittenRows != 1 {
		t.Errorf("Done = %+v, %v, want one row", stats, err)
	}
}

func TestInsertOfNothingWritesNothing(t *testing.T) {
	conn := insertTable(t)
	in, err := conn.Insert("INSERT INTO t", "Native", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if stats, err := in.Done(); err != nil || stats.WrittenRows != 0 {
		t.Errorf("Done = %+v, %v", stats, err)
	}
}

func TestInsertRefuses(t *testing.T) {
	tests := []struct {
		name, sql, format, data string
		code                    int
	}{
		{"an unknown table", "INSERT INTO nope", "TabSeparated", "1\tx\n", 60},
		{"an unknown column", "INSERT INTO t (a, zz)", "TabSeparated", "1\tx\n", 16},
		{"an unknown format", "INSERT INTO t", "Nonsense", "1\tx\n", 73},
		{"bad data", "INSERT INTO t", "TabSeparated", "one\ttwo\n", 27},
		{"an unknown field", "INSERT INTO t", "JSONEachRow", `{"a": 1, "zz": 2}`, 117},
		{"half a row", "INSERT INTO t", "RowBinary", "\x01\x00", 33},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn := insertTable(t)
			in, err := conn.Insert(tt.sql, tt.format, nil)
			if err == nil {
				defer in.Close()
				if err = in.Append([]byte(tt.data)); err == nil {
					_, err = in.Done()
				}
			}
			var e *chdb.Exception
			if !errors.As(err, &e) || e.Code != tt.code {
				t.Errorf("error = %v, want exception %d", err, tt.code)
			}
			if got := ask(t, connect(t), "SELECT count() FROM ins.t", nil); got != "0\n" {
				t.Errorf("rows = %q, want none", got)
			}
		})
	}
}
