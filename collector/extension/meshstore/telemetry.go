package meshstore

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/plimsoll-mesh/plimsoll/store/ingest"
)

// scope is the name of the extension's meter.
const scope = "github.com/plimsoll-mesh/plimsoll/collector/extension/meshstore"

// telemetry are the store's own metrics (metadata.yaml describes them). Most are
// read from the pipeline's counts on collection; only what is a distribution is
// recorded when it happens.
type telemetry struct {
	registration metric.Registration
	log          logInstruments
	tables       tableInstruments
	events       eventInstruments
	drops        drops
}

// logInstruments are about the log between receivers and store.
type logInstruments struct {
	pending, waiting, size, segments     metric.Int64ObservableUpDownCounter
	age                                  metric.Float64ObservableGauge
	appended, syncs, failures, recovered metric.Int64ObservableCounter
	torn, damaged, clamped, dropped      metric.Int64ObservableCounter
	syncTime                             metric.Float64ObservableCounter
}

// tableInstruments carry the attribute table.
type tableInstruments struct {
	rows, relayed, stored, retries, quarantined, lost, blocks, bytes metric.Int64ObservableCounter
}

// eventInstruments are recorded as things happen.
type eventInstruments struct {
	blockSize metric.Int64Histogram
	insert    metric.Float64Histogram
}

// newTelemetry makes the metrics with the collector's meter provider. Nothing is
// observed before observe.
func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	t := &telemetry{}
	m := instruments{meter: set.MeterProvider.Meter(scope)}
	t.log.make(&m)
	t.tables.make(&m)
	t.events.make(&m)
	return t, m.err
}

// observe reports what stats returns on each collection.
func (t *telemetry) observe(set component.TelemetrySettings, stats func() ingest.Stats) (err error) {
	all := append(t.log.list(), t.tables.list()...)
	t.registration, err = set.MeterProvider.Meter(scope).RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := stats()
		t.log.observe(o, s, time.Now())
		o.ObserveInt64(t.log.dropped, t.drops.total())
		for table, of := range s.Tables {
			t.tables.observe(o, of, metric.WithAttributeSet(attribute.NewSet(attribute.String("table", table))))
		}
		return nil
	}, all...)
	return err
}

// stop takes the metrics back.
func (t *telemetry) stop() error {
	if t.registration == nil {
		return nil
	}
	return t.registration.Unregister()
}

func (i *logInstruments) make(m *instruments) {
	i.pending = m.level("plimsoll_store_pending", "By", "Sealed blocks that are not stored yet.")
	i.waiting = m.level("plimsoll_store_waiting", "{stream}", "Streams that wait for room in the pipeline.")
	i.age = m.gauge("plimsoll_store_age", "s", "Time since the oldest block that is not stored was sealed; 0 without a write-ahead log.")
	i.clamped = m.counter("plimsoll_store_clamped", "{row}", "Rows whose time was too far from now and was moved.")
	i.dropped = m.counter("plimsoll_store_proxy_drops", "{entry}", "Access log entries that proxies say they dropped.")
	i.size = m.level("plimsoll_wal_size", "By", "Files of the write-ahead log.")
	i.segments = m.level("plimsoll_wal_segments", "{file}", "Segments of the write-ahead log.")
	i.appended = m.counter("plimsoll_wal_appended", "{block}", "Blocks written to the write-ahead log.")
	i.syncs = m.counter("plimsoll_wal_syncs", "{sync}", "Syncs of the write-ahead log to the disk.")
	i.syncTime = m.seconds("plimsoll_wal_sync_time", "s", "Time that syncs of the write-ahead log took, in sum.")
	i.failures = m.counter("plimsoll_wal_failures", "{failure}", "Writes and syncs of the write-ahead log that failed.")
	i.recovered = m.counter("plimsoll_wal_recovered", "{block}", "Blocks that the process before this one had left to be stored.")
	i.torn = m.counter("plimsoll_wal_torn", "{tail}", "Ends of segments that were cut off at start, never acknowledged.")
	i.damaged = m.counter("plimsoll_wal_damaged", "{part}", "Damaged parts of segments that were put aside at start.")
}

