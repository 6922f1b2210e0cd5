package backup_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine/backup"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

// at calls what once, when the named step begins.
func (r rig) at(step string, what func()) {
	done := false
	r.Progress = func(p backup.Progress) {
		if p.Step == step && !done {
			done = true
			what()
		}
	}
}

// mustBeAsBefore checks content, and that no database was left over.
func (r rig) mustBeAsBefore(t *testing.T, want string) {
	t.Helper()
	r.Progress = nil
	if got := r.content(t); got != want {
		t.Errorf("content = %s, want %s", got, want)
	}
	if got := r.ask(t, "SELECT groupArray(name) FROM system.databases WHERE name LIKE 'plimsoll%'"); got != "['plimsoll']" {
		t.Errorf("databases = %s, want nothing left over", got)
	}
	// The views must still find their tables.
	r.insertFrom(t, "9000000", "1")
	if got := r.ask(t, "SELECT count() FROM plimsoll.calls WHERE n = 9000000"); got != "1" {
		t.Errorf("a row after it all arrived %s times", got)
	}
}

func TestInterruptedBackupLeavesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for _, step := range []string{"backing up", "restoring", "checking counts"} {
		t.Run(step, func(t *testing.T) {
			r := start(t)
			r.makeTables(t)
			r.insertFrom(t, "0", "200000")
			want := r.content(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r.at(step, cancel)
			_, err := r.Create(ctx, backup.CreateOptions{Name: "a.tar", Verify: true, Now: noon})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error = %v, want Canceled", err)
			}
			if entries, err := os.ReadDir(r.Dir); err != nil || len(entries) != 0 {
				t.Errorf("left over: %v, %v", entries, err)
			}
			r.mustBeAsBefore(t, want)
			r.Progress = nil
			r.create(t, "a.tar", "") // the name is free again
		})
	}
}

func TestInterruptedRestoreChangesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for _, step := range []string{"reading a.tar", "restoring", "checking calls", "changing places"} {
		t.Run(step, func(t *testing.T) {
			r := start(t)
			r.makeTables(t)
			r.insertFrom(t, "0", "200000")
			r.create(t, "a.tar", "")
			r.insertFrom(t, "200000", "10")
			want := r.content(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r.at(step, cancel)
			_, err := r.Restore(ctx, backup.RestoreOptions{Name: "a.tar", Replace: true})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error = %v, want Canceled", err)
			}
			r.mustBeAsBefore(t, want)
		})
	}
}

// TestLateFailureBringsTheDatabaseBack takes the backup away at the last moment.
func TestLateFailureBringsTheDatabaseBack(t *testing.T) {
	r := start(t)
	r.makeTables(t)
	r.insertFrom(t, "0", "1000")
	r.create(t, "a.tar", "")
	r.insertFrom(t, "1000", "10")
	want := r.content(t)
	r.at("changing places", func() {
		if err := os.Remove(filepath.Join(r.Dir, "a.tar")); err != nil {
			t.Error(err)
		}
	})
	_, err := r.Restore(t.Context(), backup.RestoreOptions{Name: "a.tar", Replace: true})
	if err == nil || !strings.Contains(err.Error(), "nothing was changed: restoring tables: ") {
		t.Errorf("error = %v", err)
	}
	r.mustBeAsBefore(t, want)
}

