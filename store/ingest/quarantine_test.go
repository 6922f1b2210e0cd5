package ingest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestQuarantineKeepsBlockAndReason(t *testing.T) {
	logged := &logBuffer{}
	dir := filepath.Join(t.TempDir(), "made", "on", "demand")
	q := quarantine{dir: dir, log: logged.logger()}
	q.take(&sealed{table: "requests_in", token: "tok", rows: 3, body: []byte("bytes")}, errors.New("code 117"))
	want := map[string]string{
		"requests_in-tok.native.lz4": "bytes",
		"requests_in-tok.txt":        "table: requests_in\ntoken: tok\nrows: 3\nreason: code 117\n",
	}
	got := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = string(data)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, field := range []string{"table=requests_in", "token=tok", "rows=3", "reason=\"code 117\""} {
		if logged.count(field) != 1 {
			t.Errorf("%s stands %d times in the log", field, logged.count(field))
		}
	}
}

func TestQuarantineWithoutDirectoryLogs(t *testing.T) {
	logged := &logBuffer{}
	quarantine{log: logged.logger()}.take(&sealed{table: "requests_in", token: "tok", rows: 3}, errors.New("code 117"))
	if logged.count("store refuses a block") != 1 || logged.count("file=\"\"") != 1 {
		t.Errorf("log = %s", logged.text.String())
	}
}

func TestQuarantineThatCannotBeWritten(t *testing.T) {
	logged := &logBuffer{}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	q := quarantine{dir: file, log: logged.logger()}
	q.take(&sealed{table: "requests_in", token: "tok", rows: 3}, errors.New("code 117"))
	if logged.count("could not be written") != 1 || logged.count("store refuses a block") != 1 {
		t.Errorf("log = %s", logged.text.String())
	}
	if !strings.Contains(logged.text.String(), "making quarantine directory") {
		t.Errorf("the log does not say what failed: %s", logged.text.String())
	}
}

// TestQuarantineIsBounded: when the directory is full, blocks are counted and
// logged alone, and what is there stays.
func TestQuarantineIsBounded(t *testing.T) {
	dir, logged := t.TempDir(), &logBuffer{}
	if err := os.WriteFile(filepath.Join(dir, "big"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "big"), quarantineBytes-10); err != nil {
		t.Fatal(err)
	}
	q := quarantine{dir: dir, log: logged.logger()}
	q.take(&sealed{table: "requests_in", token: "small", rows: 1, body: []byte("12345")}, errors.New("x"))
	q.take(&sealed{table: "requests_in", token: "large", rows: 1, body: make([]byte, 500)}, errors.New("x"))
	files, err := filepath.Glob(filepath.Join(dir, "requests_in-*.lz4"))
	if err != nil || len(files) != 1 || !strings.Contains(files[0], "small") {
		t.Errorf("files %v, %v, want the small block alone", files, err)
	}
	if logged.count("look at what is there and remove it") != 1 || logged.count("store refuses a block") != 2 {
		t.Error("want both blocks logged, and the remedy")
	}
}
