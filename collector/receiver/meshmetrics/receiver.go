package meshmetrics

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
)

// stopLimit bounds how long a stopping receiver waits for a store without room.
const stopLimit = 5 * time.Second

// metricsReceiver is the running component.
type metricsReceiver struct {
	cfg       *Config
	log       *zap.Logger
	telemetry *telemetry
	now       func() time.Time

	sink    Sink
	tls     *tls.Config
	slots   chan struct{}       // one per target that is being read
	files   *target.Files       // nil without targets_file
	trouble string              // what was wrong with the files when they were read last
	running map[string]*running // by where the target is
	cancel  context.CancelFunc
	tasks   sync.WaitGroup // the watch over the targets, and each of them
}

// running is a target that is scraped.
type running struct {
	target target.Target
	cancel context.CancelFunc
	done   chan struct{}
}

func newReceiver(cfg *Config, set component.TelemetrySettings) (*metricsReceiver, error) {
	telemetry, err := newTelemetry(set)
	if err != nil {
		return nil, fmt.Errorf("registering metrics of %s: %w", typeName, err)
	}
	r := &metricsReceiver{
		cfg:       cfg,
		log:       set.Logger,
		telemetry: telemetry,
		now:       time.Now,
		slots:     make(chan struct{}, cfg.Concurrency),
		running:   map[string]*running{},
	}
	if cfg.TargetsFile != "" {
		r.files = target.NewFiles(cfg.TargetsFile)
	}
	return r, nil
}

// Start finds the store and begins to scrape.
func (r *metricsReceiver) Start(ctx context.Context, host component.Host) error {
	sink, err := findSink(host, r.cfg.Store)
	if err != nil {
		return err
	}
	tlsConfig, err := r.cfg.TLS.LoadTLSConfig(ctx)
	if err != nil {
		return fmt.Errorf("loading tls: %w", err)
	}
	r.sink, r.tls = sink, tlsConfig
	ctx, r.cancel = context.WithCancel(context.Background())
	r.tasks.Go(func() { r.watch(ctx) })
	return nil
}

// watch keeps what is scraped in step with the files of targets.
func (r *metricsReceiver) watch(ctx context.Context) {
	r.reconcile(ctx, r.targets())
	if r.files == nil {
		return
	}
	ticker := time.NewTicker(r.cfg.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			r.reconcile(ctx, r.targets())
		}
	}
}

// place is a target and where it is.
type place struct {
	target  target.Target
	address target.Address
}

// targets returns those of the configuration, then those of the files, by where
// they are. The first of several at one place counts: the same counters must not
// count twice.
func (r *metricsReceiver) targets() map[string]place {
	all := r.cfg.Targets
	var err error
	if r.files != nil {
		var found []target.Target
		found, err = r.files.Read()
		all = append(slices.Clone(all), found...)
	}
	places := map[string]place{}
	for _, t := range all {
		address, refusal := r.cfg.admit(t)
		if refusal != nil {
			err = errors.Join(err, fmt.Errorf("target %s: %w", t.URL, refusal))
			continue
		}
		if _, taken := places[address.String()]; !taken {
			places[address.String()] = place{t, address}
		}
	}
	r.complain(err)
	return places
}

// complain says what is wrong with the files, once.
func (r *metricsReceiver) complain(err error) {
	trouble := ""
	if err != nil {
		r.telemetry.discovery.Add(1)
		trouble = err.Error()
	}
	if trouble != "" && trouble != r.trouble {
		r.log.Warn("targets_file has errors; what it had before goes on", zap.Error(err))
	}
	r.trouble = trouble
}

// reconcile stops what is no longer a target, and starts what is new. A target
// that changed starts afresh: its first scrape tells totals alone.
func (r *metricsReceiver) reconcile(ctx context.Context, wanted map[string]place) {
	for where, old := range r.running {
		if p, ok := wanted[where]; !ok || !p.target.Equal(old.target) {
			old.cancel()
			<-old.done
			delete(r.running, where)
		}
	}
	for where, p := range wanted {
		if r.running[where] == nil && ctx.Err() == nil {
			r.launch(ctx, where, p)
		}
	}
}

// launch scrapes a target until its context ends.
func (r *metricsReceiver) launch(ctx context.Context, where string, p place) {
	w, err := r.newWorker(p)
	if err != nil {
		r.log.Error("target cannot be scraped", zap.String("target", p.target.URL), zap.Error(err))
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	run := &running{target: p.target, cancel: cancel, done: make(chan struct{})}
	r.running[where] = run
	r.tasks.Go(func() {
		defer close(run.done)
		defer w.close()
		schedule(ctx, r.cfg.Interval, offset(where, r.cfg.Interval), w.scrape)
	})
}

// Shutdown stops scraping. A row that the store has no room for can hold it up;
// the error then says so.
func (r *metricsReceiver) Shutdown(ctx context.Context) error {
	defer func() { _ = r.telemetry.stop() }()
	if r.cancel == nil {
		return nil // never started
	}
	r.cancel()
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.tasks.Wait()
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stopping scrapes: the store takes no rows, those in hand are lost: %w", ctx.Err())
	}
}
