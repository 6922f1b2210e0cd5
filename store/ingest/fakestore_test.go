package ingest

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// patience ends a test that would hang.
const patience = 5 * time.Minute

// fakeStore is a store in memory that answers as it is told.
type fakeStore struct {
	mu     sync.Mutex
	posts  []*sealed // every try, in order
	stored []*sealed
	answer func(b *sealed) error // nil: everything is stored
	closed bool
}

func (f *fakeStore) post(ctx context.Context, b *sealed) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.posts = append(f.posts, b)
	if f.answer != nil {
		if err := f.answer(b); err != nil {
			return err
		}
	}
	f.stored = append(f.stored, b)
	return nil
}

func (f *fakeStore) setAnswer(answer func(b *sealed) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

// rows counts the stored rows of a table.
func (f *fakeStore) rows(table string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.stored {
		if b.table == table {
			n += b.rows
		}
	}
	return n
}

// beats returns complete_through of the collector's stored heartbeats.
func (f *fakeStore) beats(t *testing.T) (through []time.Time) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.stored {
		if b.table != "heartbeats_in" {
			continue
		}
		block := decode(t, b.body)
		for i, proxy := range block.strings(t, "proxy") {
			if proxy == "" {
				through = append(through, time.UnixMicro(block.micros(t, "complete_through")[i]))
			}
		}
	}
	return through
}

func (f *fakeStore) store(migrate func(context.Context) error) store {
	if migrate == nil {
		migrate = func(context.Context) error { return nil }
	}
	return store{migrate: migrate, post: f.post, close: func() { f.closed = true }}
}

// logBuffer collects what is logged.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

func (l *logBuffer) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// started makes a pipeline over the store, which runs until the test calls
// Shutdown.
func started(t *testing.T, f *fakeStore, cfg Config) (*Pipeline, *logBuffer) {
	t.Helper()
	return startedOn(t, f.store(nil), cfg)
}

// startedOn is started over a store that can do more.
func startedOn(t *testing.T, s store, cfg Config) (*Pipeline, *logBuffer) {
	t.Helper()
	logged := &logBuffer{}
	cfg.Collector = "c1"
	p, err := newPipeline(cfg, s, logged.logger())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p, logged
}

// shutdown stops the pipeline and fails the test if anything was left.
func shutdown(t *testing.T, p *Pipeline) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	if err := p.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// flush waits until everything is stored.
func flush(t *testing.T, p *Pipeline) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

// add hands over n requests.
func add(p *Pipeline, n int) {
	for range n {
		p.Request(&record.Request{End: time.Now(), Vantage: record.VantageClient, RequestID: "r"})
	}
}
