package meshstore

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
)

// base is what the exporters of the three signals share.
type base struct {
	cfg       *Config
	signal    string // "traces", "logs" or "metrics"
	telemetry *telemetry
	now       func() time.Time
	store     Store
}

func newBase(cfg *Config, set exporter.Settings, signal string) (*base, error) {
	telemetry, err := newTelemetry(set.TelemetrySettings, signal)
	if err != nil {
		return nil, fmt.Errorf("registering metrics of %s: %w", set.ID, err)
	}
	return &base{cfg: cfg, signal: signal, telemetry: telemetry, now: time.Now}, nil
}

// Start finds the store.
func (b *base) Start(_ context.Context, host component.Host) (err error) {
	b.store, err = findStore(host, b.cfg.Store)
	return err
}

// Shutdown has nothing to drain: what a Consume call took is durable when it
// returns.
func (b *base) Shutdown(context.Context) error { return b.telemetry.stop() }

// Capabilities says that data is read only: records borrow from it.
func (b *base) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: false} }

// commitLimit is how long a sender is let wait for its rows to be durable. They
// stay handed over: one that is told to send them again may store them twice.
const commitLimit = 30 * time.Second

// commit answers when what was handed over is durable.
func (b *base) commit(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, commitLimit)
	defer cancel()
	return answer(ctx, b.signal, b.store.Commit(limited))
}

// consume runs convert, which hands the records of one request to the store, and
// answers when they are durable. It turns a request away before anything of it
// is taken; one that was begun is finished, and waits for room if need be.
func (b *base) consume(ctx context.Context, convert func(*tally)) error {
	if !b.store.Room() {
		b.telemetry.turnedAway.Add(1)
		return unavailable(fmt.Errorf("storing %s: %w", b.signal, errNoRoom))
	}
	var t tally
	convert(&t)
	b.telemetry.add(&t)
	switch {
	case t.stored() != 0, t.unkept[noNews] != 0: // what was taken before may not be durable yet
		return b.commit(ctx)
	case t.refused() != 0:
		return unstorable(b.signal, &t)
	}
	return nil
}
