package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal/waltest"
)

func diskLogIn(t *testing.T, dir string, cfg WALConfig) (*diskLog, *logBuffer) {
	t.Helper()
	logged := &logBuffer{}
	cfg.Directory = dir
	l, err := openDiskLog(cfg, 1, 10*time.Millisecond, logged.logger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, logged
}

// numbered makes a block of bytes that are no rows.
func numbered(table string, n int) *sealed {
	body := fmt.Appendf(nil, "body of block %d", n)
	id := blockID(7, uint64(n))
	return &sealed{
		table: table, rows: n, body: body, token: wal.Token(id, body), shard: uint32(n % 2), schema: 1,
		created: time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC),
	}
}

func mustAppend(t *testing.T, l blockLog, blocks ...*sealed) {
	t.Helper()
	for _, b := range blocks {
		if err := l.Append(b); err != nil {
			t.Fatal(err)
		}
	}
}

// next returns the rows of a lane's next block, 0 if it has none.
func next(t *testing.T, l blockLog, shard uint32, table string) (*sealed, int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // what is there is given all the same
	b, err := l.Next(ctx, laneKey{shard: shard, table: table})
	if err != nil {
		return nil, 0
	}
	return b, b.rows
}

func TestDiskLogGivesBlocksByLaneAndAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "wal")
	l, _ := diskLogIn(t, dir, WALConfig{})
	for n := 1; n <= 6; n++ {
		mustAppend(t, l, numbered("requests_in", n))
	}
	b, n := next(t, l, 1, "requests_in")
	if n != 1 || string(b.body) != "body of block 1" || !b.unsure.IsZero() || b.damaged != nil {
		t.Fatalf("first block = %+v", b)
	}
	l.Done(b)
	if _, n := next(t, l, 0, "requests_in"); n != 2 {
		t.Errorf("first block of the other shard = %d, want 2", n)
	}
	if blocks, rows, bytes := l.Pending(); blocks != 5 || rows != 20 || bytes != 5*15 {
		t.Errorf("pending = %d, %d, %d", blocks, rows, bytes)
	}
	if lost := l.Close(); lost != nil {
		t.Errorf("Close = %v, nothing is lost by it", lost)
	}
	if err := l.Append(numbered("requests_in", 9)); !errors.Is(err, errClosed) {
		t.Errorf("error = %v after Close", err)
	}
	l, logged := diskLogIn(t, dir, WALConfig{})
	var got []int
	for range 2 {
		for shard := range uint32(2) {
			b, n := next(t, l, shard, "requests_in")
			got = append(got, n)
			if !b.unsure.Equal(b.created) || b.schema != 1 {
				t.Errorf("block %d = %+v, want one of which nobody knows whether it was sent", n, b)
			}
		}
	}
	if diff := cmp.Diff([]int{2, 3, 4, 5}, got); diff != "" || logged.count("the write-ahead log is read") != 1 {
		t.Errorf("blocks after a restart: %s", diff)
	}
}

// TestDiskLogKnowsATokenOnce: a block that is appended again counts once.
func TestDiskLogKnowsATokenOnce(t *testing.T) {
	l, _ := diskLogIn(t, t.TempDir(), WALConfig{})
	mustAppend(t, l, numbered("requests_in", 1), numbered("requests_in", 1))
	if l.Appended() != 1 {
		t.Errorf("%d blocks appended, want 1", l.Appended())
	}
}

// TestDiskLogFailure: Append passes the error on and keeps nothing of the
// block.
func TestDiskLogFailure(t *testing.T) {
	files := waltest.New()
	l, _ := diskLogIn(t, t.TempDir(), WALConfig{Files: files})
	files.Free(0)
	b := numbered("requests_in", 1)
	if err := l.Append(b); err == nil {
		t.Fatal("a full disk took a block")
	}
	if blocks, _, _ := l.Pending(); blocks != 0 || l.Appended() != 0 {
		t.Errorf("%d blocks pending after an error", blocks)
	}
	files.Free(1 << 20)
	mustAppend(t, l, b)
}

