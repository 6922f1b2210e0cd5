package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/record"
)

var errFull = errors.New("no space left on device")

// failingLog is a memoryLog whose Append can be made to fail. It notes the
// tables of the blocks in their order.
type failingLog struct {
	*memoryLog
	mu     sync.Mutex
	fail   func(b *sealed) error
	tables []string
	tries  int
}

func (l *failingLog) Append(b *sealed) error {
	l.mu.Lock()
	fail := l.fail
	l.tries++
	l.mu.Unlock()
	if fail != nil {
		if err := fail(b); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tables = append(l.tables, b.table)
	return l.memoryLog.Append(b)
}

func (l *failingLog) setFail(fail func(b *sealed) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = fail
}

func full(*sealed) error { return errFull }

// startedOver is started with a log that can be made to fail.
func startedOver(t *testing.T, f *fakeStore, cfg Config) (*Pipeline, *failingLog, *logBuffer) {
	t.Helper()
	logged := &logBuffer{}
	cfg.Collector = "c1"
	p, err := newPipeline(cfg, f.store(nil), logged.logger())
	if err != nil {
		t.Fatal(err)
	}
	l := &failingLog{memoryLog: newMemoryLog(p.cfg.MaxPending)}
	p.blocks = l
	p.tables = newTables(p)
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p, l, logged
}

// TestFullDiskKeepsRows: rows that the log does not take are kept, callers
// wait, and all of them are stored in the end.
func TestFullDiskKeepsRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{}
		p, l, _ := startedOver(t, f, Config{BlockRows: 10})
		l.setFail(full)
		add(p, 10)
		synctest.Wait()
		if p.Room() {
			t.Error("there is room while the log takes nothing")
		}
		released := make(chan bool, 1)
		go func() {
			add(p, 5) // waits
			released <- true
		}()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		s := p.Stats()
		if r := s.Tables["requests"]; s.Waiting != 1 || r.Rows != 10 || r.LostRows != 0 || r.Blocks != 0 {
			t.Errorf("stats = %+v, want ten rows kept and one caller waiting", s)
		}
		if got := f.beats(t); len(got) != 0 {
			t.Errorf("%d heartbeats while rows are not in the log", len(got))
		}
		l.setFail(nil)
		<-released
		shutdown(t, p)
		if got := f.rows("requests_in"); got != 15 {
			t.Errorf("%d rows stored, want 15", got)
		}
		if r := p.Stats().Tables["requests"]; r.LostRows != 0 || r.Blocks != 2 || r.Bytes == 0 {
			t.Errorf("stats = %+v, want two blocks and nothing lost", r)
		}
	})
}

// TestFullDiskTellsOnce: the reason stands in the log once, not once per try.
func TestFullDiskTellsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l, logged := startedOver(t, &fakeStore{}, Config{BlockRows: 10})
		l.setFail(full)
		add(p, 3)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := logged.count("rows wait"); got != 1 || l.tries < 9 {
			t.Errorf("%d messages about %d tries, want one", got, l.tries)
		}
		l.setFail(nil)
		shutdown(t, p)
		if got := logged.count("takes blocks again"); got != 1 {
			t.Errorf("%d messages about the end, want one", got)
		}
	})
}

// TestFullDiskAtTheEnd: what a stopping pipeline cannot write is counted.
func TestFullDiskAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l, logged := startedOver(t, &fakeStore{}, Config{BlockRows: 10})
		l.setFail(full)
		add(p, 10)
		synctest.Wait()
		go add(p, 1) // waits, and is let go
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Shutdown(ctx); !errors.Is(err, errFull) {
			t.Errorf("error = %v", err)
		}
		synctest.Wait()
		if r := p.Stats().Tables["requests"]; r.Rows != 11 || r.LostRows != 11 {
			t.Errorf("stats = %+v, want all rows counted as lost", r)
		}
		if logged.count("rows are lost") == 0 {
			t.Error("the loss was not told")
		}
	})
}

