package chdb_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
)

func TestQueryBindsParameters(t *testing.T) {
	conn := connect(t)
	tests := []struct {
		name   string
		sql    string
		params chdb.Params
		want   string
	}{
		{"none", "SELECT 1 + 1", nil, "2\n"},
		{"number", "SELECT {n:UInt8} * 2", chdb.Params{"n": "21"}, "42\n"},
		{"text is not parsed as SQL", "SELECT {s:String}", chdb.Params{"s": "'); DROP TABLE t --"}, "'); DROP TABLE t --\n"},
		{"empty text", "SELECT length({s:String})", chdb.Params{"s": ""}, "0\n"},
		{"several", "SELECT {a:String} || {b:String}", chdb.Params{"a": "x", "b": "y"}, "xy\n"},
		{"array", "SELECT arraySum({a:Array(UInt8)})", chdb.Params{"a": "[1,2,3]"}, "6\n"},
		{"identifier", "SELECT count() FROM system.{t:Identifier}", chdb.Params{"t": "one"}, "1\n"},
		{"no rows", "SELECT 1 WHERE 0", nil, ""},
		{"statement with a zero byte in a string", "SELECT length('a\x00b')", nil, "3\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, ask(t, conn, tt.sql, tt.params)); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueryReturnsTheEnginesException(t *testing.T) {
	conn := connect(t)
	tests := []struct {
		sql    string
		params chdb.Params
		code   int
		name   string
	}{
		{"SELEC 1", nil, 62, "SYNTAX_ERROR"},
		{"SELECT * FROM nope", nil, 60, "UNKNOWN_TABLE"},
		{"SELECT nope", nil, 47, "UNKNOWN_IDENTIFIER"},
		{"SELECT nope()", nil, 46, "UNKNOWN_FUNCTION"},
		{"SET nope = 1", nil, 115, "UNKNOWN_SETTING"},
		{"USE nope", nil, 81, "UNKNOWN_DATABASE"},
		{"SELECT throwIf(1, 'mine')", nil, 395, "mine"},
		{"SELECT {n:UInt8}", chdb.Params{"n": "x"}, 457, "BAD_QUERY_PARAMETER"},
		{"SELECT {n:UInt8}", nil, 456, "UNKNOWN_QUERY_PARAMETER"},
	}
	for _, tt := range tests {
		t.Run(tt.sql, func(t *testing.T) {
			_, err := conn.Query(tt.sql, "Native", tt.params)
			var e *chdb.Exception
			if !errors.As(err, &e) {
				t.Fatalf("error = %v, want an Exception", err)
			}
			if e.Code != tt.code || !strings.Contains(e.Text, tt.name) {
				t.Errorf("exception = %d %q, want %d with %q", e.Code, e.Text, tt.code, tt.name)
			}
			if got := ask(t, conn, "SELECT 1", nil); got != "1\n" {
				t.Errorf("next query on the connection = %q", got)
			}
		})
	}
}

func TestConnectionIsASession(t *testing.T) {
	one, two := connect(t), connect(t)
	exec(t, one,
		"CREATE DATABASE IF NOT EXISTS session ENGINE = Atomic",
		"USE session",
		"SET max_threads = 1",
		"CREATE TEMPORARY TABLE scratch (a UInt8) ENGINE = Memory",
	)
	const question = "SELECT currentDatabase() = 'session', getSetting('max_threads') = 1"
	if got := ask(t, one, question, nil); got != "1\t1\n" {
		t.Errorf("own session = %q, want both kept", got)
	}
	if got := ask(t, two, question, nil); got != "0\t0\n" {
		t.Errorf("other session = %q, want neither", got)
	}
	if err := two.Exec("SELECT * FROM scratch"); err == nil {
		t.Error("a temporary table is seen by another session")
	}
}

func TestStatsCountRows(t *testing.T) {
	conn := connect(t)
	exec(t, conn, "CREATE DATABASE IF NOT EXISTS stats ENGINE = Atomic", "CREATE TABLE stats.t (a UInt32) ENGINE = MergeTree ORDER BY a")
	written, err := conn.Query("INSERT INTO stats.t SELECT number FROM numbers(1000)", "Null", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer written.Close()
	if got := written.Stats().WrittenRows; got != 1000 {
		t.Errorf("written rows = %d, want 1000", got)
	}
	read, err := conn.Query("SELECT a FROM stats.t WHERE a < 10", "Native", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	if got := read.Stats(); got.ResultRows != 10 || got.ReadRows != 1000 {
		t.Errorf("stats = %+v, want 10 rows out of 1000 read", got)
	}
}

func TestClosedThingsSayNo(t *testing.T) {
	conn := connect(t)
	result, err := conn.Query("SELECT 1", "Native", nil)
	if err != nil {
		t.Fatal(err)
	}
	result.Close()
	result.Close()
	if result.Bytes() != nil || result.Stats() != (chdb.Stats{}) {
		t.Error("a closed result still has contents")
	}
	conn.Close()
	conn.Close()
	if err := conn.Exec("SELECT 1"); !errors.Is(err, chdb.ErrClosed) {
		t.Errorf("Exec = %v, want ErrClosed", err)
	}
	if _, err := conn.Stream("SELECT 1", "Native", nil); !errors.Is(err, chdb.ErrClosed) {
		t.Errorf("Stream = %v, want ErrClosed", err)
	}
	if _, err := conn.Insert("INSERT INTO t", "Native", nil); !errors.Is(err, chdb.ErrClosed) {
		t.Errorf("Insert = %v, want ErrClosed", err)
	}
}