func TestDiskLogRoom(t *testing.T) {
	l, _ := diskLogIn(t, t.TempDir(), WALConfig{MaxBytes: 1000})
	n := 1
	for ; l.HasRoom(); n++ {
		mustAppend(t, l, numbered("requests_in", 2*n))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := l.WaitRoom(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v while there is no room", err)
	}
	for range n - 1 {
		b, _ := next(t, l, 0, "requests_in")
		l.Done(b)
	}
	if err := l.WaitRoom(t.Context()); err != nil { // the next checkpoint makes it
		t.Error(err)
	}
}

// TestDiskLogUnreadableBlock: bytes that the disk has spoilt are counted as lost,
// and the lane goes on.
func TestDiskLogUnreadableBlock(t *testing.T) {
	dir := t.TempDir()
	f := &fakeStore{}
	logged := &logBuffer{}
	p, err := newPipeline(Config{Collector: "c1", WAL: WALConfig{Directory: dir}}, f.store(nil), logged.logger())
	if err != nil {
		t.Fatal(err)
	}
	add(p, 3)
	if err := p.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.wal"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	spoil(t, files[0], 200)
	add(p, 2)
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	flush(t, p)
	shutdown(t, p)
	s := p.Stats().Tables["requests"]
	if s.LostRows != 3 || s.StoredRows != 2 || logged.count("its rows are lost") != 1 {
		t.Errorf("stats = %+v, want the first block lost and the second stored", s)
	}
}

func spoil(t *testing.T, path string, at int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSplitAcrossACrash: whichever of a block and its halves a crash leaves in
// the log, each row is given once.
func TestSplitAcrossACrash(t *testing.T) {
	whole := sealedOf(t, 10)["requests_in"]
	whole.created = time.Now().UTC().Truncate(time.Microsecond)
	parts, err := split(whole)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		left []*sealed
		want []string
	}{
		"before the halves":       {[]*sealed{whole}, []string{whole.token}},
		"after one half":          {[]*sealed{whole, parts[0]}, []string{parts[0].token, parts[1].token}},
		"after the second alone":  {[]*sealed{whole, parts[1]}, []string{parts[0].token, parts[1].token}},
		"before that was noted":   {[]*sealed{whole, parts[0], parts[1]}, []string{parts[0].token, parts[1].token}},
		"after that was noted":    {[]*sealed{parts[0], parts[1]}, []string{parts[0].token, parts[1].token}},
		"when one half is stored": {[]*sealed{parts[1]}, []string{parts[1].token}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l, _ := diskLogIn(t, dir, WALConfig{})
			mustAppend(t, l, tc.left...)
			l.Close()
			l, _ = diskLogIn(t, dir, WALConfig{})
			var got []string
			for {
				b, _ := next(t, l, 0, "requests_in")
				if b == nil {
					break
				}
				got = append(got, b.token)
			}
			for _, want := range tc.want {
				if !contains(got, want) {
					t.Errorf("%s is not given", want)
				}
			}
			if len(got) != len(tc.want) {
				t.Errorf("%d blocks given, want %d", len(got), len(tc.want))
			}
		})
	}
}

func contains(in []string, s string) bool {
	for _, x := range in {
		if x == s {
			return true
		}
	}
	return false
}

// TestReplaceFailsAndSucceeds: when the disk is full in the middle of a split, a
// later try completes it.
func TestReplaceFailsAndSucceeds(t *testing.T) {
	files := waltest.New()
	l, _ := diskLogIn(t, t.TempDir(), WALConfig{Files: files})
	whole := sealedOf(t, 10)["requests_in"]
	mustAppend(t, l, whole)
	b, _ := next(t, l, 0, "requests_in")
	parts, err := split(b)
	if err != nil {
		t.Fatal(err)
	}
	files.Free(int64(len(parts[0].body)) + 500)
	if err := l.Replace(b, parts); err == nil {
		t.Fatal("a full disk took both halves")
	}
	if next, _ := next(t, l, 0, "requests_in"); next != nil {
		t.Error("a half is given although the split has failed")
	}
	files.Free(1 << 20)
	n := l.Appended()
	if err := l.Replace(b, parts); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := l.WaitDone(ctx, n); err == nil {
		t.Error("the block counts as done although its halves are not")
	}
	rows := 0
	for range 2 {
		p, n := next(t, l, 0, "requests_in")
		rows += n
		l.Done(p)
	}
	if err := l.WaitDone(t.Context(), n); err != nil || rows != 10 {
		t.Errorf("%d rows in the halves, %v", rows, err)
	}
}

