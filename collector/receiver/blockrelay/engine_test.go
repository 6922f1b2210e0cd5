package blockrelay

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// deadline of what takes seconds on a machine that has nothing else to do.
const deadline = 5 * time.Minute

// TestThroughTwoCollectors sends rows from a node's pipeline through a central
// collector into a real ClickHouse, while the central collector is killed again
// and again and every fifth answer is lost on the way. Each row is stored once.
func TestThroughTwoCollectors(t *testing.T) {
	const rounds, rowsARound = 6, 2000
	dsn, dir := enginetest.Start(t), enginetest.Dir(t)
	c := newCentre(dsn, dir)
	c.start(t)
	between := startCutter(t, filepath.Join(dir, "cut.sock"), c.Socket, 5)
	node := startNode(t, "plimsoll+unix://"+filepath.Join(dir, "cut.sock"), filepath.Join(dir, "node"))
	for round := range rounds {
		for i := range rowsARound {
			add(node, round*rowsARound+i)
		}
		time.Sleep(rand.N(100 * time.Millisecond)) // kills are not to be in step with anything
		c.end(t, syscall.SIGKILL)
		c.start(t)
	}
	fed := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	if err := node.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	const rows = rounds * rowsARound
	// A heartbeat that speaks for all rows must not be seen before them.
	await(ctx, t, dsn, fmt.Sprintf("SELECT max(toUnixTimestamp64Micro(complete_through)) >= %d FROM heartbeats WHERE collector = 'node'", fed.UnixMicro()), 1)
	if got := scalar(t, dsn, "SELECT count() FROM requests"); got != rows {
		t.Errorf("the node's rows are said to be complete, but there are %d, want %d", got, rows)
	}
	stats := node.Stats()
	if err := node.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	c.end(t, syscall.SIGTERM) // which stores what is left
	for text, want := range map[string]uint64{
		"SELECT count() FROM requests":                                  rows,
		"SELECT uniqExact(call_id) FROM requests":                       rows,
		"SELECT count() FROM attempts":                                  rows / 2,
		"SELECT uniqExact(call_id) FROM attempts":                       rows / 2,
		"SELECT sum(requests) FROM edge_counts_10s":                     rows,
		"SELECT sum(requests) FROM edge_counts_1m":                      rows,
		"SELECT max(requests) FROM heartbeats WHERE collector = 'node'": rows,
		"SELECT uniqExact(collector) FROM heartbeats WHERE proxy = ''":  2,
		"SELECT sum(refused) FROM heartbeats":                           0,
		"SELECT count() FROM requests WHERE block_id NOT IN (SELECT block_id FROM requests GROUP BY block_id HAVING count() <= 400)": 0,
	} {
		if got := scalar(t, dsn, text); got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
	cuts, retries := between.cuts.Load(), stats.Tables["requests"].Retries+stats.Tables["attempts"].Retries
	t.Logf("%d kills, %d answers lost, %d posts repeated", rounds, cuts, retries)
	if cuts == 0 || retries == 0 {
		t.Error("nothing went wrong: the test shows nothing")
	}
	if q := stats.Tables["requests"].QuarantinedRows; q != 0 {
		t.Errorf("%d rows are in quarantine", q)
	}
}

// startNode runs the pipeline of a collector beside the proxies.
func startNode(t *testing.T, dsn, dir string) *ingest.Pipeline {
	t.Helper()
	p, err := ingest.New(ingest.Config{
		DSN: dsn, Collector: "node", BlockRows: 400, BlockAge: 50 * time.Millisecond, WAL: ingest.WALConfig{Directory: dir},
	}, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// add hands over a request, and every second time a try of it.
func add(p *ingest.Pipeline, i int) {
	src := record.Peer{ID: "m/c/n/a", Service: "a", Source: record.IDReporter}
	dst := record.Peer{ID: "m/c/n/b", Service: "b", Source: record.IDEndpointMetadata}
	var call [16]byte
	binary.BigEndian.PutUint64(call[8:], uint64(i)+1)
	p.Request(&record.Request{
		End: time.Now(), Vantage: record.VantageClient, Src: src, Dst: dst, Code: 200, GRPCStatus: -1, Outcome: record.OutcomeOK, CallID: call,
	})
	if i%2 == 0 {
		p.Attempt(&record.Attempt{End: time.Now(), Src: src, Dst: dst, Number: 1, Code: 200, GRPCStatus: -1, Outcome: record.OutcomeOK, CallID: call})
	}
}

// await polls until a query answers the number.
func await(ctx context.Context, t *testing.T, dsn, text string, want uint64) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for scalar(t, dsn, text) != want {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: got %d, want %d", text, scalar(t, dsn, text), want)
		}
	}
}

// scalar returns the number that a query answers.
func scalar(t *testing.T, dsn, text string) (n uint64) {
	t.Helper()
	conn, err := query.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.QueryRow(t.Context(), "SELECT toUInt64(("+text+"))").Scan(&n); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n
}
