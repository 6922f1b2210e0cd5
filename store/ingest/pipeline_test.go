package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

var errDown = errors.New("connection refused")

func TestBlocksAreSealedByRowsAndByAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{}
		p, _ := started(t, f, Config{BlockRows: 10, BlockAge: time.Second})
		add(p, 25)
		synctest.Wait()
		if got := f.rows("requests_in"); got != 20 {
			t.Errorf("%d rows stored before the clock ticked, want two full blocks of 10", got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := f.rows("requests_in"); got != 25 {
			t.Errorf("%d rows stored after a second, want all 25", got)
		}
		shutdown(t, p)
	})
}

func TestLargeBlocksAreSealedByBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{}
		p, _ := started(t, f, Config{BlockRows: 1000})
		long := strings.Repeat("x", maxBlockBytes/10)
		for range 10 {
			p.Request(&record.Request{RequestID: long})
		}
		synctest.Wait()
		if got := f.rows("requests_in"); got != 10 {
			t.Errorf("%d rows stored, want the block that reached its bytes", got)
		}
		shutdown(t, p)
	})
}

func TestFlushWaitsUntilStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{answer: func(*sealed) error { return errDown }}
		p, _ := started(t, f, Config{})
		add(p, 3)
		flushed := make(chan error, 1)
		go func() { flushed <- p.Flush(t.Context()) }()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		select {
		case err := <-flushed:
			t.Fatalf("Flush returned %v while the store is down", err)
		default:
		}
		f.setAnswer(nil)
		if err := <-flushed; err != nil {
			t.Fatal(err)
		}
		if got := f.rows("requests_in"); got != 3 {
			t.Errorf("%d rows stored after Flush, want 3", got)
		}
		shutdown(t, p)
	})
}

func TestFlushTellsWhatIsNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{answer: func(*sealed) error { return errDown }}
		p, _ := started(t, f, Config{})
		add(p, 3)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		err := p.Flush(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "1 blocks with 3 rows are not stored") {
			t.Errorf("error = %v", err)
		}
		f.setAnswer(nil)
		shutdown(t, p)
	})
}

// TestHeartbeatsFollowTheirRows: complete_through names a moment only when all
// rows handed over before it are stored.
func TestHeartbeatsFollowTheirRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{}
		start := time.Now()
		p, _ := started(t, f, Config{})
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		if diff := cmp.Diff([]time.Duration{time.Second, 2 * time.Second}, since(start, f.beats(t))); diff != "" {
			t.Errorf("heartbeats of an idle pipeline: %s", diff)
		}

		f.setAnswer(func(b *sealed) error {
			if b.table == "requests_in" {
				return errDown
			}
			return nil
		})
		add(p, 5) // at 2.5 s
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if got := since(start, f.beats(t)); len(got) != 2 {
			t.Errorf("heartbeats while rows of 2.5 s are not stored: %v", got)
		}

		f.setAnswer(nil)
		time.Sleep(15 * time.Second) // the longest back-off is 10 s
		synctest.Wait()
		got := since(start, f.beats(t))
		if len(got) < 4 || got[2] < 2500*time.Millisecond {
			t.Errorf("heartbeats after the store came back: %v", got)
		}
		shutdown(t, p)
	})
}

func since(start time.Time, times []time.Time) []time.Duration {
	var out []time.Duration
	for _, at := range times {
		out = append(out, at.Sub(start))
	}
	return out
}

// TestHeartbeatWaitsForAttemptsToo: one slow table is enough.
func TestHeartbeatWaitsForAttemptsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{answer: func(b *sealed) error {
			if b.table == "attempts_in" {
				return errDown
			}
			return nil
		}}
		p, _ := started(t, f, Config{})
		add(p, 1)
		p.Attempt(&record.Attempt{End: time.Now()})
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if got := f.beats(t); len(got) != 0 || f.rows("requests_in") != 1 {
			t.Errorf("%d heartbeats, %d requests stored, want none and 1", len(got), f.rows("requests_in"))
		}
		f.setAnswer(nil)
		shutdown(t, p)
	})
}

func TestHeartbeatCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{answer: refuse("attempts_in")}
		p, _ := started(t, f, Config{})
		add(p, 3)
		p.Request(&record.Request{Skew: time.Second})
		p.Attempt(&record.Attempt{Skew: -time.Second})
		p.Heartbeat(&record.Heartbeat{At: time.Now(), Collector: "c1", Proxy: "some/proxy", Requests: 77})
		shutdown(t, p)
		var own map[string]string
		for _, b := range f.stored {
			if b.table != "heartbeats_in" {
				continue
			}
			block := decode(t, b.body)
			for i := range block.rows {
				if row := block.text(t, i); row["proxy"] == "" {
					own = row
				}
			}
		}
		for column, want := range map[string]string{"collector": "c1", "requests": "4", "attempts": "1", "refused": "1", "clamped": "2"} {
			if own[column] != want {
				t.Errorf("%s = %s, want %s", column, own[column], want)
			}
		}
		if got := f.rows("heartbeats_in"); got != 2 {
			t.Errorf("%d heartbeats, want the proxy's and the collector's", got)
		}
	})
}

