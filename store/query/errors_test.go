package query_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// testErrors gives up each query: its error says what was being read, and
// why not.
func testErrors(t *testing.T, _, reader driver.Conn) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	from := time.Now().Truncate(time.Minute)
	to := from.Add(time.Minute)
	for want, read := range map[string]func() error{
		"reading counters of proxies": func() error {
			_, err := query.Completeness(ctx, reader, from, to)
			return err
		},
		"reading counters of proxies: ": func() error {
			_, err := query.Identity(ctx, reader, from, to)
			return err
		},
		"reading blind times of collectors": func() error {
			_, err := query.BlindIntervals(ctx, reader, from, to)
			return err
		},
		"reading minutes of edges": func() error {
			_, err := query.EdgeMinutes(ctx, reader, from, to)
			return err
		},
		"reading the state of the store": func() error {
			_, err := query.StoreReport(ctx, reader)
			return err
		},
		"verifying 1 blocks of table logs": func() error {
			_, err := query.Verify(ctx, reader, []query.Block{{Table: "logs"}})
			return err
		},
	} {
		if err := read(); !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error = %v, want %q and that of the context", err, want)
		}
	}
}

// testThinning counts over hours, where most samples are read by the ten
// minutes: the growth is that of all samples, restarts of the proxy included.
func testThinning(t *testing.T, writer, reader driver.Conn) {
	const step, samples = 30 * time.Second, 480 // four hours
	rng := rand.New(rand.NewPCG(3, 4))
	zero := time.Now().UTC().Truncate(time.Minute).Add(-12 * time.Hour)
	var total, received, want float64
	var stats, beats []string
	for i := range samples {
		at := zero.Add(time.Duration(i) * step).UnixMicro()
		growth := float64(rng.IntN(50))
		restarted := i%100 == 55
		if restarted {
			total = 0
		}
		total += growth
		received += growth
		if i > 0 {
			want += growth
		}
		stats = append(stats, fmt.Sprintf("(fromUnixTimestamp64Micro(%d), 'thin', 'n', 'log', 'grpc_access_log', 'logs_written', %v, %v)", at, growth, total))
		beats = append(beats, fmt.Sprintf("(fromUnixTimestamp64Micro(%d), 'c', 'thin', fromUnixTimestamp64Micro(%d), %v)", at, zero.UnixMicro(), received))
	}
	insert(t, writer, "proxy_stats_in (ts, proxy, node, scope, object, name, value, total)", stats...)
	insert(t, writer, "heartbeats_in (ts, collector, proxy, started, requests)", beats...)

	got, err := query.Completeness(t.Context(), reader, zero, zero.Add(samples*step))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Proxy != "thin" {
		t.Fatalf("completeness of %+v, want that of one proxy", got)
	}
	c := got[0]
	if c.Written != want || c.Resets != 5 {
		t.Errorf("%v written with %d restarts, want %v with 5", c.Written, c.Resets, want)
	}
	// Heartbeats are as far apart as scrapes here: bounds are off by one of them.
	if c.Received.Low > want || c.Received.High < want || c.Received.High-c.Received.Low > 4*50 {
		t.Errorf("received %+v, want bounds around %v", c.Received, want)
	}
	if c.Ratio == nil || c.Ratio.Estimate < 0.99 {
		t.Errorf("ratio %+v, want about 1", c.Ratio)
	}
}
