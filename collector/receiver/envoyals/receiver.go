package envoyals

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/plimsoll-mesh/plimsoll/collector/internal/listen"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
)

// Times of the life cycle.
const (
	beatEvery   = time.Second
	silentLimit = time.Second / 2 // connections that have not said anything by then are closed
	stopLimit   = 5 * time.Second // for what blocks on the store after the cut
)

// alsReceiver is the running component.
type alsReceiver struct {
	cfg       *Config
	log       *zap.Logger
	telemetry *telemetry
	caps      *rows.Caps
	proxies   *proxies
	now       func() time.Time

	sink     Sink
	listener *greeters
	server   *grpc.Server
	born     time.Time      // what streams count their messages' times from
	linger   time.Duration  // how long to read on, at least, once draining
	draining chan struct{}  // closed when streams shall end
	stopped  chan struct{}  // closed when no stream is left
	tasks    sync.WaitGroup // the server and the heartbeats
	readers  sync.WaitGroup // one per stream
}

func newReceiver(cfg *Config, set component.TelemetrySettings) (*alsReceiver, error) {
	telemetry, err := newTelemetry(set)
	if err != nil {
		return nil, fmt.Errorf("registering metrics of %s: %w", typeName, err)
	}
	return &alsReceiver{
		cfg:       cfg,
		log:       set.Logger,
		telemetry: telemetry,
		caps:      rows.NewCaps(),
		proxies:   newProxies(time.Now()),
		born:      time.Now(),
		now:       time.Now,
		draining:  make(chan struct{}),
		stopped:   make(chan struct{}),
	}, nil
}

// Start finds the store, listens and serves.
func (r *alsReceiver) Start(ctx context.Context, host component.Host) error {
	sink, err := findSink(host, r.cfg.Store)
	if err != nil {
		return err
	}
	options, err := r.cfg.credentials(ctx)
	if err != nil {
		return err
	}
	listener, err := r.cfg.listen()
	if err != nil {
		return err
	}
	r.sink, r.listener = sink, newGreeters(listener)
	if address, _ := listen.Parse(r.cfg.Endpoint); !address.Held() {
		r.linger = drainLinger
	}
	r.server = newServer(r.handle, options...)
	r.log.Info("receiving access logs", zap.Stringer("address", listener.Addr()))
	r.tasks.Go(func() {
		if err := r.server.Serve(r.listener); err != nil {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(fmt.Errorf("serving access logs: %w", err)))
		}
	})
	r.tasks.Go(r.beat)
	return nil
}

// beat reports the proxies each second, and once more when all streams ended.
func (r *alsReceiver) beat() {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.proxies.beat(r.now(), r.sink)
		case <-r.stopped:
			r.proxies.beat(r.now(), r.sink)
			return
		}
	}
}

// handle serves one stream: a reader works through its messages, while this
// goroutine waits for its end or, once the receiver drains, for it to be idle.
func (r *alsReceiver) handle(_ any, ss grpc.ServerStream) error {
	r.telemetry.streams.Add(1)
	defer r.telemetry.streams.Add(-1)
	s := &stream{r: r}
	done := make(chan error, 1)
	r.readers.Go(func() {
		defer s.leave()
		done <- s.run(ss)
	})
	select {
	case err := <-done:
		return finish(ss, err)
	case <-ss.Context().Done():
		return ss.Context().Err()
	case <-r.draining:
	}
	return r.drain(s, ss, done)
}

// finish answers a stream that its Envoy closed, and passes on any other error.
func finish(ss grpc.ServerStream, err error) error {
	if errors.Is(err, io.EOF) {
		return ss.SendMsg(emptyResponse{})
	}
	return err
}

// Shutdown stops accepting (of a passed socket by closing a copy), lets each
// stream run dry, and cuts what has not ended after drainLimit or when the
// context does.
func (r *alsReceiver) Shutdown(ctx context.Context) error {
	defer func() { _ = r.telemetry.stop() }()
	if r.server == nil {
		return nil // never started
	}
	close(r.draining)
	patience, cancel := context.WithTimeout(ctx, drainLimit)
	defer cancel()
	defer context.AfterFunc(patience, r.server.Stop)()
	silence := time.AfterFunc(silentLimit, r.listener.hangUp)
	defer silence.Stop()
	return r.wait(ctx)
}

// wait returns when every goroutine has ended. A row that the store has no room
// for can hold one up; the error then says so.
func (r *alsReceiver) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainLimit+stopLimit)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.server.GracefulStop()
		r.readers.Wait()
		close(r.stopped)
		r.tasks.Wait()
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stopping access log streams: the store takes no rows, those in hand are lost: %w", ctx.Err())
	}
}