// refuse answers inserts into a table with an error about their content.
func refuse(table string) func(*sealed) error {
	return func(b *sealed) error {
		if b.table == table {
			return &storeError{status: 400, code: 117, text: "Code: 117. DB::Exception: INCORRECT_DATA"}
		}
		return nil
	}
}

func TestBackpressureBlocksAndReleases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{answer: func(*sealed) error { return errDown }}
		p, _ := started(t, f, Config{BlockRows: 10, MaxPending: 1})
		add(p, 10) // a full block: nothing more has room
		synctest.Wait()
		added := make(chan int, 1)
		go func() {
			add(p, 1)
			p.Attempt(&record.Attempt{})
			added <- 2
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		if s := p.Stats(); s.Waiting != 1 || s.Tables["requests"].Rows != 10 || s.PendingRows != 10 {
			t.Errorf("stats = %+v, want one caller waiting behind 10 rows", s)
		}
		if got := f.beats(t); len(got) != 0 {
			t.Errorf("%d heartbeats while callers wait", len(got))
		}
		f.setAnswer(nil)
		<-added
		shutdown(t, p)
		if got := f.rows("requests_in") + f.rows("attempts_in"); got != 12 {
			t.Errorf("%d rows stored, want 12", got)
		}
	})
}

// TestNoHeartbeatForATimeOfWaiting: rows that waited at T are not covered by a
// heartbeat for T, even if they were stored before it could be written.
func TestNoHeartbeatForATimeOfWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{answer: func(*sealed) error { return errDown }}
		start := time.Now()
		p, _ := started(t, f, Config{BlockRows: 1, BlockAge: time.Second, MaxPending: 1})
		add(p, 1)
		synctest.Wait()
		go add(p, 1) // waits
		time.Sleep(1500 * time.Millisecond)
		f.setAnswer(nil)
		time.Sleep(13 * time.Second)
		synctest.Wait()
		for _, at := range since(start, f.beats(t)) {
			if at < 2*time.Second {
				t.Errorf("heartbeat for %s, when a caller was waiting", at)
			}
		}
		if len(f.beats(t)) == 0 {
			t.Error("no heartbeat after the store came back")
		}
		shutdown(t, p)
	})
}

func TestShutdownCountsWhatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{answer: func(*sealed) error { return errDown }}
		p, _ := started(t, f, Config{BlockRows: 4, MaxPending: 1})
		add(p, 4)
		synctest.Wait()
		go add(p, 1) // waits, and is let go by Shutdown
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := p.Shutdown(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "4 rows are not stored") {
			t.Errorf("error = %v", err)
		}
		synctest.Wait()
		add(p, 2)
		s := p.Stats().Tables["requests"]
		if s.Rows != 7 || s.LostRows != 7 || s.StoredRows != 0 {
			t.Errorf("stats = %+v, want all 7 rows lost", s)
		}
		if !f.closed {
			t.Error("the store was not closed")
		}
	})
}

func TestShutdownWritesALastHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{}
		start := time.Now()
		p, _ := started(t, f, Config{})
		time.Sleep(300 * time.Millisecond)
		add(p, 1)
		shutdown(t, p)
		if diff := cmp.Diff([]time.Duration{300 * time.Millisecond}, since(start, f.beats(t))); diff != "" {
			t.Error(diff)
		}
	})
}

// TestShutdownDoesNotWaitForHeartbeatsAlone: with the store down and all rows
// stored, the rest is not worth the patience of the caller.
func TestShutdownDoesNotWaitForHeartbeatsAlone(t *testing.T) {
	for name, run := range map[string]func(p *Pipeline, f *fakeStore){
		"nothing was ever handed over": func(*Pipeline, *fakeStore) {},
		"down since the start":         func(*Pipeline, *fakeStore) { time.Sleep(time.Minute) },
		"rows were stored before": func(p *Pipeline, f *fakeStore) {
			f.setAnswer(nil)
			add(p, 3)
			time.Sleep(10 * time.Second)
			f.setAnswer(func(*sealed) error { return errDown })
			time.Sleep(time.Minute) // a heartbeat backs off
		},
		"a proxy's heartbeat is open": func(p *Pipeline, _ *fakeStore) { p.Heartbeat(&record.Heartbeat{Proxy: "p"}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fakeStore{answer: func(*sealed) error { return errDown }}
				p, logged := started(t, f, Config{})
				run(p, f)
				begin := time.Now()
				shutdown(t, p)
				if took := time.Since(begin); took > lastBeat {
					t.Errorf("Shutdown took %s", took)
				}
				if got := logged.count("the last heartbeat is not stored"); got != 1 {
					t.Errorf("%d lines about the heartbeat, want one", got)
				}
				if s := p.Stats().Tables; s["heartbeats"].LostRows == 0 || s["requests"].LostRows != 0 {
					t.Errorf("stats = %+v, want heartbeats alone to be lost", s)
				}
			})
		})
	}
}

