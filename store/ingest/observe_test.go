package ingest

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// TestObserver counts what it is told against Stats. A failed insert is not told
// of, and the time of one that succeeds is that of its own request.
func TestObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		post := func(_ context.Context, b *sealed) error { // of requests: fails after 1 s, succeeds after 2 s
			if b.table != "requests_in" {
				return nil
			}
			tries++
			time.Sleep(time.Duration(tries) * time.Second)
			if tries == 1 {
				return errDown
			}
			return nil
		}
		var mu sync.Mutex
		sealedBytes, took := map[string]uint64{}, map[string][]time.Duration{}
		observer := Observer{
			Sealed: func(table string, bytes int) {
				mu.Lock()
				defer mu.Unlock()
				sealedBytes[table] += uint64(bytes)
			},
			Stored: func(table string, d time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				took[table] = append(took[table], d)
			},
		}
		ready := func(context.Context) error { return nil }
		cfg := Config{Collector: "c1", BlockRows: 10, Observer: observer}
		p, err := newPipeline(cfg, store{migrate: ready, post: post, close: func() {}}, (&logBuffer{}).logger())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		add(p, 10)
		p.Attempt(&record.Attempt{Skew: time.Hour})
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		stats := p.Stats()
		shutdown(t, p)
		mu.Lock()
		defer mu.Unlock()
		for _, table := range []string{"requests", "attempts"} {
			if got, want := sealedBytes[table], stats.Tables[table].Bytes; got != want || got == 0 {
				t.Errorf("%s: told of %d bytes, counted %d", table, got, want)
			}
		}
		if diff := cmp.Diff([]time.Duration{2 * time.Second}, took["requests"]); diff != "" {
			t.Errorf("times of inserts (-want +got):\n%s", diff)
		}
		if stats.Clamped != 1 {
			t.Errorf("%d rows were clamped, want 1", stats.Clamped)
		}
	})
}