func (i *logInstruments) list() []metric.Observable {
	return []metric.Observable{
		i.pending, i.waiting, i.age, i.clamped, i.dropped, i.size, i.segments, i.appended, i.syncs, i.syncTime, i.failures,
		i.recovered, i.torn, i.damaged,
	}
}

func (i *logInstruments) observe(o metric.Observer, s ingest.Stats, now time.Time) {
	o.ObserveInt64(i.pending, s.PendingBytes)
	o.ObserveInt64(i.waiting, s.Waiting)
	o.ObserveFloat64(i.age, age(s, now).Seconds())
	o.ObserveInt64(i.clamped, int64(s.Clamped))
	o.ObserveInt64(i.size, s.WAL.DiskBytes)
	o.ObserveInt64(i.segments, int64(s.WAL.Segments))
	o.ObserveInt64(i.appended, int64(s.WAL.Appended))
	o.ObserveInt64(i.syncs, int64(s.WAL.Syncs))
	o.ObserveFloat64(i.syncTime, s.WAL.SyncTime.Seconds())
	o.ObserveInt64(i.failures, int64(s.WAL.Failures))
	o.ObserveInt64(i.recovered, int64(s.WAL.Recovery.Blocks))
	o.ObserveInt64(i.torn, int64(s.WAL.Recovery.Torn))
	o.ObserveInt64(i.damaged, int64(s.WAL.Recovery.Damaged))
}

// age is never negative: clocks are set.
func age(s ingest.Stats, now time.Time) time.Duration {
	if s.WAL.Oldest.IsZero() {
		return 0
	}
	return max(0, now.Sub(s.WAL.Oldest))
}

func (i *tableInstruments) make(m *instruments) {
	i.rows = m.counter("plimsoll_store_rows", "{row}", "Rows handed to the pipeline, by table.")
	i.relayed = m.counter("plimsoll_store_relayed", "{row}", "Rows in blocks that other collectors sealed, by table.")
	i.stored = m.counter("plimsoll_store_stored", "{row}", "Rows that are stored, by table.")
	i.retries = m.counter("plimsoll_store_retries", "{insert}", "Inserts that failed and were repeated, by table.")
	i.quarantined = m.counter("plimsoll_store_quarantined", "{row}", "Rows of blocks that the store refuses, by table.")
	i.lost = m.counter("plimsoll_store_lost", "{row}", "Rows that could not be stored before the collector stopped, by table.")
	i.blocks = m.counter("plimsoll_store_blocks", "{block}", "Blocks sealed, by table.")
	i.bytes = m.counter("plimsoll_store_bytes", "By", "Blocks sealed, compressed, by table.")
}

func (i *tableInstruments) list() []metric.Observable {
	return []metric.Observable{i.rows, i.relayed, i.stored, i.retries, i.quarantined, i.lost, i.blocks, i.bytes}
}

func (i *tableInstruments) observe(o metric.Observer, s ingest.TableStats, label metric.ObserveOption) {
	o.ObserveInt64(i.rows, int64(s.Rows), label)
	o.ObserveInt64(i.relayed, int64(s.RelayedRows), label)
	o.ObserveInt64(i.stored, int64(s.StoredRows), label)
	o.ObserveInt64(i.retries, int64(s.Retries), label)
	o.ObserveInt64(i.quarantined, int64(s.QuarantinedRows), label)
	o.ObserveInt64(i.lost, int64(s.LostRows), label)
	o.ObserveInt64(i.blocks, int64(s.Blocks), label)
	o.ObserveInt64(i.bytes, int64(s.Bytes), label)
}

func (i *eventInstruments) make(m *instruments) {
	i.blockSize = m.sizes("plimsoll_store_block_size", "By", "Size of sealed blocks, compressed, by table.")
	i.insert = m.times("plimsoll_store_insert_duration", "s", "Time of inserts that the store took, by table.")
}

// observer returns what the pipeline calls as things happen.
func (i *eventInstruments) observer() ingest.Observer {
	return ingest.Observer{
		Sealed: func(table string, bytes int) {
			i.blockSize.Record(context.Background(), int64(bytes), metric.WithAttributes(attribute.String("table", table)))
		},
		Stored: func(table string, took time.Duration) {
			i.insert.Record(context.Background(), took.Seconds(), metric.WithAttributes(attribute.String("table", table)))
		},
	}
}