// TestShutdownWaitsForRows: one row that is not stored is worth all the
// patience, and the heartbeat follows it.
func TestShutdownWaitsForRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{answer: func(*sealed) error { return errDown }}
		start := time.Now()
		p, _ := started(t, f, Config{})
		p.Attempt(&record.Attempt{End: start})
		go func() {
			time.Sleep(45 * time.Second)
			f.setAnswer(nil)
		}()
		shutdown(t, p)
		if f.rows("attempts_in") != 1 || time.Since(start) < 45*time.Second {
			t.Errorf("%d attempts stored after %s", f.rows("attempts_in"), time.Since(start))
		}
		if got := since(start, f.beats(t)); !slices.Contains(got, 0) {
			t.Errorf("heartbeats through %v, want one through the time of Shutdown", got)
		}
	})
}

// TestShutdownSaysNothingForCallersThatWait: a row that waits for room when
// Shutdown is called may get lost, so no heartbeat may speak for its time.
func TestShutdownSaysNothingForCallersThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{answer: func(*sealed) error { return errDown }}
		p, _ := started(t, f, Config{BlockRows: 1, MaxPending: 1})
		add(p, 1)
		synctest.Wait()
		released := make(chan time.Time, 1)
		go func() {
			add(p, 1) // waits
			released <- time.Now()
		}()
		time.Sleep(3500 * time.Millisecond)
		f.setAnswer(nil)
		shutdown(t, p)
		at := <-released
		for _, through := range f.beats(t) {
			if through.Before(at) {
				t.Errorf("heartbeat through %s, when a row waited until %s", through, at)
			}
		}
		if s := p.Stats().Tables["requests"]; s.Rows != 2 || s.StoredRows+s.LostRows != 2 {
			t.Errorf("stats = %+v, want both rows accounted for", s)
		}
	})
}

func TestShutdownBeforeStart(t *testing.T) {
	f := &fakeStore{}
	p, err := newPipeline(Config{Collector: "c1"}, f.store(nil), (&logBuffer{}).logger())
	if err != nil {
		t.Fatal(err)
	}
	shutdown(t, p)
}

func TestStartFailsOnASchemaItMustNotTouch(t *testing.T) {
	for _, reason := range []error{schema.ErrNewer, schema.ErrChanged} {
		f := &fakeStore{}
		s := f.store(func(context.Context) error { return fmt.Errorf("migrating: %w", reason) })
		p, err := newPipeline(Config{Collector: "c1"}, s, (&logBuffer{}).logger())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(t.Context()); !errors.Is(err, reason) {
			t.Errorf("error = %v, want %v", err, reason)
		}
		shutdown(t, p)
	}
}

// TestStartWaitsForTheStore: a store that is down at the start is like one
// that goes down later.
func TestStartWaitsForTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, logged := &fakeStore{}, &logBuffer{}
		tries := 0
		s := f.store(func(context.Context) error {
			if tries++; tries < 5 {
				return errDown
			}
			return nil
		})
		p, err := newPipeline(Config{Collector: "c1"}, s, logged.logger())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		add(p, 2)
		flush(t, p)
		if f.rows("requests_in") != 2 || tries != 5 || logged.count("schema is not ready") != 1 {
			t.Errorf("%d rows, %d tries, %d messages", f.rows("requests_in"), tries, logged.count("schema is not ready"))
		}
		shutdown(t, p)
	})
}

func TestConcurrentCallers(t *testing.T) {
	f := &fakeStore{}
	p, _ := started(t, f, Config{BlockRows: 7, BlockAge: time.Millisecond})
	const callers, each = 8, 500
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range each {
				p.Request(&record.Request{})
				p.Attempt(&record.Attempt{})
			}
		})
	}
	wg.Wait()
	shutdown(t, p)
	if r, a := f.rows("requests_in"), f.rows("attempts_in"); r != callers*each || a != callers*each {
		t.Errorf("%d requests and %d attempts stored, want %d each", r, a, callers*each)
	}
	tokens := map[string]bool{}
	for _, b := range f.stored {
		if tokens[b.token] {
			t.Fatalf("token %s twice", b.token)
		}
		tokens[b.token] = true
	}
}

func TestTwoPipelinesHaveTwoIDs(t *testing.T) {
	f := &fakeStore{}
	a, _ := newPipeline(Config{Collector: "c1"}, f.store(nil), (&logBuffer{}).logger())
	b, _ := newPipeline(Config{Collector: "c1"}, f.store(nil), (&logBuffer{}).logger())
	if a.id == b.id {
		t.Errorf("both pipelines have the id %x", a.id)
	}
}
