package backup_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
	"github.com/plimsoll-mesh/plimsoll/store/engine/backup"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// rig is an engine with its backups.
type rig struct {
	*backup.Backups
	engine *enginetest.Engine
}

func start(t *testing.T, options ...enginetest.Option) rig {
	t.Helper()
	dir := enginetest.Dir(t)
	e := enginetest.StartIn(t, dir, options...)
	return rig{&backup.Backups{Socket: e.Socket, Dir: engine.BackupDir(dir), Database: engine.Database}, e}
}

func (r rig) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if got := enginetest.Post(t, r.Socket, sql, "?database=plimsoll"); got.Status != http.StatusOK {
			t.Fatalf("%s: %d %s", sql, got.Status, got.Body)
		}
	}
}

func (r rig) ask(t *testing.T, sql string) string {
	t.Helper()
	got := enginetest.Post(t, r.Socket, sql, "")
	if got.Status != http.StatusOK {
		t.Fatalf("%s: %d %s", sql, got.Status, got.Body)
	}
	return strings.TrimSpace(got.Body)
}

// makeTables makes what the store has: a Null table, a raw table and a rollup
// behind views.
func (r rig) makeTables(t *testing.T) {
	t.Helper()
	r.exec(t,
		"CREATE TABLE calls_in (n UInt64, edge LowCardinality(String)) ENGINE = Null",
		"CREATE TABLE calls (n UInt64, edge LowCardinality(String)) ENGINE = MergeTree PARTITION BY n % 3 ORDER BY n SETTINGS fsync_after_insert = 1",
		"CREATE TABLE counts (edge LowCardinality(String), calls SimpleAggregateFunction(sum, UInt64), ids AggregateFunction(uniq, UInt64)) ENGINE = AggregatingMergeTree ORDER BY edge",
		"CREATE MATERIALIZED VIEW calls_view TO calls AS SELECT n, edge FROM calls_in",
		"CREATE MATERIALIZED VIEW counts_view TO counts AS SELECT edge, count() AS calls, uniqState(n) AS ids FROM calls_in GROUP BY edge",
	)
}

// insertFrom inserts calls with the numbers [from, from+count).
func (r rig) insertFrom(t *testing.T, from, count string) {
	t.Helper()
	r.exec(t, "INSERT INTO calls_in SELECT number, 'edge ' || toString(number % 7) FROM numbers("+from+", "+count+")")
}

// content is what a test compares: rows, their hash, and the rollup's sum.
func (r rig) content(t *testing.T) string {
	t.Helper()
	return r.ask(t, "SELECT count(), sum(cityHash64(*)) FROM plimsoll.calls") + " / " +
		r.ask(t, "SELECT sum(calls), uniqMerge(ids) FROM plimsoll.counts")
}

