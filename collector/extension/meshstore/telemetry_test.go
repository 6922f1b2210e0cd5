package meshstore

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/ingest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// TestObserve reports each number of Stats under its own name.
func TestObserve(t *testing.T) {
	tel := componenttest.NewTelemetry()
	set := tel.NewTelemetrySettings()
	metrics, err := newTelemetry(set)
	if err != nil {
		t.Fatal(err)
	}
	stats := ingest.Stats{
		Tables: map[string]ingest.TableStats{"spans": {
			Rows: 1, Blocks: 2, Bytes: 3, StoredRows: 4, Retries: 5, QuarantinedRows: 6, LostRows: 7, RelayedRows: 8,
		}},
		PendingBytes: 9, Waiting: 10, Clamped: 11,
		WAL: wal.Stats{
			DiskBytes: 12, Segments: 13, Appended: 14, Syncs: 15, Failures: 16,
			Recovery: wal.Recovery{Blocks: 17, Torn: 18, Damaged: 19},
		},
	}
	metrics.drops.add(&record.ProxyStat{Scope: record.ScopeLog, Name: "logs_dropped", Value: 20})
	if err := metrics.observe(set, func() ingest.Stats { return stats }); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int64{
		"plimsoll_store_rows": 1, "plimsoll_store_blocks": 2, "plimsoll_store_bytes": 3, "plimsoll_store_stored": 4,
		"plimsoll_store_retries": 5, "plimsoll_store_quarantined": 6, "plimsoll_store_lost": 7, "plimsoll_store_relayed": 8,
	} {
		if got := sum(t, tel, name, "spans"); got != want {
			t.Errorf("%s: got %d, want %d", name, got, want)
		}
	}
	for name, want := range map[string]int64{
		"plimsoll_store_pending": 9, "plimsoll_store_waiting": 10, "plimsoll_store_clamped": 11, "plimsoll_wal_size": 12,
		"plimsoll_wal_segments": 13, "plimsoll_wal_appended": 14, "plimsoll_wal_syncs": 15, "plimsoll_wal_failures": 16,
		"plimsoll_wal_recovered": 17, "plimsoll_wal_torn": 18, "plimsoll_wal_damaged": 19, "plimsoll_store_proxy_drops": 20,
	} {
		if got := sum(t, tel, name, ""); got != want {
			t.Errorf("%s: got %d, want %d", name, got, want)
		}
	}
	if err := metrics.stop(); err != nil {
		t.Error(err)
	}
	if _, err := tel.GetMetric("plimsoll_store_pending"); err == nil {
		t.Error("metrics are still observed after stop")
	}
	if err := (&telemetry{}).stop(); err != nil {
		t.Errorf("stop before observe: %v", err)
	}
}

// TestEvents records what the pipeline tells of.
func TestEvents(t *testing.T) {
	tel := componenttest.NewTelemetry()
	metrics, err := newTelemetry(tel.NewTelemetrySettings())
	if err != nil {
		t.Fatal(err)
	}
	observer := metrics.events.observer()
	observer.Sealed("spans", 5000)
	observer.Sealed("logs", 100)
	observer.Stored("spans", 30*time.Millisecond)
	m, err := tel.GetMetric("plimsoll_store_block_size")
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]int64{}
	for _, p := range m.Data.(metricdata.Histogram[int64]).DataPoints {
		table, _ := p.Attributes.Value(attribute.Key("table"))
		sizes[table.AsString()] = p.Sum
	}
	if len(sizes) != 2 || sizes["spans"] != 5000 || sizes["logs"] != 100 {
		t.Errorf("sizes of blocks: %v", sizes)
	}
	if m, err = tel.GetMetric("plimsoll_store_insert_duration"); err != nil {
		t.Fatal(err)
	}
	points := m.Data.(metricdata.Histogram[float64]).DataPoints
	if len(points) != 1 || points[0].Count != 1 || points[0].Sum != 0.03 {
		t.Errorf("times of inserts: %+v", points)
	}
}

func TestAge(t *testing.T) {
	now := time.Now()
	for name, test := range map[string]struct {
		oldest time.Time
		want   time.Duration
	}{
		"nothing waits":    {time.Time{}, 0},
		"a minute":         {now.Add(-time.Minute), time.Minute},
		"clock was set":    {now.Add(time.Minute), 0},
		"just sealed then": {now, 0},
	} {
		if got := age(ingest.Stats{WAL: wal.Stats{Oldest: test.oldest}}, now); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestDrops(t *testing.T) {
	d := &drops{}
	for _, p := range []record.ProxyStat{
		{Scope: record.ScopeLog, Name: "logs_dropped", Value: 3},
		{Scope: record.ScopeLog, Name: "logs_dropped", Value: 4},
		{Scope: record.ScopeLog, Name: "logs_dropped", Value: -1},
		{Scope: record.ScopeLog, Name: "logs_dropped", Value: 100, Kind: record.StatGauge},
		{Scope: record.ScopeLog, Name: "logs_written", Value: 100},
		{Scope: record.ScopeCluster, Name: "logs_dropped", Value: 100},
	} {
		d.add(&p)
	}
	if got := d.total(); got != 7 {
		t.Errorf("%d drops, want 7", got)
	}
}
