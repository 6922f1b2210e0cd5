package meshmetrics

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/internal/delta"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/mapping"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/page"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// refreshEvery is how often a gauge that does not change has a row.
const refreshEvery = time.Minute

// seriesIdle is how long a series is remembered while scrapes fail.
const seriesIdle = time.Hour

// scraper scrapes one target. It is used by one goroutine at a time.
type scraper struct {
	target    target.Target
	mapping   mapping.Mapping
	client    *client
	limits    page.Limits
	sink      Sink
	telemetry *telemetry
	now       func() time.Time

	id       identity
	known    bool // id was asked for over the connection that there is
	admin    bool // the target tells its uptime
	life     life
	tracker  *delta.Tracker[mapping.Place]
	counted  delta.Stats // of the tracker, as the telemetry has it
	gauges   map[mapping.Place]gaugeState
	round    uint64
	up       gaugeState
	readings []reading // of one page
	hint     startHint
}

// reading is a series of a page that has a place.
type reading struct {
	place mapping.Place
	value float64
}

// labelled shows the target's labels where a series lacks them.
type labelled struct {
	series *page.Series
	target map[string]string
}

// Get returns a label of the series, else of the target.
func (l *labelled) Get(name string) string {
	if v := l.series.Get(name); v != "" {
		return v
	}
	return l.target[name]
}

// newScraper returns a scraper that has seen nothing yet.
func newScraper(t target.Target, c *client, cfg *Config, sink Sink, tel *telemetry, now func() time.Time) (*scraper, error) {
	m, ok := mapping.For(t.SourceName())
	if !ok {
		return nil, fmt.Errorf("scraping %s: no mapping for source %q", t.URL, t.Source)
	}
	return &scraper{
		target:    t,
		mapping:   m,
		client:    c,
		limits:    page.Limits{Bytes: int64(cfg.MaxBodyMiB) << 20, Samples: cfg.MaxSamples},
		sink:      sink,
		telemetry: tel,
		now:       now,
		tracker:   delta.New[mapping.Place](delta.Options{Limit: cfg.MaxSeries, Idle: seriesIdle}, now()),
		gauges:    map[mapping.Place]gaugeState{},
	}, nil
}

// scrape reads the target's page and hands over what it grew by. After an
// error nothing of the page counts.
func (s *scraper) scrape(ctx context.Context) error {
	at, err := s.read(ctx)
	if err == nil {
		s.apply(at)
		s.telemetry.pages.Add(1)
	}
	if !errors.Is(ctx.Err(), context.Canceled) { // by the end of the receiver
		s.reportUp(s.now(), err == nil)
	}
	return err
}

// read fills readings, and makes sure of the identity of who answered.
func (s *scraper) read(ctx context.Context) (at time.Time, err error) {
	resp, fresh, err := s.client.get(ctx, "", page.Accept)
	if err != nil {
		return at, err
	}
	at = s.now()
	err = s.readPage(resp)
	_ = resp.Body.Close() // leaves the connection to the question of who it was
	if err != nil {
		return at, fmt.Errorf("reading the page: %w", err)
	}
	return at, s.identify(ctx, fresh)
}

// readPage keeps the series of a page that have a place.
func (s *scraper) readPage(resp *http.Response) error {
	s.readings, s.hint = s.readings[:0], startHint{}
	var repeats, unmapped uint64
	labels := &labelled{target: s.target.Labels}
	samples, err := page.Read(resp.Body, resp.Header.Get("Content-Type"), s.limits, func(series *page.Series) {
		s.hint.see(series.Name, series.Value)
		labels.series = series
		place, verdict := s.mapping.Map(series.Name, labels)
		switch verdict {
		case mapping.Mapped:
			s.readings = append(s.readings, reading{place, series.Value})
		case mapping.Repeat:
			repeats++
		default:
			unmapped++
		}
	})
	s.telemetry.samples.Add(uint64(samples))
	s.telemetry.repeats.Add(repeats)
	s.telemetry.unmapped.Add(unmapped)
	return err
}

// identify asks who answered, if it may be another process than before: the
// page came over a new connection.
func (s *scraper) identify(ctx context.Context, fresh bool) error {
	if s.known && !fresh {
		return nil
	}
	s.known = false
	if s.mapping.Source != "envoy" {
		s.id = (&serverInfo{}).names(s.target, s.client.address)
		s.known = true
		return nil
	}
	info, uptime, admin, err := askIdentity(ctx, s.client)
	if err != nil {
		return err
	}
	s.id, s.admin, s.known = info.names(s.target, s.client.address), admin, true
	if admin {
		s.id.started = s.life.next(s.now(), uptime, uptimeGrain)
	}
	return nil
}

// apply makes rows of the readings.
func (s *scraper) apply(at time.Time) {
	if !s.admin {
		s.id.started = s.hint.started(&s.life, at)
	}
	s.round++
	edges := drafts{}
	for _, r := range s.readings {
		switch {
		case r.place.Field != mapping.NoField:
			s.edge(at, r, edges)
		case r.place.Stat.Kind == record.StatGauge:
			s.gauge(at, r)
		default:
			s.counter(at, r)
		}
	}
	edges.finish(func(e *record.EdgeSample) {
		e.At, e.Source, e.Proxy = at, s.mapping.Source, s.id.proxy
		s.sink.EdgeSample(e)
		s.telemetry.edges.Add(1)
	})
	s.tracker.Complete(at)
	s.dropGauges()
	s.account()
}

// observe asks the tracker what a reading grew by, and counts what it refuses.
func (s *scraper) observe(at time.Time, r reading) delta.Change {
	change := s.tracker.Observe(at, r.place, delta.Point{Value: r.value, At: at, Start: s.id.started})
	switch change.Kind {
	case delta.Invalid:
		s.telemetry.refused[refusedValue].Add(1)
	case delta.Late:
		s.telemetry.refused[refusedDuplicate].Add(1)
	case delta.Full:
		s.telemetry.refused[refusedRoom].Add(1)
	}
	return change
}

// account brings the telemetry up to date with the tracker.
func (s *scraper) account() {
	stats := s.tracker.Stats()
	s.telemetry.resets.Add(stats.Resets - s.counted.Resets)
	s.telemetry.forgotten.Add(stats.Forgotten - s.counted.Forgotten)
	s.telemetry.series.Add(int64(stats.Series - s.counted.Series))
	s.counted = stats
}

// close ends the scraper: its connection, and its part of the telemetry.
func (s *scraper) close() {
	s.client.close()
	s.telemetry.series.Add(-int64(s.counted.Series))
}
