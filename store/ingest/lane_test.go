package ingest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
)

func TestLaneRetriesTheSameBytesUntilStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		f := &fakeStore{answer: func(b *sealed) error {
			if b.table == "requests_in" && down {
				return &storeError{status: 500, code: 241, text: "MEMORY_LIMIT_EXCEEDED"}
			}
			return nil
		}}
		p, logged := started(t, f, Config{})
		add(p, 3)
		time.Sleep(time.Hour)
		f.mu.Lock()
		down = false
		f.mu.Unlock()
		shutdown(t, p)
		var tokens, bodies []string
		for _, b := range f.posts {
			if b.table == "requests_in" {
				tokens, bodies = append(tokens, b.token), append(bodies, string(b.body))
			}
		}
		for i := range tokens {
			if tokens[i] != tokens[0] || bodies[i] != bodies[0] {
				t.Fatalf("try %d differs from the first", i)
			}
		}
		if n := len(tokens); n < 360 || n > 740 { // back-off between 5 and 10 s
			t.Errorf("%d tries in an hour", n)
		}
		s := p.Stats().Tables["requests"]
		if s.StoredRows != 3 || s.Retries != uint64(len(tokens)-1) || s.QuarantinedRows != 0 {
			t.Errorf("stats = %+v with %d tries", s, len(tokens))
		}
		if logged.count("is being retried") != 1 || logged.count("takes blocks again") != 1 {
			t.Errorf("%d and %d messages, want one each", logged.count("is being retried"), logged.count("takes blocks again"))
		}
	})
}

// TestLaneSplitsThenQuarantines: of a block that is refused the halves are tried,
// once, and what is refused again does not hold up the others.
func TestLaneSplitsThenQuarantines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := uint64(0)
		f := &fakeStore{}
		f.answer = func(b *sealed) error {
			if b.table == "requests_in" && (bad == 0 || bad == b.seq && b.rows != 3) {
				bad = b.seq
				return &storeError{status: 500, code: 117, text: "Code: 117. DB::Exception: bad block"}
			}
			return nil
		}
		p, logged := started(t, f, Config{BlockRows: 5, Quarantine: t.TempDir()})
		add(p, 15)
		shutdown(t, p)
		s := p.Stats().Tables["requests"]
		if s.StoredRows != 13 || s.QuarantinedRows != 2 || s.QuarantinedBlocks != 1 || s.Retries != 0 || s.LostRows != 0 {
			t.Errorf("stats = %+v, want 13 rows stored and half a block of 5 refused", s)
		}
		if logged.count("store refuses a block") != 1 || logged.count("its halves are tried") != 1 || logged.count("bad block") != 2 {
			t.Error("want one message for the block and one for its half, with the reason")
		}
	})
}

// TestLaneDoesNotSplitWhatHalvesCannotHelp: a refused statement is refused for
// any rows.
func TestLaneDoesNotSplitWhatHalvesCannotHelp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{answer: func(b *sealed) error {
			if b.table == "requests_in" {
				return &storeError{status: 404, code: 16, text: "No such column"}
			}
			return nil
		}}
		p, _ := started(t, f, Config{BlockRows: 5})
		add(p, 5)
		shutdown(t, p)
		if s := p.Stats().Tables["requests"]; s.QuarantinedBlocks != 1 || s.QuarantinedRows != 5 {
			t.Errorf("stats = %+v, want the block refused whole", s)
		}
	})
}

// TestLaneDoesNotSplitWhatATableHas: the halves of a block that one table has
// taken would be stored beside it.
func TestLaneDoesNotSplitWhatATableHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{answer: func(b *sealed) error {
			if b.table == "requests_in" {
				return &storeError{status: 500, code: 395, text: "a view throws"}
			}
			return nil
		}}
		s := f.store(nil)
		s.untouched = func(context.Context, *sealed) error { return errors.New("1 of 7 tables have taken the block") }
		p, logged := startedOn(t, s, Config{BlockRows: 5})
		add(p, 5)
		shutdown(t, p)
		if got := p.Stats().Tables["requests"]; got.QuarantinedBlocks != 1 || got.QuarantinedRows != 5 || logged.count("1 of 7 tables") != 1 {
			t.Errorf("stats = %+v, want the block refused whole, with the reason", got)
		}
	})
}

