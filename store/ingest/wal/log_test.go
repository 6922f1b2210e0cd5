package wal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal/waltest"
)

// midnight is the time that tests begin at.
var midnight = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// block makes a block that differs from that of any other number.
func block(n int) *wal.Block {
	body := []byte(strings.Repeat(fmt.Sprintf("block %d.", n), 1+n%40))
	id := [16]byte{15: byte(n), 14: byte(n >> 8), 13: byte(n >> 16)}
	return &wal.Block{
		Token: wal.Token(id, body), Table: []string{"requests_in", "attempts_in", "heartbeats_in"}[n%3],
		Schema: 7, Shard: uint32(n % 2), Rows: uint32(n), Created: midnight.Add(time.Duration(n) * time.Second), Body: body,
	}
}

func open(t testing.TB, dir string, o wal.Options) *wal.Log {
	t.Helper()
	l, err := wal.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func appendBlocks(t testing.TB, l *wal.Log, from, to int) (entries []*wal.Entry) {
	t.Helper()
	for n := from; n < to; n++ {
		e, err := l.Append(block(n))
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}

func closed(t testing.TB, l *wal.Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// numbers reads every block that is not done, checks that it is the one that
// was appended, and returns their numbers.
func numbers(t testing.TB, l *wal.Log) (out []int) {
	t.Helper()
	for _, e := range l.Pending() {
		b, err := l.Read(e)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(*block(int(b.Rows)), b, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		if err := b.Verify(); err != nil {
			t.Error(err)
		}
		out = append(out, int(b.Rows))
	}
	return out
}

func sequence(from, to int) (out []int) {
	for n := from; n < to; n++ {
		out = append(out, n)
	}
	return out
}

func wantNumbers(t testing.TB, l *wal.Log, want []int) {
	t.Helper()
	if diff := cmp.Diff(want, numbers(t, l), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("blocks in the log (-want +got):\n%s", diff)
	}
}

// segments returns the paths of a directory's segments.
func segments(t testing.TB, dir string) []string {
	t.Helper()
	out, err := filepath.Glob(filepath.Join(dir, "*.wal"))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBlocksOutliveTheLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on", "demand")
	l := open(t, dir, wal.Options{ID: 1})
	appendBlocks(t, l, 0, 50)
	wantNumbers(t, l, sequence(0, 50))
	closed(t, l)
	l = open(t, dir, wal.Options{ID: 2})
	wantNumbers(t, l, sequence(0, 50))
	appendBlocks(t, l, 50, 60)
	closed(t, l)
	l = open(t, dir, wal.Options{ID: 3})
	wantNumbers(t, l, sequence(0, 60))
	if got := l.Stats().Recovery; got != (wal.Recovery{Blocks: 60}) {
		t.Errorf("recovery = %+v, want 60 blocks and nothing else", got)
	}
}

func TestDoneBlocksAreNotGivenAgain(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, wal.Options{})
	entries := appendBlocks(t, l, 0, 10)
	for _, n := range []int{7, 0, 3, 4, 5, 0} { // in any order, one twice
		l.Done(entries[n])
	}
	wantNumbers(t, l, []int{1, 2, 6, 8, 9})
	if err := l.Tick(midnight); err != nil {
		t.Fatal(err)
	}
	l.Done(entries[9]) // written down by Close
	closed(t, l)
	l = open(t, dir, wal.Options{})
	wantNumbers(t, l, []int{1, 2, 6, 8})
	if s := l.Stats(); s.Blocks != 4 || s.Rows != 1+2+6+8 || s.Recovery.Done != 6 || !s.Oldest.Equal(block(1).Created) {
		t.Errorf("stats = %+v", s)
	}
}

func TestOneProcessPerDirectory(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir, wal.Options{})
	if _, err := wal.Open(dir, wal.Options{}); !errors.Is(err, wal.ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error = %v, want ErrInUse and the directory", err)
	}
	closed(t, first)
	closed(t, open(t, dir, wal.Options{}))
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	l := open(t, dir, wal.Options{})
	appendBlocks(t, l, 0, 1)
	if err := l.Tick(midnight); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		want := os.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, info.Mode().Perm(), want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAppendsShareSyncs: those who append while a sync runs are served by the
// next one together.
func TestAppendsShareSyncs(t *testing.T) {
	fs := waltest.New()
	l := open(t, t.TempDir(), wal.Options{FS: fs})
	appendBlocks(t, l, 0, 1)
	hold, held := make(chan struct{}), make(chan struct{})
	var once sync.Once
	fs.Fail(func(op waltest.Op, _ string) error {
		if op == waltest.Write {
			once.Do(func() { close(held); <-hold })
		}
		return nil
	})
	before := l.Stats().Syncs
	var work sync.WaitGroup
	for n := 1; n < 41; n++ {
		work.Go(func() {
			if _, err := l.Append(block(n)); err != nil {
				t.Error(err)
			}
		})
		if n == 1 {
			<-held
		}
	}
	for l.Queued() < 39 { // the others stand in the queue
		time.Sleep(time.Millisecond)
	}
	close(hold)
	work.Wait()
	if got := l.Stats().Syncs - before; got != 2 {
		t.Errorf("%d syncs for 40 blocks, want 2", got)
	}
	if got := len(numbers(t, l)); got != 41 {
		t.Errorf("%d blocks, want 41", got)
	}
}

func TestKnownTokenIsNotWrittenTwice(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, wal.Options{})
	e := appendBlocks(t, l, 0, 1)[0]
	for range 2 { // not done, and done
		if _, err := l.Append(block(0)); !errors.Is(err, wal.ErrKnown) {
			t.Errorf("error = %v, want ErrKnown", err)
		}
		l.Done(e)
	}
	closed(t, l)
	l = open(t, dir, wal.Options{})
	if _, err := l.Append(block(0)); !errors.Is(err, wal.ErrKnown) {
		t.Errorf("error after a restart = %v, want ErrKnown", err)
	}
}

func TestAppendRefusesWhatCannotBeWritten(t *testing.T) {
	l := open(t, t.TempDir(), wal.Options{})
	for want, b := range map[string]*wal.Block{
		"table name of 0 bytes":   {Token: "t"},
		"table name of 300 bytes": {Token: "t", Table: strings.Repeat("x", 300)},
		"token of 0 bytes":        {Table: "t"},
		"token of 70000 bytes":    {Table: "t", Token: strings.Repeat("x", 70000)},
	} {
		if _, err := l.Append(b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want %q", err, want)
		}
	}
	closed(t, l)
	if _, err := l.Append(block(0)); !errors.Is(err, wal.ErrClosed) {
		t.Errorf("error after Close = %v", err)
	}
	if err := l.Tick(midnight); !errors.Is(err, wal.ErrClosed) {
		t.Errorf("error of Tick after Close = %v", err)
	}
	if l.HasRoom() {
		t.Error("a closed log has room")
	}
	closed(t, l) // twice is no error
}

func TestSegmentsFollowEachOther(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, wal.Options{Segment: 2000})
	appendBlocks(t, l, 0, 60)
	big := block(1000)
	big.Body = make([]byte, 5000)
	big.Token = wal.Token([16]byte{1}, big.Body)
	if _, err := l.Append(big); err != nil {
		t.Fatal(err)
	}
	for i, path := range segments(t, dir) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%016x.wal", i+1); filepath.Base(path) != want {
			t.Errorf("segment %s, want %s", filepath.Base(path), want)
		}
		if info.Size() > 2000 && i+1 < len(segments(t, dir)) {
			t.Errorf("segment %s has %d bytes", path, info.Size())
		}
	}
	if got := l.Stats(); got.Segments != len(segments(t, dir)) || got.Segments < 8 {
		t.Errorf("%d segments, %d files", got.Segments, len(segments(t, dir)))
	}
}

