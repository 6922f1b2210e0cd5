package query

import (
	"testing"
	"time"
)

func TestColumnRatio(t *testing.T) {
	for want, c := range map[float64]ColumnReport{
		0:    {},
		4:    {Compressed: 25, Unpacked: 100},
		0.5:  {Compressed: 100, Unpacked: 50},
		1000: {Compressed: 1, Unpacked: 1000},
	} {
		if got := c.Ratio(); got != want {
			t.Errorf("%+v: ratio %v, want %v", c, got, want)
		}
	}
}

func TestTimeColumn(t *testing.T) {
	columns := func(names ...string) (r TableReport) {
		for _, n := range names {
			r.Columns = append(r.Columns, ColumnReport{Name: n})
		}
		return r
	}
	for want, table := range map[string]TableReport{
		"ts": columns("dst", "ts", "hist"), "start": columns("start", "skew_us"), "": columns("id", "name", "applied_at"),
	} {
		if got := table.timeColumn(); got != want {
			t.Errorf("%+v: time column %q, want %q", table, got, want)
		}
	}
}

// TestLifetimes reads engine clauses as servers write them.
func TestLifetimes(t *testing.T) {
	const day = 24 * time.Hour
	for engine, want := range map[string][2]time.Duration{
		"MergeTree PARTITION BY toDate(ts) ORDER BY ts TTL toDateTime(ts) + toIntervalDay(3) SETTINGS a = 1": {3 * day, day},
		"MergeTree PARTITION BY toYYYYMM(ts) ORDER BY ts TTL ts + toIntervalDay(400)":                        {400 * day, 31 * day},
		"MergeTree PARTITION BY toDate(start) ORDER BY start TTL toDateTime(start) + toIntervalHour(36)":     {36 * time.Hour, day},
		"ReplicatedMergeTree('/a/{uuid}', 'r') PARTITION BY toDate(ts) TTL ts + toIntervalSecond(90)":        {90 * time.Second, day},
		"MergeTree PARTITION BY toDate(ts) TTL ts + toIntervalDay(99999999999999)":                           {0, day},
		"MergeTree ORDER BY id": {0, 0},
	} {
		table := TableReport{Engine: engine}
		if got := [2]time.Duration{table.Lifetime(), table.Partition()}; got != want {
			t.Errorf("%s: lifetime and partition %v, want %v", engine, got, want)
		}
	}
}