// TestRestoreNeverClaimsTooMuch lets the engine die while both change places: the
// next restore says what is there, and the way back works.
func TestRestoreNeverClaimsTooMuch(t *testing.T) {
	r := start(t)
	r.makeTables(t)
	r.insertFrom(t, "0", "1000")
	r.create(t, "a.tar", "")
	want := r.content(t)
	r.exec(t, "RENAME DATABASE plimsoll TO plimsoll_before_restore") // and then it died
	_, err := r.Restore(t.Context(), backup.RestoreOptions{Name: "a.tar"})
	if err == nil || !strings.Contains(err.Error(), "an earlier restore was cut off: database plimsoll_before_restore holds") {
		t.Errorf("error = %v", err)
	}
	if r := enginetest.Post(t, r.Socket, "RENAME DATABASE plimsoll_before_restore TO plimsoll", ""); r.Status != http.StatusOK {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	r.mustBeAsBefore(t, want)
}

// TestRowsOfTheLastMomentAreNotBuried inserts after the check for rows.
func TestRowsOfTheLastMomentAreNotBuried(t *testing.T) {
	r := start(t)
	r.makeTables(t)
	r.insertFrom(t, "0", "1000")
	r.create(t, "a.tar", "")
	r.exec(t, "TRUNCATE TABLE calls", "TRUNCATE TABLE counts")
	r.at("changing places", func() { r.insertFrom(t, "5000", "7") })
	_, err := r.Restore(t.Context(), backup.RestoreOptions{Name: "a.tar"})
	if err == nil || !strings.Contains(err.Error(), "has rows in calls, counts") {
		t.Errorf("error = %v, want the rows named", err)
	}
	r.Progress = nil
	if got := r.ask(t, "SELECT count() FROM plimsoll.calls"); got != "7" {
		t.Errorf("rows = %s, want the 7 of the last moment", got)
	}
	r.mustBeAsBefore(t, r.content(t))
}

// TestOneAtATime starts a second backup and a restore while one is under way.
func TestOneAtATime(t *testing.T) {
	r := start(t)
	r.makeTables(t)
	r.insertFrom(t, "0", "1000")
	r.create(t, "a.tar", "")
	second := &backup.Backups{Socket: r.Socket, Dir: r.Dir, Database: r.Database}
	var errs []error
	r.at("backing up", func() {
		_, err := second.Create(t.Context(), backup.CreateOptions{Name: "c.tar", Now: noon})
		_, restoreErr := second.Restore(t.Context(), backup.RestoreOptions{Name: "a.tar", Replace: true})
		errs = append(errs, err, restoreErr)
	})
	r.create(t, "b.tar", "")
	if len(errs) != 2 || !errors.Is(errs[0], backup.ErrBusy) || !errors.Is(errs[1], backup.ErrBusy) {
		t.Errorf("errors = %v, want ErrBusy twice", errs)
	}
	if _, err := second.Create(t.Context(), backup.CreateOptions{Name: "c.tar", Now: noon}); err != nil {
		t.Errorf("once it is over: %v", err)
	}
}

// TestLeftoverOfAKilledRunIsCleared: a process that was killed could not drop what
// it had staged.
func TestLeftoverOfAKilledRunIsCleared(t *testing.T) {
	r := start(t)
	r.makeTables(t)
	r.insertFrom(t, "0", "1000")
	r.exec(t, "CREATE DATABASE plimsoll_staged ENGINE = Atomic", "CREATE TABLE plimsoll_staged.calls (x Int8) ENGINE = MergeTree ORDER BY x")
	want := r.content(t)
	if m := r.create(t, "a.tar", ""); m.Rows() != 1007 {
		t.Errorf("backup holds %d rows, want 1007", m.Rows())
	}
	r.mustBeAsBefore(t, want)
}

func TestEngineKilledDuringABackup(t *testing.T) {
	r := start(t)
	r.makeTables(t)
	r.insertFrom(t, "0", "200000")
	want := r.content(t)
	r.at("backing up", func() { r.kill(t) })
	m, err := r.Create(t.Context(), backup.CreateOptions{Name: "a.tar", Verify: true, Now: noon})
	// The child may die before or after the statement reached it.
	if err == nil && m.Rows() != 200007 {
		t.Errorf("backup holds %d rows", m.Rows())
	}
	if entries, readErr := os.ReadDir(r.Dir); err != nil && (readErr != nil || len(entries) != 0) {
		t.Errorf("left over: %v, %v", entries, readErr)
	}
	r.mustBeAsBefore(t, want)
}
