package query_test

import (
	"context"
	_ "embed"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/engine"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// minutesOfTraffic is a SELECT of rows for edge_latency_1m; see its head.
//
//go:embed testdata/minutes.sql
var minutesOfTraffic string

// testEdgeMinutes compares what the store answers with quantiles of the rows
// themselves.
func testEdgeMinutes(t *testing.T, writer, reader driver.Conn) {
	start := time.Now().UTC().Truncate(time.Hour).Add(-time.Hour)
	rng := rand.New(rand.NewPCG(1, 2))
	type key struct {
		src, dst string
		minute   int
	}
	durations := map[key][]uint32{}
	failed := map[key]uint64{}
	var rows []string
	for range 3000 {
		k := key{fmt.Sprintf("s%d", rng.IntN(2)), fmt.Sprintf("d%d", rng.IntN(2)), rng.IntN(3)}
		us := rng.Uint32() >> (8 + rng.UintN(20))
		outcome := record.Outcome(rng.IntN(4))
		durations[k] = append(durations[k], us)
		if outcome.Failed() {
			failed[k]++
		}
		at := start.Add(time.Duration(k.minute)*time.Minute + time.Duration(rng.Int64N(int64(time.Minute))))
		rows = append(rows, fmt.Sprintf("('%d.%06d', 'client', '%s', '%s', 'r%d', '%s', %d, %d, -1)", at.Unix(), at.Nanosecond()/1000,
			k.src, k.dst, rng.IntN(3), outcome, us, record.BinOf(us)))
	}
	insert(t, writer, "requests_in (ts, vantage, src, dst, route, outcome, duration_us, duration_bin, first_byte_bin)", rows...)
	insert(t, writer, "requests_in (ts, vantage, src, dst, first_byte_bin)", fmt.Sprintf("('%d', 'server', 's0', 'd0', -1)", start.Unix()))

	var want []query.EdgeMinute
	for k, us := range durations {
		slices.Sort(us)
		at := func(permille int) record.Bin { return record.BinOf(us[(len(us)*permille+999)/1000-1]) }
		want = append(want, query.EdgeMinute{
			Src: k.src, Dst: k.dst, Vantage: "client", At: start.Add(time.Duration(k.minute) * time.Minute),
			Requests: uint64(len(us)), Failed: failed[k], P50: at(500), P90: at(900), P99: at(990),
		})
	}
	want = append(want, query.EdgeMinute{Src: "s0", Dst: "d0", Vantage: "server", At: start, Requests: 1, Failed: 1})
	slices.SortFunc(want, func(a, b query.EdgeMinute) int {
		return strings.Compare(a.Src+a.Dst+a.Vantage+a.At.String(), b.Src+b.Dst+b.Vantage+b.At.String())
	})
	got, err := query.EdgeMinutes(t.Context(), reader, start, start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err := query.EdgeMinutes(t.Context(), reader, start.Add(3*time.Minute), start.Add(time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("%d minutes after the last, error %v", len(got), err)
	}
	_, err = query.EdgeMinutes(t.Context(), reader, start, start.Add(time.Second))
	if err == nil || !strings.Contains(err.Error(), "is not a whole minute") {
		t.Errorf("error = %v, want one about the minute", err)
	}
}

// insert inserts rows given as VALUES.
func insert(t testing.TB, conn driver.Conn, into string, rows ...string) {
	t.Helper()
	if err := conn.Exec(t.Context(), "INSERT INTO "+into+" VALUES "+strings.Join(rows, ", ")); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkEdgeMinutes answers from the rollups of 10 million requests, 200 edges by 60 minutes, with
// the codec that histograms have and with the one they had.
//
//	go test ./store/query -run '^$' -bench EdgeMinutes
func BenchmarkEdgeMinutes(b *testing.B) {
	dsn := engine.DSN(enginetest.StartIn(b, enginetest.Dir(b)).Socket, engine.Database)
	if err := schema.Ensure(b.Context(), dsn, schema.Options{}); err != nil {
		b.Fatal(err)
	}
	d, err := query.ParseDSN(dsn)
	if err != nil {
		b.Fatal(err)
	}
	writer, err := query.OpenWriter(d)
	if err != nil {
		b.Fatal(err)
	}
	defer writer.Close()
	reader, err := query.Open(dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer reader.Close()
	start := time.Now().UTC().Truncate(24 * time.Hour)
	fill := strings.NewReplacer("{requests}", "10000000", "{from}", strconv.FormatInt(start.Unix(), 10)).Replace(minutesOfTraffic)
	execAll(b, writer, "INSERT INTO edge_latency_1m "+fill, "OPTIMIZE TABLE edge_latency_1m FINAL")
	for _, codec := range []string{"LZ4HC(9)", "ZSTD(1)"} {
		b.Run(codec, func(b *testing.B) {
			execAll(b, writer, "ALTER TABLE edge_latency_1m MODIFY COLUMN hist CODEC("+codec+")",
				"OPTIMIZE TABLE edge_latency_1m FINAL SETTINGS optimize_skip_merged_partitions = 0")
			var bytes uint64
			err := writer.QueryRow(b.Context(), `SELECT sum(bytes_on_disk) FROM system.parts
				WHERE database = currentDatabase() AND table = 'edge_latency_1m' AND active`).Scan(&bytes)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				got, err := query.EdgeMinutes(b.Context(), reader, start, start.Add(time.Hour))
				if err != nil || len(got) != 12_000 {
					b.Fatalf("%d minutes, error %v", len(got), err)
				}
			}
			b.ReportMetric(float64(bytes)/12_000, "B/edge-minute")
		})
	}
}

func execAll(t testing.TB, conn driver.Conn, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if err := conn.Exec(context.WithoutCancel(t.Context()), s); err != nil {
			t.Fatal(err)
		}
	}
}