// TestSegmentsAreKeptPastTheCheckpoint: ten minutes by default, and only when
// all of their blocks are done.
func TestSegmentsAreKeptPastTheCheckpoint(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, wal.Options{Segment: 2000})
	entries := appendBlocks(t, l, 0, 60)
	files := len(segments(t, dir))
	for _, e := range entries[1:] {
		l.Done(e)
	}
	now := midnight
	tick := func(d time.Duration, want int) {
		t.Helper()
		now = now.Add(d)
		if err := l.Tick(now); err != nil {
			t.Fatal(err)
		}
		if got := len(segments(t, dir)); got != want {
			t.Errorf("%d segments at %s, want %d", got, now.Sub(midnight), want)
		}
	}
	tick(0, files)
	tick(10*time.Minute-1, files)
	tick(1, 2) // that of block 0, and the active one
	l.Done(entries[0])
	tick(time.Hour, 2)
	tick(10*time.Minute, 1)
	wantNumbers(t, l, nil)
	closed(t, l)
	l = open(t, dir, wal.Options{})
	wantNumbers(t, l, nil)
	if e := appendBlocks(t, l, 100, 101)[0]; e.Seq != 61 {
		t.Errorf("sequence number %d, want 61: they are not used again", e.Seq)
	}
}

// TestBudget: blocks that are not done use it up; those that are only kept go
// when their place is needed.
func TestBudget(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, wal.Options{MaxBytes: 8000, Segment: 1000})
	var entries []*wal.Entry
	n := 0
	for l.HasRoom() {
		entries = append(entries, appendBlocks(t, l, n, n+1)...)
		n++
	}
	if got := l.Stats().DiskBytes; got < 8000 || got > 10_000 {
		t.Fatalf("%d bytes when the budget of 8000 is used up", got)
	}
	for _, e := range entries {
		l.Done(e)
	}
	if l.HasRoom() {
		t.Error("room before a checkpoint says that the blocks are done")
	}
	if err := l.Tick(midnight); err != nil {
		t.Fatal(err)
	}
	if !l.HasRoom() || l.Stats().DiskBytes > 8000 {
		t.Errorf("no room, or %d bytes, after everything is done", l.Stats().DiskBytes)
	}
	appendBlocks(t, l, n, n+20)
	if got := l.Stats(); got.DiskBytes > 8000 || got.Blocks != 20 {
		t.Errorf("stats = %+v, want kept segments gone for new ones", got)
	}
	wantNumbers(t, l, sequence(n, n+20))
}

