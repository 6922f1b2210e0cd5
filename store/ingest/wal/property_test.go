package wal_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal/waltest"
)

// model is what a log must hold, as told by its own answers.
type model struct {
	mu     sync.Mutex
	acked  map[int]bool // acknowledged and not done
	unsure map[int]bool // under way when the machine crashed, or done without a checkpoint
}

// TestCrashesAtAnyByte appends, finishes and ticks at random, crashes after a
// random number of bytes, damages what no sync had covered, and opens again:
// every acknowledged block must be there, whole, and nothing that was never
// appended. It goes on with what it finds, many times.
func TestCrashesAtAnyByte(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	dir := t.TempDir()
	m := &model{acked: map[int]bool{}, unsure: map[int]bool{}}
	next, now := 0, midnight
	for round := range 150 {
		fs := waltest.New()
		l := open(t, dir, wal.Options{ID: rng.Uint64(), FS: fs, Segment: 3000})
		m.compare(t, l, round)
		fs.CrashAfter(1 + rng.Int64N(20_000))
		for crashed := false; !crashed; {
			switch k := rng.IntN(10); {
			case k < 6:
				crashed = m.append(l, next, 1+rng.IntN(4))
				next += 4
			case k < 9:
				m.finish(l, rng)
			default:
				now = now.Add(time.Duration(rng.IntN(20)) * time.Minute)
				crashed = m.tick(l, now)
			}
		}
		l.Close() // gives the lock back; it cannot write any more
		for path, synced := range fs.Unsynced() {
			loseTail(t, rng, path, synced)
		}
	}
	t.Logf("%d blocks appended, %d left", next, len(m.acked))
}

// append appends blocks at once and returns whether the machine crashed.
func (m *model) append(l *wal.Log, from, n int) bool {
	var work sync.WaitGroup
	crashed := false
	for i := from; i < from+n; i++ {
		work.Go(func() {
			_, err := l.Append(block(i))
			m.mu.Lock()
			defer m.mu.Unlock()
			if err == nil {
				m.acked[i] = true
				return
			}
			m.unsure[i] = true
			crashed = true
		})
	}
	work.Wait()
	return crashed
}

func (m *model) finish(l *wal.Log, rng *rand.Rand) {
	for _, e := range l.Pending() {
		if rng.IntN(3) == 0 {
			l.Done(e)
			delete(m.acked, int(e.Rows))
			m.unsure[int(e.Rows)] = true
		}
	}
}

// tick writes the checkpoint. If that succeeds, what is done is certain.
func (m *model) tick(l *wal.Log, now time.Time) bool {
	if err := l.Tick(now); err != nil {
		return errors.Is(err, waltest.ErrCrashed)
	}
	clear(m.unsure)
	return false
}

// compare checks what a log holds after a crash, and takes it as given.
func (m *model) compare(t *testing.T, l *wal.Log, round int) {
	t.Helper()
	last := uint64(0)
	found := map[int]bool{}
	for _, e := range l.Pending() {
		n := int(e.Rows)
		if e.Seq <= last {
			t.Fatalf("round %d: block %d stands behind one with a larger number", round, n)
		}
		last = e.Seq
		if found[n] || !m.acked[n] && !m.unsure[n] {
			t.Fatalf("round %d: block %d is there twice, or should not be", round, n)
		}
		found[n] = true
	}
	for n := range m.acked {
		if !found[n] {
			t.Fatalf("round %d: block %d was acknowledged and is lost; recovery %+v", round, n, l.Stats().Recovery)
		}
	}
	numbers(t, l) // all bytes are right
	m.acked = found
	clear(m.unsure)
}

// loseTail does to a file what a power failure may do to bytes that were not
// synced: cut them, zero them, leave some, leave all.
func loseTail(t *testing.T, rng *rand.Rand, path string, synced int64) {
	t.Helper()
	edit(t, path, func(b []byte) []byte {
		tail := int64(len(b)) - synced
		if tail <= 0 {
			return b
		}
		at := synced + rng.Int64N(tail)
		switch rng.IntN(4) {
		case 0:
			return b[:at]
		case 1:
			clear(b[at:])
		case 2:
			clear(b[synced:at])
		}
		return b
	})
}

// TestConcurrentUse has appenders, a sender and a clock on one log; run it with
// the race detector.
func TestConcurrentUse(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, wal.Options{Segment: 4000})
	var appenders, rest sync.WaitGroup
	entries := make(chan *wal.Entry, 1000)
	for a := range 4 {
		appenders.Go(func() {
			for i := range 50 {
				e, err := l.Append(block(a*50 + i))
				if err != nil {
					t.Error(err)
					return
				}
				entries <- e
			}
		})
	}
	rest.Go(func() {
		now := midnight
		for e := range entries {
			if _, err := l.Read(e); err != nil {
				t.Error(err)
			}
			l.Done(e)
			now = now.Add(time.Minute)
			if err := l.Tick(now); err != nil {
				t.Error(err)
			}
			l.HasRoom()
			l.Stats()
		}
	})
	appenders.Wait()
	close(entries)
	rest.Wait()
	if s := l.Stats(); s.Blocks != 0 || s.Bytes != 0 || s.Appended != 200 {
		t.Errorf("stats = %+v", s)
	}
}

func BenchmarkAppend(b *testing.B) {
	body := make([]byte, 760<<10)
	rand.NewChaCha8([32]byte{}).Read(body)
	for _, noSync := range []bool{false, true} {
		b.Run(fmt.Sprintf("nosync=%t", noSync), func(b *testing.B) {
			dir, err := os.MkdirTemp(".", "bench") // the disk of the checkout: the system's may be memory
			if err != nil {
				b.Fatal(err)
			}
			defer os.RemoveAll(dir)
			l := open(b, dir, wal.Options{NoSync: noSync})
			b.SetBytes(int64(len(body)))
			for n := 0; b.Loop(); n++ {
				id := [16]byte{byte(n), byte(n >> 8), byte(n >> 16)}
				e, err := l.Append(&wal.Block{Token: wal.Token(id, nil), Table: "requests_in", Body: body})
				if err != nil {
					b.Fatal(err)
				}
				l.Done(e)
				if n%100 == 0 {
					if err := l.Tick(midnight.Add(time.Duration(n) * time.Hour)); err != nil {
						b.Fatal(err)
					}
				}
			}
			if s := l.Stats(); s.Syncs > 0 {
				b.ReportMetric(float64(s.SyncTime.Microseconds())/float64(s.Syncs), "fsync-µs")
			}
			closed(b, l)
		})
	}
}
