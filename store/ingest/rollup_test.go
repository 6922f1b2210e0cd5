package ingest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// rollups is what the tables must hold, worked out from the records alone.
type rollups struct {
	counts  map[string][8]uint64
	latency map[string]map[int16]uint64
}

func (w rollups) add(r *record.Request, step time.Duration) {
	ts := r.End.Truncate(step).Unix()
	key := fmt.Sprint(r.Dst.Service, "|", r.Dst.ID, "|", r.Src.Service, "|", r.Src.ID, "|", r.Route, "|", r.Method, "|", r.Protocol, "|",
		r.Vantage, "|", r.Outcome, "|", r.Dst.Version, "|", r.Src.Version, "|", ts)
	c := w.counts[key]
	for i, n := range [8]uint64{
		1, uint64(r.Attempts), b2n(r.Attempts > 1), r.RequestBytes, r.ResponseBytes, uint64(r.Duration),
		b2n(r.MTLS != record.MTLSUnknown), b2n(r.MTLS == record.MTLSMutual),
	} {
		c[i] += n
	}
	w.counts[key] = c
	w.bin(r, "total", record.BinOf(r.Duration), ts)
	if r.FirstByte != 0 {
		w.bin(r, "ttfb", record.BinOf(r.FirstByte), ts)
	}
}

func (w rollups) bin(r *record.Request, kind string, bin record.Bin, ts int64) {
	result := "ok"
	if r.Outcome.Failed() {
		result = "failed"
	}
	key := fmt.Sprint(r.Dst.Service, "|", r.Dst.ID, "|", r.Src.Service, "|", r.Src.ID, "|", r.Route, "|", r.Vantage, "|", kind, "|", result, "|",
		r.Dst.Version, "|", r.Src.Version, "|", ts)
	if w.latency[key] == nil {
		w.latency[key] = map[int16]uint64{}
	}
	w.latency[key][int16(bin)]++
}

func b2n(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// testRollups is a property test: whatever the rows, the rollups are their
// sums, to the last integer, before and after a merge.
func testRollups(t *testing.T, e env) {
	p, done := e.pipeline(t, e.dsn.String(), Config{BlockRows: 400})
	steps := map[string]time.Duration{"10s": 10 * time.Second, "1m": time.Minute, "1h": time.Hour}
	want := map[string]rollups{}
	for name := range steps {
		want[name] = rollups{map[string][8]uint64{}, map[string]map[int16]uint64{}}
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	g := newGenerator(seed, time.Now())
	for range 5000 {
		r := g.request()
		for name, step := range steps {
			want[name].add(r, step)
		}
		p.Request(r)
	}
	done()
	for name := range steps {
		e.compareRollups(t, name, want[name])
		for _, table := range []string{"edge_counts_", "edge_latency_"} {
			if err := e.conn.Exec(t.Context(), "OPTIMIZE TABLE "+table+name+" FINAL"); err != nil {
				t.Fatal(err)
			}
		}
		e.compareRollups(t, name, want[name])
	}
}

func (e env) compareRollups(t *testing.T, step string, want rollups) {
	t.Helper()
	if diff := cmp.Diff(want.counts, e.counts(t, step)); diff != "" {
		t.Errorf("edge_counts_%s: %.2000s", step, diff)
	}
	if diff := cmp.Diff(want.latency, e.latency(t, step)); diff != "" {
		t.Errorf("edge_latency_%s: %.2000s", step, diff)
	}
}

func (e env) counts(t *testing.T, step string) map[string][8]uint64 {
	t.Helper()
	rows, err := e.conn.Query(t.Context(), `
		SELECT concatWithSeparator('|', dst_service, dst, src_service, src, route, method, protocol, vantage, outcome, dst_version, src_version,
			toUnixTimestamp(ts)) AS key,
			sum(requests), sum(attempts), sum(retried), sum(request_bytes), sum(response_bytes), sum(duration_sum_us), sum(mtls_known), sum(mtls_mutual)
		FROM edge_counts_`+step+` GROUP BY key`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string][8]uint64{}
	for rows.Next() {
		var key string
		var n [8]uint64
		if err := rows.Scan(&key, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7]); err != nil {
			t.Fatal(err)
		}
		out[key] = n
	}
	return out
}

func (e env) latency(t *testing.T, step string) map[string]map[int16]uint64 {
	t.Helper()
	rows, err := e.conn.Query(t.Context(), `
		SELECT concatWithSeparator('|', dst_service, dst, src_service, src, route, vantage, kind, result, dst_version, src_version,
			toUnixTimestamp(ts)) AS key, sumMap(hist)
		FROM edge_latency_`+step+` GROUP BY key`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]map[int16]uint64{}
	for rows.Next() {
		var key string
		var hist map[int16]uint64
		if err := rows.Scan(&key, &hist); err != nil {
			t.Fatal(err)
		}
		out[key] = hist
	}
	return out
}
