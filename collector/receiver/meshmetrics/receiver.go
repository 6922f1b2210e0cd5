package meshmetrics

import (
	"context"
	"crypto/tls"
	"fmt"
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
	slots   chan struct{} // one per target that is being read
	files   *target.Files // nil without targets_file
	trouble string        // what was wrong with the files when they were read last
	running map[string]*running
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

// targets returns those of the configuration, then those of the files. The
// first of several with one URL counts: the same counters must not count twice.
func (r *metricsReceiver) targets() []target.Target {
	all := append([]target.Target(nil), r.cfg.Targets...)
	if r.files != nil {
		all = append(all, r.fileTargets()...)
	}
	seen := map[string]bool{}
	var targets []target.Target
	for _, t := range all {
		if seen[t.URL] {
			continue
		}
		seen[t.URL] = true
		targets = append(targets, t)
	}
	return targets
}

// fileTargets reads the files. What is wrong with them is said once.
func (r *metricsReceiver) fileTargets() []target.Target {
	found, err := r.files.Read()
	var targets []target.Target
	for _, t := range found {
		if refusal := r.cfg.admit(t); refusal != nil {
			err = fmt.Errorf("target %s: %w", t.URL, refusal)
			continue
		}
		targets = append(targets, t)
	}
	trouble := ""
	if err != nil {
		r.telemetry.discovery.Add(1)
		trouble = err.Error()
	}
	if trouble != r.trouble && trouble != "" {
		r.log.Warn("targets_file has errors; targets of before go on", zap.Error(err))
	}
	r.trouble = trouble
	return targets
}

// reconcile stops what is no longer a target, and starts what is new. A target
// that changed starts afresh: its first scrape tells totals alone.
func (r *metricsReceiver) reconcile(ctx context.Context, targets []target.Target) {
	wanted := map[string]target.Target{}
	for _, t := range targets {
		wanted[t.URL] = t
	}
	for url, old := range r.running {
		if t, ok := wanted[url]; !ok || !t.Equal(old.target) {
			old.cancel()
			<-old.done
			delete(r.running, url)
		}
	}
	for _, t := range targets {
		if r.running[t.URL] == nil && ctx.Err() == nil {
			r.launch(ctx, t)
		}
	}
}

// launch scrapes a target until its context ends.
func (r *metricsReceiver) launch(ctx context.Context, t target.Target) {
	w, err := r.newWorker(t)
	if err != nil {
		r.log.Error("target cannot be scraped", zap.String("target", t.URL), zap.Error(err))
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	run := &running{target: t, cancel: cancel, done: make(chan struct{})}
	r.running[t.URL] = run
	r.tasks.Go(func() {
		defer close(run.done)
		defer w.close()
		schedule(ctx, r.cfg.Interval, offset(t.URL, r.cfg.Interval), w.scrape)
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