func (r rig) create(t *testing.T, name, base string) backup.Manifest {
	t.Helper()
	m, err := r.Create(t.Context(), backup.CreateOptions{Name: name, Base: base, Verify: true, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// copyBackups hands all backups of one engine to another.
func copyBackups(t *testing.T, from, to rig) {
	t.Helper()
	if err := os.CopyFS(to.Dir, os.DirFS(from.Dir)); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
}

func TestBackupComesBackInANewEngine(t *testing.T) {
	source := start(t)
	source.makeTables(t)
	source.insertFrom(t, "0", "100000")
	want := source.content(t)
	for _, name := range []string{"full.tar", "packed.tar.gz", "best.tar.zst", "folder"} {
		m := source.create(t, name, "")
		if m.Rows() != 100007 || !m.Verified() || m.Bytes == 0 || !strings.HasPrefix(m.Engine, "26.7.") {
			t.Errorf("%s: manifest = %+v, want 100000 calls and 7 edges", name, m)
		}
		target := start(t)
		copyBackups(t, source, target)
		if _, err := target.Restore(t.Context(), backup.RestoreOptions{Name: name}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := target.content(t); got != want {
			t.Errorf("%s: content = %s, want %s", name, got, want)
		}
		// The views must write to the restored tables.
		target.insertFrom(t, "100000", "10")
		if got := target.ask(t, "SELECT count(), (SELECT sum(calls) FROM plimsoll.counts) FROM plimsoll.calls"); got != "100010\t100010" {
			t.Errorf("%s: rows after an insert = %s", name, got)
		}
		if got := target.ask(t, "SELECT groupArray(name) FROM system.databases WHERE name LIKE 'plimsoll%'"); got != "['plimsoll']" {
			t.Errorf("%s: databases = %s, want nothing left over", name, got)
		}
		target.engine.Stop()
	}
}

// TestBackupUnderLoad inserts blocks of 1000 rows all the while. The backup must
// hold whole blocks, and the rows that its manifest says.
func TestBackupUnderLoad(t *testing.T) {
	source := start(t)
	source.makeTables(t)
	ctx, cancel := context.WithCancel(t.Context())
	client := enginetest.Client(t, source.Socket)
	ended, started := make(chan int), make(chan struct{})
	go func() {
		blocks := 0
		for ctx.Err() == nil {
			sql := "INSERT INTO calls_in SELECT number, 'e' FROM numbers(1000)"
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://engine/?database=plimsoll", strings.NewReader(sql))
			if err != nil {
				break
			}
			response, err := client.Do(r)
			if err != nil || response.StatusCode != http.StatusOK {
				break
			}
			response.Body.Close()
			if blocks++; blocks == 20 {
				close(started)
			}
		}
		ended <- blocks
	}()
	<-started
	m := source.create(t, "busy.tar", "")
	increment := source.create(t, "busier.tar", "busy.tar")
	cancel()
	blocks := <-ended

	var rows []uint64
	for _, m := range []backup.Manifest{m, increment} {
		for _, table := range m.Tables {
			if table.Name == "calls" {
				rows = append(rows, table.Rows)
			}
		}
	}
	if len(rows) != 2 || rows[0] < 20000 || rows[0] >= rows[1] || rows[1] > uint64(blocks)*1000 {
		t.Errorf("backups hold %v rows of %d, want more and more of them", rows, blocks*1000)
	}
	target := start(t)
	copyBackups(t, source, target)
	restored, err := target.Restore(t.Context(), backup.RestoreOptions{Name: "busier.tar"})
	if err != nil {
		t.Fatal(err)
	}
	if got := target.ask(t, "SELECT count() FROM plimsoll.calls"); got != formatted(rows[1]) || restored.Rows() != increment.Rows() {
		t.Errorf("restored %s rows, want %d", got, rows[1])
	}
}

func TestChainOfIncrements(t *testing.T) {
	source := start(t)
	source.makeTables(t)
	source.insertFrom(t, "0", "300000")
	full := source.create(t, "one.tar", "")
	source.insertFrom(t, "300000", "1000")
	second := source.create(t, "two.tar", "one.tar")
	source.insertFrom(t, "301000", "1000")
	third := source.create(t, "three.tar", filepath.Join(source.Dir, "two.tar"))
	want := source.content(t)
	if second.Base != "one.tar" || third.Base != "two.tar" || third.Rows() <= second.Rows() {
		t.Errorf("manifests = %+v, %+v", second, third)
	}
	if second.Bytes > full.Bytes/2 || third.Bytes > full.Bytes/2 {
		t.Errorf("increments of 1000 rows take %d and %d bytes, the 300000 before them %d", second.Bytes, third.Bytes, full.Bytes)
	}
	chain, err := backup.Inspect(source.Dir, "three.tar")
	if err != nil || len(chain) != 3 || chain[2].Name != "one.tar" {
		t.Errorf("chain = %+v, %v", chain, err)
	}

	// Elsewhere: a chain can be moved.
	target := start(t)
	copyBackups(t, source, target)
	if _, err := target.Restore(t.Context(), backup.RestoreOptions{Name: "three.tar"}); err != nil {
		t.Fatal(err)
	}
	if got := target.content(t); got != want {
		t.Errorf("content = %s, want %s", got, want)
	}

	if err := os.Remove(filepath.Join(target.Dir, "one.tar")); err != nil {
		t.Fatal(err)
	}
	_, err = target.Restore(t.Context(), backup.RestoreOptions{Name: "three.tar", Replace: true})
	if err == nil || !strings.Contains(err.Error(), "backup two.tar adds to another: no backup one.tar in "+target.Dir) {
		t.Errorf("restore without its base: %v", err)
	}
	if got := target.content(t); got != want {
		t.Errorf("content after the refusal = %s, want %s", got, want)
	}
}

func TestRestoreDoesNotBuryRows(t *testing.T) {
	r := start(t)
	r.makeTables(t)
	r.insertFrom(t, "0", "1000")
	r.create(t, "a.tar", "")
	want := r.content(t)
	r.insertFrom(t, "1000", "500")
	more := r.content(t)

	_, err := r.Restore(t.Context(), backup.RestoreOptions{Name: "a.tar"})
	if err == nil || err.Error() != "database plimsoll has rows in calls, counts: restore into an empty engine, or give --replace to drop them" {
		t.Errorf("restore over rows: %v", err)
	}
	if got := r.content(t); got != more {
		t.Errorf("content after the refusal = %s, want %s", got, more)
	}
	if _, err := r.Restore(t.Context(), backup.RestoreOptions{Name: "a.tar", Replace: true}); err != nil {
		t.Fatal(err)
	}
	if got := r.content(t); got != want {
		t.Errorf("content after a restore with replace = %s, want %s", got, want)
	}
}

// TestDamageIsFoundBeforeAnythingChanges damages archives in every way that a
// disk or a copy does.
func TestDamageIsFoundBeforeAnythingChanges(t *testing.T) {
	r := start(t)
	r.makeTables(t)
	r.insertFrom(t, "0", "100000")
	r.create(t, "good.tar", "")
	r.insertFrom(t, "100000", "10")
	want := r.content(t)
	good, err := os.ReadFile(filepath.Join(r.Dir, "good.tar"))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(r.Dir, "good.tar.json"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		damage func(tar, manifest []byte) (_, _ []byte)
		want   string
	}{
		{"cut in half", func(tar, m []byte) ([]byte, []byte) { return tar[:len(tar)/2], m }, "bad.tar is damaged"},
		{"empty", func(_, m []byte) ([]byte, []byte) { return nil, m }, "bad.tar is damaged: its bytes are not those that were written (0 bytes in "},
		{"one bit", func(tar, m []byte) ([]byte, []byte) { tar[len(tar)/2] ^= 1; return tar, m }, "bad.tar is damaged"},
		{"cut in half, without manifest", func(tar, _ []byte) ([]byte, []byte) { return tar[:len(tar)/2], nil }, "is it damaged?"},
		{"no archive, without manifest", func(tar, _ []byte) ([]byte, []byte) { return []byte(strings.Repeat("x", len(tar))), nil }, "is it damaged?"},
		{"data of the large column, without manifest", func(tar, _ []byte) ([]byte, []byte) {
			for i := len(tar) / 2; i < len(tar)/2+5000; i++ {
				tar[i] ^= 0xff
			}
			return tar, nil
		}, "nothing was changed"},
		{"the manifest of another backup", func(tar, m []byte) ([]byte, []byte) {
			return tar, []byte(strings.Replace(string(m), `"rows": 100000`, `"rows": 99999`, 1))
		}, "table calls has 100000 rows, not 99999"},
		{"other rows than those of the manifest", func(tar, m []byte) ([]byte, []byte) {
			return tar, []byte(strings.Replace(string(m), `"hash": "`, `"hash": "1`, 1))
		}, "table calls has other rows than those that were backed up"},
		{"a manifest that is none", func(tar, _ []byte) ([]byte, []byte) { return tar, []byte("{") }, "reading manifest"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tar, m := tt.damage(append([]byte(nil), good...), append([]byte(nil), manifest...))
			for file, data := range map[string][]byte{"bad.tar": tar, "bad.tar.json": m} {
				if err := os.RemoveAll(filepath.Join(r.Dir, file)); err != nil {
					t.Fatal(err)
				}
				if data == nil && file != "bad.tar" {
					continue
				}
				if err := os.WriteFile(filepath.Join(r.Dir, file), data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := r.Restore(t.Context(), backup.RestoreOptions{Name: "bad.tar", Replace: true})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "Stack trace") {
				t.Errorf("error = %v, want a clear one", err)
			} else {
				t.Log(err)
			}
			if got := r.content(t); got != want {
				t.Errorf("content = %s, want %s", got, want)
			}
			if got := r.ask(t, "SELECT groupArray(name) FROM system.databases WHERE name LIKE 'plimsoll%'"); got != "['plimsoll']" {
				t.Errorf("databases = %s, want nothing left over", got)
			}
		})
	}
}

func TestCreateRefuses(t *testing.T) {
	r := start(t)
	r.makeTables(t)
	r.create(t, "taken.tar", "")
	tests := []struct {
		name, backup, base, want string
	}{
		{"zip", "a.zip", "", "backup a.zip: this build of ClickHouse has no zip; end the name in .tar, .tar.gz or .tar.zst, or in nothing for a directory"},
		{"unknown form", "a.rar", "", "backup a.rar: .rar is no form of a backup"},
		{"outside", "/elsewhere/a.tar", "", "is not within " + r.Dir},
		{"upwards", "../a.tar", "", "is not within " + r.Dir},
		{"nothing", "", "", "is not within " + r.Dir},
		{"taken", "taken.tar", "", "taken.tar exists in " + r.Dir},
		{"no such base", "a.tar", "missing.tar", "base: no backup missing.tar in " + r.Dir},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := r.Create(t.Context(), backup.CreateOptions{Name: tt.backup, Base: tt.base, Now: noon})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestFailedBackupLeavesNothing(t *testing.T) {
	r := start(t)
	r.Database = "nonsense"
	_, err := r.Create(t.Context(), backup.CreateOptions{Name: "a.tar", Now: noon})
	if err == nil || !strings.Contains(err.Error(), "backing up database nonsense to a.tar: Code: 81.") {
		t.Errorf("error = %v", err)
	}
	entries, err := os.ReadDir(r.Dir)
	if err != nil || len(entries) != 0 {
		t.Errorf("left in %s: %v, %v", r.Dir, entries, err)
	}
	r.Socket += ".gone"
	if _, err := r.Create(t.Context(), backup.CreateOptions{Name: "a.tar", Now: noon}); err == nil || !strings.Contains(err.Error(), "is it running?") {
		t.Errorf("without an engine: %v", err)
	}
}

func TestUnverifiedBackupIsRestoredByWhatItHolds(t *testing.T) {
	r := start(t)
	r.makeTables(t)
	r.insertFrom(t, "0", "1000")
	want := r.content(t)
	m, err := r.Create(t.Context(), backup.CreateOptions{Name: "quick", Now: noon})
	if err != nil || m.Verified() {
		t.Fatalf("manifest = %+v, %v", m, err)
	}
	// As if it were made by hand: no manifest at all.
	if err := os.Remove(filepath.Join(r.Dir, "quick.json")); err != nil {
		t.Fatal(err)
	}
	r.exec(t, "TRUNCATE TABLE calls", "TRUNCATE TABLE counts")
	restored, err := r.Restore(t.Context(), backup.RestoreOptions{Name: "quick"})
	if err != nil || restored.Rows() != 1007 {
		t.Errorf("restored = %+v, %v, want 1007 rows", restored, err)
	}
	if got := r.content(t); got != want {
		t.Errorf("content = %s, want %s", got, want)
	}
}

func TestCutOffRestoreIsNotBuried(t *testing.T) {
	r := start(t)
	r.makeTables(t)
	r.create(t, "a.tar", "")
	r.exec(t, "CREATE DATABASE plimsoll_before_restore ENGINE = Atomic")
	_, err := r.Restore(t.Context(), backup.RestoreOptions{Name: "a.tar", Replace: true})
	if err == nil || !strings.Contains(err.Error(), "RENAME DATABASE plimsoll_before_restore TO plimsoll") {
		t.Errorf("error = %v, want the way out", err)
	}
}

func TestProgressNamesItsSteps(t *testing.T) {
	r := start(t)
	r.makeTables(t)
	r.insertFrom(t, "0", "1000")
	var steps []string
	r.Progress = func(p backup.Progress) {
		if len(steps) == 0 || steps[len(steps)-1] != p.Step {
			steps = append(steps, p.Step)
		}
	}
	r.create(t, "a.tar", "")
	want := "backing up, restoring, checking calls, checking counts"
	if got := strings.Join(steps, ", "); got != want {
		t.Errorf("steps = %s, want %s", got, want)
	}
	steps = nil
	if _, err := r.Restore(t.Context(), backup.RestoreOptions{Name: "a.tar", Replace: true}); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(steps, ", "), "reading a.tar, restoring, checking calls, checking counts, changing places"; got != want {
		t.Errorf("steps = %s, want %s", got, want)
	}
}

func TestBackupsMayLieElsewhere(t *testing.T) {
	elsewhere := enginetest.Dir(t)
	r := start(t, func(c *engine.Config) { c.Backups = elsewhere })
	r.Dir = elsewhere
	r.makeTables(t)
	r.insertFrom(t, "0", "100")
	if m := r.create(t, filepath.Join(elsewhere, "a.tar"), ""); m.Name != "a.tar" {
		t.Errorf("name = %s", m.Name)
	}
	// Neither BACKUP nor SQL gets further than that.
	for _, sql := range []string{
		"BACKUP DATABASE plimsoll TO File('" + r.engine.DataDir + "/out.tar')",
		"SELECT file('" + filepath.Join(r.engine.DataDir, "engine.lock") + "')",
	} {
		if got := enginetest.Post(t, r.Socket, sql, ""); got.Status == http.StatusOK {
			t.Errorf("%s was accepted: %s", sql, got.Body)
		}
	}
}