// TestHeartbeatsOfProxiesComeAfterTheirRows in the log, whatever makes them be
// sealed.
func TestHeartbeatsOfProxiesComeAfterTheirRows(t *testing.T) {
	beat := &record.Heartbeat{Proxy: "p", Collector: "c1", Requests: 1}
	for name, run := range map[string]func(t *testing.T, p *Pipeline){
		"tick":   func(*testing.T, *Pipeline) { time.Sleep(1100 * time.Millisecond) },
		"commit": func(t *testing.T, p *Pipeline) { commit(t, p) },
		"a full block of heartbeats": func(_ *testing.T, p *Pipeline) {
			for range p.cfg.BlockRows {
				p.Heartbeat(beat)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, l, _ := startedOver(t, &fakeStore{}, Config{BlockRows: 10})
				add(p, 1)
				p.Attempt(&record.Attempt{})
				p.Flow(&record.Flow{})
				p.Heartbeat(beat)
				run(t, p)
				synctest.Wait()
				if got := l.tables[:4]; got[3] != "heartbeats_in" {
					t.Errorf("order of the log %v, want the heartbeats behind the rows", l.tables)
				}
				shutdown(t, p)
			})
		})
	}
}

// TestHeartbeatsWaitBehindRowsThatTheLogRefuses: not even then may they
// overtake.
func TestHeartbeatsWaitBehindRowsThatTheLogRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l, _ := startedOver(t, &fakeStore{}, Config{})
		l.setFail(func(b *sealed) error {
			if b.table == "attempts_in" {
				return errFull
			}
			return nil
		})
		add(p, 1)
		p.Attempt(&record.Attempt{})
		p.Heartbeat(&record.Heartbeat{Proxy: "p"})
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{"requests_in"}, l.tables); diff != "" {
			t.Errorf("the log holds %v", l.tables)
		}
		l.setFail(nil)
		shutdown(t, p)
		if slices.Index(l.tables, "attempts_in") > slices.Index(l.tables, "heartbeats_in") {
			t.Errorf("order of the log: %v", l.tables)
		}
	})
}

// TestStallEndsOnceForAll builders.
func TestStallEndsOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s stall
		if err := s.wait(t.Context()); err != nil || s.active() {
			t.Fatalf("wait = %v without a stall", err)
		}
		s.begin()
		s.begin()
		var released sync.WaitGroup
		for range 3 {
			released.Go(func() {
				if err := s.wait(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s.end()
		if err := s.wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("wait = %v with one builder stalled", err)
		}
		s.end()
		released.Wait()
		s.begin()
		if !s.active() {
			t.Error("a second stall does not count")
		}
		s.end()
	})
}

// TestUnequalColumnsAreLostAloud: a bug in the columns of a table costs the
// block, is told, and does not stall the others.
func TestUnequalColumnsAreLostAloud(t *testing.T) {
	logged := &logBuffer{}
	set := &heartbeatColumns{}
	b := builderOver(set, 10, func(*sealed) error { return nil })
	b.log = logged.logger()
	b.add(&record.Heartbeat{})
	set.ts.Append(1)
	if err := b.seal(); err == nil {
		t.Error("no error")
	}
	if b.counts.lostRows.Load() != 1 || logged.count("rows are lost") != 1 || b.stall.active() {
		t.Errorf("lost %d, stalled %t", b.counts.lostRows.Load(), b.stall.active())
	}
	b.add(&record.Heartbeat{})
	if err := b.seal(); err != nil {
		t.Errorf("the next block: %v", err)
	}
	if fmt.Sprint(b.counts.stats().Blocks) != "1" {
		t.Errorf("%d blocks", b.counts.stats().Blocks)
	}
}

// TestABlockIsFilledWhileOthersAreWritten: a slow disk holds callers up only
// when maxQueued blocks wait for it, and then all of them.
func TestABlockIsFilledWhileOthersAreWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{}
		p, l, _ := startedOver(t, f, Config{BlockRows: 10, BlockAge: time.Hour})
		l.setFail(func(*sealed) error { time.Sleep(time.Second); return nil })
		start := time.Now()
		add(p, 10*maxQueued+9)
		if took := time.Since(start); took != 0 {
			t.Errorf("%d rows took %s", 10*maxQueued+9, took)
		}
		var callers sync.WaitGroup
		for range 5 {
			callers.Go(func() { add(p, 4) })
		}
		callers.Wait()
		if took := time.Since(start); took < time.Second || took > 2*time.Second {
			t.Errorf("two blocks more took %s, want them to wait for the disk", took)
		}
		shutdown(t, p)
		rows := 10*maxQueued + 9 + 20
		if s := p.Stats().Tables["requests"]; f.rows("requests_in") != rows || s.StoredRows != uint64(rows) {
			t.Errorf("%d rows stored of %d, %+v", f.rows("requests_in"), rows, s)
		}
	})
}