// TestLaneAsksForOldBlocks: a block whose insert had no answer is simply sent
// again as long as its token is remembered; afterwards the store is asked.
func TestLaneAsksForOldBlocks(t *testing.T) {
	for name, tc := range map[string]struct {
		down         time.Duration // how long inserts have no answer
		has          bool
		err          error
		asked        bool
		stored       uint64
		postedAgain  bool
		quarantineOf uint64
	}{
		"soon":           {down: time.Minute, stored: 3, postedAgain: true},
		"late, has it":   {down: time.Hour, has: true, asked: true, stored: 3},
		"late, has not":  {down: time.Hour, asked: true, stored: 3, postedAgain: true},
		"cannot be told": {down: time.Hour, err: &unclearError{"98 rows of 100"}, asked: true, quarantineOf: 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				up := time.Now().Add(tc.down)
				posted, asked := 0, 0
				f := &fakeStore{}
				f.answer = func(b *sealed) error {
					switch {
					case b.table != "requests_in":
					case time.Now().Before(up):
						return errDown
					default:
						posted++
					}
					return nil
				}
				s := f.store(nil)
				s.askAfter = 2 * time.Minute
				s.reconcile = func(_ context.Context, b *sealed) (bool, error) {
					if b.table != "requests_in" {
						return false, nil
					}
					if time.Now().Before(up) {
						return false, errDown // a store that is down does not answer questions either
					}
					asked++
					return tc.has, tc.err
				}
				p, _ := startedOn(t, s, Config{})
				add(p, 3)
				time.Sleep(2 * time.Hour)
				shutdown(t, p)
				got := p.Stats().Tables["requests"]
				if got.StoredRows != tc.stored || got.QuarantinedRows != tc.quarantineOf || (asked > 0) != tc.asked || (posted > 0) != tc.postedAgain {
					t.Errorf("stats = %+v, asked %d times, posted %d times", got, asked, posted)
				}
			})
		})
	}
}

// TestLaneMigratesAStoreWithoutItsTables: a store that was made anew gets its
// schema, and then the block.
func TestLaneMigratesAStoreWithoutItsTables(t *testing.T) {
	for name, code := range map[string]int{"table": unknownTable, "database": unknownDatabase} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fakeStore{}
				migrated := 0
				s := f.store(func(context.Context) error { migrated++; return nil })
				f.answer = func(*sealed) error {
					if migrated < 2 {
						return &storeError{status: 404, code: code}
					}
					return nil
				}
				p, err := newPipeline(Config{Collector: "c1"}, s, (&logBuffer{}).logger())
				if err != nil {
					t.Fatal(err)
				}
				if err := p.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				add(p, 1)
				flush(t, p)
				shutdown(t, p)
				if got := p.Stats().Tables["requests"]; got.StoredRows != 1 || migrated != 2 {
					t.Errorf("stats = %+v after %d migrations, want the row stored after 2", got, migrated)
				}
			})
		})
	}
}

// TestLanesAreIndependent: a table that cannot be stored does not hold up the
// others.
func TestLanesAreIndependent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{answer: func(b *sealed) error {
			if b.table == "attempts_in" {
				return errDown
			}
			return nil
		}}
		p, _ := started(t, f, Config{BlockRows: 1})
		p.Attempt(&record.Attempt{})
		add(p, 10)
		synctest.Wait()
		if got := f.rows("requests_in"); got != 10 {
			t.Errorf("%d requests stored while attempts fail, want 10", got)
		}
		f.setAnswer(nil)
		shutdown(t, p)
	})
}

func TestBackoffGrowsToItsLimit(t *testing.T) {
	for try, want := range []time.Duration{
		100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond,
		3200 * time.Millisecond, 6400 * time.Millisecond, 10 * time.Second, 10 * time.Second,
	} {
		for range 100 {
			if got := backoff(try); got < want/2 || got >= want {
				t.Fatalf("backoff(%d) = %s, want [%s, %s)", try, got, want/2, want)
			}
		}
	}
	if got := backoff(1 << 30); got < lastBackoff/2 || got >= lastBackoff {
		t.Errorf("backoff after many tries = %s", got)
	}
}
