package meshstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/ingest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// flushLimit bounds how long a stopping collector waits for the store.
const flushLimit = 10 * time.Second

// Store is the running extension. Receivers and exporters find it in their
// component.Host and call the methods that take records, from any goroutine,
// between their own Start and Shutdown.
type Store struct {
	collector string
	pipeline  *ingest.Pipeline
	telemetry *telemetry
}

func newStore(cfg *Config, set component.TelemetrySettings) (*Store, error) {
	settings, err := cfg.pipeline()
	if err != nil {
		return nil, err
	}
	telemetry, err := newTelemetry(set)
	if err != nil {
		return nil, fmt.Errorf("making metrics of %s: %w", typeName, err)
	}
	settings.Observer = telemetry.events.observer()
	pipeline, err := ingest.New(settings, slog.New(newZapHandler(set.Logger)))
	if err != nil {
		return nil, fmt.Errorf("making the ingest pipeline: %w", err)
	}
	if err := telemetry.observe(set, pipeline.Stats); err != nil {
		return nil, fmt.Errorf("registering metrics of %s: %w", typeName, err)
	}
	return &Store{collector: settings.Collector, pipeline: pipeline, telemetry: telemetry}, nil
}

// Start migrates the store's schema and begins to store rows. A store that
// cannot be reached yet is no error: rows wait.
func (s *Store) Start(ctx context.Context, _ component.Host) error { return s.pipeline.Start(ctx) }

// Shutdown stores what is left, for at most flushLimit; the error says what
// could not be stored.
func (s *Store) Shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, flushLimit)
	defer cancel()
	return errors.Join(s.pipeline.Shutdown(ctx), s.telemetry.stop())
}

// Request stores a request. Like all methods that take a record it copies what
// it keeps, and waits while there is no room.
func (s *Store) Request(r *record.Request) { s.pipeline.Request(r) }

// Attempt stores an upstream try.
func (s *Store) Attempt(a *record.Attempt) { s.pipeline.Attempt(a) }

// Flow stores what one observer saw of L4 traffic.
func (s *Store) Flow(f *record.Flow) { s.pipeline.Flow(f) }

// Span stores an OpenTelemetry span.
func (s *Store) Span(span *record.Span) { s.pipeline.Span(span) }

// Log stores a log record of an application.
func (s *Store) Log(l *record.Log) { s.pipeline.Log(l) }

// EdgeSample stores what a metric-only source counted on one edge.
func (s *Store) EdgeSample(e *record.EdgeSample) { s.pipeline.EdgeSample(e) }

// ProxyStat stores one value of a proxy's own statistics.
func (s *Store) ProxyStat(p *record.ProxyStat) {
	s.telemetry.drops.add(p)
	s.pipeline.ProxyStat(p)
}

// ConfigChange stores an applied or withdrawn object of configuration.
func (s *Store) ConfigChange(c *record.ConfigChange) { s.pipeline.ConfigChange(c) }

// Heartbeat stores what a receiver knows of one proxy, under this collector's
// name. It is to be called after the rows that it counts were handed over. The
// heartbeats of the collector as a whole are the pipeline's.
func (s *Store) Heartbeat(h *record.Heartbeat) {
	named := *h
	named.Collector = s.collector
	s.pipeline.Heartbeat(&named)
}

// Room tells whether a record would be taken without waiting. A receiver that
// can refuse does so while it is false.
func (s *Store) Room() bool { return s.pipeline.Room() }

// Commit waits until all rows handed over before the call are durable.
func (s *Store) Commit(ctx context.Context) error { return s.pipeline.Commit(ctx) }

// Block takes a block that another collector has sealed. When it returns nil, the
// block is durable.
func (s *Store) Block(ctx context.Context, b wal.Block) error { return s.pipeline.Block(ctx, b) }

// Flush waits until all that was handed over before the call is stored.
func (s *Store) Flush(ctx context.Context) error { return s.pipeline.Flush(ctx) }
