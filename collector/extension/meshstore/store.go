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
)

// flushLimit bounds how long a stopping collector waits for the store.
const flushLimit = 10 * time.Second

// Store is the running extension. Receivers and exporters find it in their
// component.Host and call Request, Attempt and Heartbeat, from any goroutine,
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
	pipeline, err := ingest.New(settings, slog.New(newZapHandler(set.Logger)))
	if err != nil {
		return nil, fmt.Errorf("making the ingest pipeline: %w", err)
	}
	telemetry, err := newTelemetry(set, pipeline.Stats)
	if err != nil {
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

// Request stores a request. It copies what it keeps, and waits while too much
// is pending.
func (s *Store) Request(r *record.Request) { s.pipeline.Request(r) }

// Attempt stores an upstream try, in the same way.
func (s *Store) Attempt(a *record.Attempt) { s.pipeline.Attempt(a) }

// Heartbeat stores what a receiver knows of one proxy, under this collector's
// name. The heartbeats of the collector as a whole are the pipeline's.
func (s *Store) Heartbeat(h *record.Heartbeat) {
	named := *h
	named.Collector = s.collector
	s.pipeline.Heartbeat(&named)
}
