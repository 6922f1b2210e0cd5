package meshstore

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/blockrelay"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

var _ blockrelay.Sink = (*Store)(nil)

// storeWith makes a store of a config that is changed from the default.
func storeWith(t *testing.T, tel *componenttest.Telemetry, dsn string, change func(*Config)) *Store {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoint, cfg.Collector = configopaque.String(dsn), "test"
	change(cfg)
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	s, err := newStore(cfg, tel.NewTelemetrySettings())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	return s
}

// text returns the text that a query answers.
func text(t *testing.T, dsn, sql string) (answer string) {
	t.Helper()
	conn, err := query.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.QueryRow(t.Context(), "SELECT toString(("+sql+"))").Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

// TestLogOutlivesProcess stops a collector while its store is away. The next one
// finds the rows in the directory, says so, and stores them.
func TestLogOutlivesProcess(t *testing.T) {
	dsn, dir := enginetest.Start(t), filepath.Join(t.TempDir(), "wal")
	onDisk := func(c *Config) { c.WAL.Directory = dir }
	first := storeWith(t, componenttest.NewTelemetry(), "http://127.0.0.1:1?database=plimsoll", onDisk)
	request, attempt := sample(time.Now())
	first.Request(&request)
	first.Attempt(&attempt)
	if err := first.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := first.Shutdown(ended); err != nil && !strings.Contains(err.Error(), "not stored") {
		t.Errorf("the first collector ended with %v", err)
	}

	tel := componenttest.NewTelemetry()
	second := storeWith(t, tel, dsn, onDisk)
	if got := sum(t, tel, "plimsoll_wal_recovered", ""); got != 2 {
		t.Errorf("%d blocks are recovered, want 2", got)
	}
	if err := second.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := sum(t, tel, "plimsoll_store_pending", ""); got != 0 {
		t.Errorf("%d bytes wait after a flush", got)
	}
	if err := second.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	for _, table := range []string{"requests", "attempts"} {
		if got := text(t, dsn, "SELECT count() FROM "+table); got != "1" {
			t.Errorf("%s: %s rows, want 1", table, got)
		}
	}
}

// TestOneProcessADirectory starts a second collector on a directory in use.
func TestOneProcessADirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "wal")
	first := storeWith(t, componenttest.NewTelemetry(), "http://127.0.0.1:1?database=plimsoll", func(c *Config) { c.WAL.Directory = dir })
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoint, cfg.Collector, cfg.WAL.Directory = "http://127.0.0.1:1?database=plimsoll", "second", dir
	if _, err := newStore(cfg, componenttest.NewNopTelemetrySettings()); err == nil || !strings.Contains(err.Error(), "opening write-ahead log") {
		t.Errorf("got error %v, want one about the log", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_ = first.Shutdown(ended) // nothing was to be stored but its heartbeat
}

// TestSchemaOptions changes what an existing store keeps, and changes it back.
func TestSchemaOptions(t *testing.T) {
	dsn := enginetest.Start(t)
	const lifetime = "SELECT extract(engine_full, 'TTL [^)]*\\\\) \\\\+ toInterval\\\\w+\\\\(\\\\d+\\\\)') FROM system.tables WHERE database = 'plimsoll' AND name = 'spans'"
	for _, step := range []struct {
		change func(*Config)
		ttl    string
		share  bool // the view thins out
	}{
		{func(*Config) {}, "toIntervalDay(3)", false},
		{func(c *Config) {
			c.Retention, c.Sampling.Requests = map[string]time.Duration{"spans": 48 * time.Hour}, 0.25
		}, "toIntervalDay(2)", true},
		{func(*Config) {}, "toIntervalDay(3)", false},
	} {
		s := storeWith(t, componenttest.NewTelemetry(), dsn, step.change)
		if err := s.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := text(t, dsn, lifetime); !strings.Contains(got, step.ttl) {
			t.Errorf("spans live for %q, want %s", got, step.ttl)
		}
		view := text(t, dsn, "SELECT as_select FROM system.tables WHERE database = 'plimsoll' AND name = 'requests_view'")
		if got := strings.Contains(view, "< 250000"); got != step.share {
			t.Errorf("the view of requests thins out: %t, want %t", got, step.share)
		}
	}
}