func TestStats(t *testing.T) {
	l := open(t, t.TempDir(), wal.Options{})
	e := appendBlocks(t, l, 1, 4)
	l.Done(e[0])
	got := l.Stats()
	if got.SyncTime < got.LastSync || got.LastSync <= 0 {
		t.Errorf("sync times %s, %s", got.SyncTime, got.LastSync)
	}
	want := wal.Stats{
		Blocks: 2, Rows: 5, Bytes: int64(len(block(2).Body) + len(block(3).Body)), Oldest: block(2).Created,
		Segments: 1, DiskBytes: got.DiskBytes, Appended: 3, Syncs: 3,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(wal.Stats{}, "SyncTime", "LastSync")); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutSync(t *testing.T) {
	fs := waltest.New()
	fs.Fail(func(op waltest.Op, path string) error {
		if op == waltest.Sync && strings.HasSuffix(path, ".wal") {
			return syscall.EIO
		}
		return nil
	})
	l := open(t, t.TempDir(), wal.Options{FS: fs, NoSync: true})
	appendBlocks(t, l, 0, 5)
	if got := l.Stats().Syncs; got != 0 {
		t.Errorf("%d syncs", got)
	}
}

// TestSuspects: after a start of the machine the blocks that are done and kept
// are named, after a restart of the process they are not.
func TestSuspects(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after [16]byte
		want          int
	}{
		"same boot":        {[16]byte{1}, [16]byte{1}, 0},
		"another boot":     {[16]byte{1}, [16]byte{2}, 2},
		"unknown before":   {[16]byte{}, [16]byte{2}, 0},
		"unknown after":    {[16]byte{1}, [16]byte{}, 0},
		"of this machine":  {wal.BootID(), wal.BootID(), 0},
		"from another one": {[16]byte{9}, wal.BootID(), 2},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir, wal.Options{Boot: tc.before})
			for _, e := range appendBlocks(t, l, 0, 3)[:2] {
				l.Done(e)
			}
			closed(t, l)
			l = open(t, dir, wal.Options{Boot: tc.after})
			got := l.Suspects()
			if len(got) != tc.want || l.Stats().Recovery.Rebooted != (tc.want > 0) {
				t.Fatalf("%d suspects, recovery %+v, want %d", len(got), l.Stats().Recovery, tc.want)
			}
			for i, e := range got {
				if b, err := l.Read(e); err != nil || int(b.Rows) != i {
					t.Errorf("suspect %d = %+v, %v", i, b, err)
				}
			}
		})
	}
}

// TestWipedDirectory: a directory that is removed while the log is open costs
// nothing but what a crash would then find missing.
func TestWipedDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	l := open(t, dir, wal.Options{Segment: 2000})
	appendBlocks(t, l, 0, 10)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	appendBlocks(t, l, 10, 60)
	wantNumbers(t, l, sequence(0, 60))
	for _, e := range l.Pending() {
		l.Done(e)
	}
	for _, at := range []time.Time{midnight, midnight.Add(time.Hour)} {
		if err := l.Tick(at); err != nil {
			t.Fatal(err)
		}
	}
	if got := l.Stats().Segments; got > 1 {
		t.Errorf("%d segments left", got)
	}
}

func TestVerify(t *testing.T) {
	b := block(5)
	if err := b.Verify(); err != nil {
		t.Error(err)
	}
	b.Body = []byte("other bytes")
	if err := b.Verify(); !errors.Is(err, wal.ErrToken) {
		t.Errorf("error = %v, want ErrToken: the token names other bytes", err)
	}
	for _, token := range []string{"", "short", strings.Repeat("z", 32) + "-x", strings.Repeat("0", 33)} {
		if _, err := wal.BlockID(token); !errors.Is(err, wal.ErrToken) {
			t.Errorf("BlockID(%q) error = %v", token, err)
		}
	}
	// XXH128 of the empty input, from the specification of xxHash.
	if got, want := wal.Token([16]byte{1, 15: 2}, nil), "01000000000000000000000000000002-99aa06d3014798d86001c324468d497f"; got != want {
		t.Errorf("Token = %s, want %s", got, want)
	}
}
