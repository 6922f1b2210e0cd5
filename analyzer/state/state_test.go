package state

import (
	"context"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestOpenMakesPrivateFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "state")
	open(t, dir)
	for path, want := range map[string]fs.FileMode{dir: 0o700, filepath.Join(dir, File): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode of %s = %o, want %o", path, got, want)
		}
	}
}

func TestOpenTightensAnOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, File)
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode = %o, want 600", got)
	}
}

func TestOpenTwiceKeepsRows(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	if _, err := db.Exec(`INSERT INTO targets (name, url) VALUES ('a', 'http://x')`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := open(t, dir).QueryRow(`SELECT count(*) FROM targets`).Scan(&n); err != nil || n != 1 {
		t.Errorf("rows after reopening = %d, %v, want 1", n, err)
	}
}

func TestPragmas(t *testing.T) {
	db := open(t, t.TempDir())
	got := map[string]string{}
	for _, name := range []string{"journal_mode", "foreign_keys", "busy_timeout", "synchronous"} {
		var v string
		if err := db.QueryRow("PRAGMA " + name).Scan(&v); err != nil {
			t.Fatal(err)
		}
		got[name] = v
	}
	want := map[string]string{"journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "5000", "synchronous": "2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestConstraints holds the promises that the tables themselves enforce.
func TestConstraints(t *testing.T) { checkConstraints(t, open(t, t.TempDir()), "x'00'") }

// checkConstraints tries what must be refused; body is a byte as the dialect
// writes it.
func checkConstraints(t *testing.T, db *sql.DB, body string) {
	t.Helper()
	const incident = `INSERT INTO incidents (id, slo, service, severity, state, fired_at, window_from, resolved_at) VALUES `
	const delivery = `INSERT INTO deliveries (id, incident, target, event, state, body, created_at, due_at) VALUES `
	exec := func(q string) error {
		_, err := db.Exec(strings.ReplaceAll(q, "x'00'", body))
		return err
	}
	for _, q := range []string{
		incident + `('i1', 's', 'v', 'page', 'firing', 1, 0, NULL)`,
		delivery + `('d1', 'i1', 't', 'firing', 'pending', x'00', 1, 1)`,
	} {
		if err := exec(q); err != nil {
			t.Fatal(err)
		}
	}
	for name, q := range map[string]string{
		"two open incidents of one rule":   incident + `('i2', 's', 'v', 'page', 'firing', 2, 0, NULL)`,
		"resolved without a time":          incident + `('i3', 's', 'v', 'ticket', 'resolved', 2, 0, NULL)`,
		"firing with a time":               incident + `('i4', 's', 'v', 'ticket', 'firing', 2, 0, 3)`,
		"delivery of no incident":          delivery + `('d2', 'nope', 't', 'firing', 'pending', x'00', 1, 1)`,
		"two deliveries of one event":      delivery + `('d3', 'i1', 't', 'firing', 'pending', x'00', 1, 1)`,
		"delivery in an unknown state":     delivery + `('d4', 'i1', 'u', 'firing', 'lost', x'00', 1, 1)`,
		"text where an integer must stand": delivery + `('d5', 'i1', 'w', 'firing', 'pending', x'00', 'now', 1)`,
	} {
		if exec(q) == nil {
			t.Errorf("%s: accepted, want refused", name)
		}
	}
	if err := exec(incident + `('i5', 's', 'v', 'page', 'resolved', 1, 0, 2)`); err != nil {
		t.Errorf("a resolved incident beside the open one: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), file); err == nil {
		t.Error("opening below a file: no error")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, File), []byte("this is no database, and long enough to tell"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir); err == nil {
		t.Error("opening a file that is no database: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, t.TempDir()); err == nil {
		t.Error("opening with a cancelled context: no error")
	}
}

// TestMigrationNames keeps the files in an order that goose and a reader see
// alike.
func TestMigrationNames(t *testing.T) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^migrations/\d{4}_[a-z_]+\.sql$`)
	for _, name := range names {
		if !form.MatchString(name) {
			t.Errorf("%s is not named NNNN_name.sql", name)
		}
	}
}
