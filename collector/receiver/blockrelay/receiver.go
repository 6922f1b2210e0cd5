package blockrelay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay"
)

// stopLimit bounds how long a stopping receiver waits for requests in hand.
// Whoever is cut off sends again.
const stopLimit = 3 * time.Second

// relayReceiver is the running component.
type relayReceiver struct {
	cfg       *Config
	log       *zap.Logger
	telemetry *telemetry
	budget    *budget

	listener net.Listener
	server   *http.Server
	handler  *handler
	work     sync.WaitGroup
}

func newReceiver(cfg *Config, set component.TelemetrySettings) (*relayReceiver, error) {
	r := &relayReceiver{cfg: cfg, log: set.Logger, budget: &budget{max: int64(cfg.MaxInFlightMiB) << 20}}
	var err error
	if r.telemetry, err = newTelemetry(set, r.budget.held); err != nil {
		return nil, fmt.Errorf("registering metrics of %s: %w", typeName, err)
	}
	return r, nil
}

// Start finds the store, listens and serves.
func (r *relayReceiver) Start(_ context.Context, host component.Host) error {
	sink, err := findSink(host, r.cfg.Store)
	if err != nil {
		return err
	}
	r.handler = &handler{
		sink: sink, log: r.log, telemetry: r.telemetry, budget: r.budget,
		tokens: newTokens(rememberedTokens), gate: &gate{flush: sink.Flush},
	}
	if r.cfg.TokenFile != "" {
		secret, err := relay.ReadSecret(r.cfg.TokenFile)
		if err != nil {
			return err
		}
		r.handler.secret = &secret
	}
	if r.listener, err = open(r.cfg); err != nil {
		return err
	}
	r.server = newServer(r.handler.routes())
	r.log.Info("receiving blocks of other collectors", zap.Stringer("address", r.listener.Addr()))
	r.work.Go(func() {
		if err := r.server.Serve(r.listener); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(fmt.Errorf("serving blocks: %w", err)))
		}
	})
	return nil
}

// Shutdown stops accepting and lets requests in hand end, for at most stopLimit.
func (r *relayReceiver) Shutdown(ctx context.Context) error {
	defer func() { _ = r.telemetry.stop() }()
	if r.server == nil {
		return nil // never started
	}
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	if r.server.Shutdown(ctx) != nil {
		_ = r.server.Close() // which ends the contexts of the requests in hand
		r.log.Warn("requests were cut off, their senders keep the blocks")
	}
	r.work.Wait()
	r.handler.wait()
	return nil
}