// TestStrangers: blocks of a table that this program does not know go into
// quarantine instead of waiting for ever.
func TestStrangers(t *testing.T) {
	dir := t.TempDir()
	l, _ := diskLogIn(t, dir, WALConfig{})
	mustAppend(t, l, numbered("later_in", 2))
	l.Close()
	f, logged := &fakeStore{}, &logBuffer{}
	p, err := newPipeline(Config{Collector: "c1", WAL: WALConfig{Directory: dir}}, f.store(nil), logged.logger())
	if err != nil {
		t.Fatal(err)
	}
	defer shutdown(t, p)
	if files, err := filepath.Glob(filepath.Join(dir, "quarantine", "later_in-*.txt")); err != nil || len(files) != 1 {
		t.Errorf("files %v, %v", files, err)
	}
	if s := p.Stats(); s.PendingBlocks != 0 || logged.count("is not known to this program") != 1 {
		t.Errorf("stats = %+v", s)
	}
}

// TestFewerShards: blocks of a shard that is gone go to another.
func TestFewerShards(t *testing.T) {
	dir := t.TempDir()
	l, _ := diskLogIn(t, dir, WALConfig{})
	for n := 1; n <= 4; n++ {
		mustAppend(t, l, numbered("requests_in", n))
	}
	l.Close()
	f, logged := &fakeStore{}, &logBuffer{}
	p, err := newPipeline(Config{Collector: "c1", WAL: WALConfig{Directory: dir}}, f.store(nil), logged.logger())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	flush(t, p)
	shutdown(t, p)
	if got := f.rows("requests_in"); got != 1+2+3+4 || logged.count("fewer shards") != 1 {
		t.Errorf("%d rows stored, want 10", got)
	}
}

// TestShutdownLeavesRowsInTheLog: with a log on disk a store that is down does not
// hold up the end, and nothing is lost by it.
func TestShutdownLeavesRowsInTheLog(t *testing.T) {
	dir := t.TempDir()
	f := &fakeStore{answer: func(*sealed) error { return errDown }}
	cfg := Config{Collector: "c1", WAL: WALConfig{Directory: dir}}
	p, err := newPipeline(cfg, f.store(nil), (&logBuffer{}).logger())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(p, 7)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := p.Shutdown(ctx); err != nil {
		t.Errorf("error = %v", err)
	}
	if s := p.Stats().Tables["requests"]; s.LostRows != 0 || s.StoredRows != 0 {
		t.Errorf("stats = %+v", s)
	}
	f = &fakeStore{}
	if p, err = newPipeline(cfg, f.store(nil), (&logBuffer{}).logger()); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	flush(t, p)
	shutdown(t, p)
	if got := f.rows("requests_in"); got != 7 {
		t.Errorf("%d rows stored by the next process, want 7", got)
	}
}

func TestLogDirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	diskLogIn(t, dir, WALConfig{})
	_, err := newPipeline(Config{Collector: "c2", WAL: WALConfig{Directory: dir}}, (&fakeStore{}).store(nil), (&logBuffer{}).logger())
	if !errors.Is(err, wal.ErrInUse) || !containsText(err, dir) {
		t.Errorf("error = %v, want ErrInUse and the directory", err)
	}
}

// TestMemoryLogSaysWhatACrashCosts once.
func TestMemoryLogSaysWhatACrashCosts(t *testing.T) {
	logged := &logBuffer{}
	p, err := newPipeline(Config{Collector: "c1"}, (&fakeStore{}).store(nil), logged.logger())
	if err != nil {
		t.Fatal(err)
	}
	shutdown(t, p)
	if logged.count("a crash costs all rows that are not stored yet") != 1 {
		t.Error("the log does not say it")
	}
}

// TestSmallDisk fills a real file system, where the test may mount one.
func TestSmallDisk(t *testing.T) {
	dir := smallDisk(t, 512<<10)
	f := &fakeStore{}
	f.setAnswer(func(*sealed) error { return errDown })
	p, err := newPipeline(Config{Collector: "c1", BlockRows: 500, WAL: WALConfig{Directory: dir}}, f.store(nil), (&logBuffer{}).logger())
	if err != nil {
		t.Fatal(err)
	}
	const rows = 8000
	handed := make(chan struct{})
	go func() {
		defer close(handed)
		for g, n := newGenerator(1, time.Now()), 0; n < rows; n++ {
			p.Request(g.request())
		}
	}()
	waitFor(t, func() bool { return p.Stats().WAL.Failures > 0 })
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
		t.Fatal(err)
	}
	f.setAnswer(nil)
	<-handed
	flush(t, p)
	shutdown(t, p)
	if got := f.rows("requests_in"); got != rows {
		t.Errorf("%d rows stored, %d handed over", got, rows)
	}
}
