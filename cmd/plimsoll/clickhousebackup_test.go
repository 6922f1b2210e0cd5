package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
	"github.com/plimsoll-mesh/plimsoll/store/engine/backup"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

func mustPostSQL(t *testing.T, socket string, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if r := enginetest.Post(t, socket, sql, "?database=plimsoll"); r.Status != http.StatusOK {
			t.Fatalf("%s: %d %s", sql, r.Status, r.Body)
		}
	}
}

// TestBackupCommands takes a database through all of them.
func TestBackupCommands(t *testing.T) {
	dir := enginetest.Dir(t)
	socket := enginetest.StartIn(t, dir).Socket
	mustPostSQL(t, socket, "CREATE TABLE calls (n UInt64) ENGINE = MergeTree ORDER BY n", "INSERT INTO calls SELECT number FROM numbers(1000)")
	run := func(code int, args ...string) outcome {
		t.Helper()
		o := plimsoll(t.Context(), append([]string{"clickhouse"}, append(args, "--data", dir)...)...)
		if o.code != code {
			t.Fatalf("%v: %v", args, o)
		}
		return o
	}

	if o := run(exitOK, "backups"); o.stdout != "" || !strings.HasPrefix(o.stderr, "No backups in ") {
		t.Errorf("backups of none: %v", o)
	}
	full := run(exitOK, "backup", "--to", "full.tar.gz")
	if want := filepath.Join(dir, "backups", "full.tar.gz") + ": 1 table with 1000 rows, 0.0 MiB\n"; full.stdout != want {
		t.Errorf("backup printed %q, want %q", full.stdout, want)
	}
	if want := "backing up\nrestoring\nchecking calls\n"; full.stderr != want {
		t.Errorf("progress = %q, want %q", full.stderr, want)
	}
	mustPostSQL(t, socket, "INSERT INTO calls SELECT number FROM numbers(500)")
	named := run(exitOK, "backup", "--base", "full.tar.gz")
	if !regexp.MustCompile(`/plimsoll-[0-9]{8}-[0-9]{6}\.tar: 1 table with 1500 rows`).MatchString(named.stdout) {
		t.Errorf("backup without a name printed %q", named.stdout)
	}
	list := run(exitOK, "backups")
	if got := regexp.MustCompile(`(?m)full\.tar\.gz`).FindAllString(list.stdout, -1); len(got) != 2 || !strings.HasPrefix(list.stdout, "NAME ") {
		t.Errorf("list = %s, want the full one, and it once more as a base", list.stdout)
	}
	shown := run(exitOK, "backups", filepath.Base(strings.Split(named.stdout, ":")[0]))
	if strings.Count(shown.stdout, "full.tar.gz") != 2 || !strings.Contains(shown.stdout, "calls   1500   ") {
		t.Errorf("one backup = %s, want its chain and tables", shown.stdout)
	}
	if o := run(exitOK, "backups", "--json"); !strings.Contains(o.stdout, `"rows": 1500`) {
		t.Errorf("json = %s", o.stdout)
	}

	if o := run(exitFailure, "restore", "full.tar.gz"); !strings.Contains(o.stderr, "has rows in calls") {
		t.Errorf("restore over rows: %v", o)
	}
	if o := run(exitOK, "restore", "full.tar.gz", "--replace"); o.stdout != "restored full.tar.gz: 1 table with 1000 rows\n" {
		t.Errorf("restore printed %q", o.stdout)
	}
	if got := enginetest.Post(t, socket, "SELECT count() FROM calls", "?database=plimsoll"); got.Body != "1000\n" {
		t.Errorf("rows after the restore = %s", got.Body)
	}
	if err := os.Truncate(filepath.Join(dir, "backups", "full.tar.gz"), 100); err != nil {
		t.Fatal(err)
	}
	if o := run(exitBadData, "restore", "full.tar.gz", "--replace"); !strings.Contains(o.stderr, "full.tar.gz is damaged") {
		t.Errorf("restore of a damaged backup: %v", o)
	}
	run(exitFailure, "backup", "--to", "x.zip")
}

func TestBackupCommandsRefuse(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name     string
		args     []string
		code     int
		contains string
	}{
		{"no data directory", []string{"backup"}, exitUsage, "--data"},
		{"no engine", []string{"backup", "--data", dir}, exitUnavailable, "no engine answers"},
		{"no name", []string{"restore", "--data", dir}, exitUsage, "accepts 1 arg"},
		{"no such backup", []string{"restore", "x.tar", "--data", dir}, exitFailure, "no backup x.tar in " + filepath.Join(dir, "backups")},
		{"no such backup to show", []string{"backups", "x.tar", "--data", dir}, exitFailure, "no backup x.tar"},
		{"outside", []string{"backup", "--to", "/x.tar", "--data", dir}, exitFailure, "is not within"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := plimsoll(context.Background(), append([]string{"clickhouse"}, tt.args...)...)
			if o.code != tt.code || !strings.Contains(o.stderr, tt.contains) {
				t.Errorf("outcome = %v, want exit %d with %q", o, tt.code, tt.contains)
			}
		})
	}
}

func TestBackupsAreListedWithoutAnEngine(t *testing.T) {
	dir := t.TempDir()
	manifest := `{"name": "x", "created": "2026-01-02T12:00:00Z", "database": "plimsoll", "bytes": 1572864}`
	if err := os.MkdirAll(engine.BackupDir(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(engine.BackupDir(dir), "old.tar.json"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	o := plimsoll(t.Context(), "clickhouse", "backups", "--data", dir)
	want := "NAME      CREATED                ADDS_TO   CONTENTS       SIZE\n" +
		"old.tar   2026-01-02T12:00:00Z   -         not verified   1.5 MiB\n"
	if o.stdout != want || o.code != exitOK {
		t.Errorf("list = %v, want %q", o, want)
	}
}

func TestBackupProgressIsSparing(t *testing.T) {
	var out bytes.Buffer
	p := &backupProgress{out: &out}
	for _, report := range []backup.Progress{
		{Step: "backing up"},
		{Step: "backing up", Done: 1 << 20, Total: 1 << 30},
		{Step: "backing up", Done: 70 << 20, Total: 1 << 30},
		{Step: "backing up", Done: 71 << 20, Total: 1 << 30},
		{Step: "restoring"},
		{Step: "restoring", Done: 128 << 20},
	} {
		p.report(report)
	}
	want := "backing up\nbacking up: 70.0 MiB of about 1024.0 MiB\nrestoring\nrestoring: 128.0 MiB\n"
	if out.String() != want {
		t.Errorf("progress = %q, want %q", out.String(), want)
	}
}

func TestBackupExitCodes(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want int
	}{
		{fmt.Errorf("x: %w", backup.ErrNoEngine), exitUnavailable},
		{fmt.Errorf("x: %w", backup.ErrDamaged), exitBadData},
		{errors.New("x"), exitFailure},
	} {
		if got := exitCode(backupExit(tt.err)); got != tt.want {
			t.Errorf("%v: exit %d, want %d", tt.err, got, tt.want)
		}
	}
}

func TestInterruptibleEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	err := interruptible(ctx, func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v", err)
	}
}
