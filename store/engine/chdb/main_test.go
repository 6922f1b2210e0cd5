package chdb_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

// dir is the one data directory that the library allows this process.
var dir string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if dir, err = os.MkdirTemp("", "chdb"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	return m.Run()
}

func load(t *testing.T) *chdb.Library {
	t.Helper()
	lib, err := chdb.Load(enginetest.Library(t))
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

func connect(t *testing.T) *chdb.Conn {
	t.Helper()
	conn, err := load(t).Connect(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

func exec(t *testing.T, conn *chdb.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if err := conn.Exec(sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// ask returns a result as tab separated text.
func ask(t *testing.T, conn *chdb.Conn, sql string, params chdb.Params) string {
	t.Helper()
	result, err := conn.Query(sql, "TabSeparatedRaw", params)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer result.Close()
	return string(result.Bytes())
}
