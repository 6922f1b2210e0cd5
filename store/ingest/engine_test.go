package ingest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
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

// env is a database of its own on the engine that the tests share.
type env struct {
	dsn    query.DSN
	engine *enginetest.Engine
	conn   driver.Conn // may write
}

// TestOnEngine runs the pipeline against a real ClickHouse.
func TestOnEngine(t *testing.T) {
	e := enginetest.StartIn(t, enginetest.Dir(t))
	for name, test := range map[string]func(*testing.T, env){
		"rollups":      testRollups,
		"tables":       testTables,
		"watermark":    testWatermark,
		"lost_answers": testLostAnswers,
		"killed":       testKilled,
		"quarantine":   testQuarantine,
		"made_anew":    testMadeAnew,
	} {
		t.Run(name, func(t *testing.T) {
			d, err := query.ParseDSN(engine.DSN(e.Socket, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Ensure(t.Context(), d.String(), schema.Options{}); err != nil {
				t.Fatal(err)
			}
			conn, err := query.OpenWriter(d)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			test(t, env{dsn: d, engine: e, conn: conn})
		})
	}
}

// pipeline starts a pipeline over the DSN and returns it with a function that
// shuts it down and fails the test if a row was not stored.
func (e env) pipeline(t *testing.T, dsn string, cfg Config) (p *Pipeline, done func()) {
	t.Helper()
	cfg.DSN, cfg.Collector = dsn, "c1"
	p, err := New(cfg, (&logBuffer{}).logger())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p, func() { shutdown(t, p) }
}

// text runs a query whose one result is a string.
func (e env) text(t *testing.T, sql string, args ...any) (out string) {
	t.Helper()
	if err := e.conn.QueryRow(t.Context(), sql, args...).Scan(&out); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

func testWatermark(t *testing.T, e env) {
	_, done := e.pipeline(t, e.dsn.String(), Config{})
	before := time.Now()
	done()
	mark, err := query.Watermark(t.Context(), e.conn, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	at := mark.At.Add(query.Margin)
	if !cmp.Equal(mark.Collectors, []string{"c1"}) || at.Before(before.Truncate(time.Microsecond)) || at.After(time.Now()) {
		t.Errorf("watermark = %+v, want the moment of the shutdown (%s) minus the margin", mark, before)
	}
}

// exactlyOnce checks that n requests are in the raw table and in every rollup,
// neither more nor less.
func (e env) exactlyOnce(t *testing.T, n int) {
	t.Helper()
	want := fmt.Sprint(n)
	for what, sql := range map[string]string{
		"rows":             "SELECT toString(count()) FROM requests",
		"distinct rows":    "SELECT toString(uniqExact(request_id)) FROM requests",
		"edge_counts_10s":  "SELECT toString(sum(requests)) FROM edge_counts_10s",
		"edge_counts_1m":   "SELECT toString(sum(requests)) FROM edge_counts_1m",
		"edge_latency_10s": "SELECT toString(arraySum(mapValues(sumMap(hist)))) FROM edge_latency_10s WHERE kind = 'total'",
		"edge_latency_1m":  "SELECT toString(arraySum(mapValues(sumMap(hist)))) FROM edge_latency_1m WHERE kind = 'total'",
	} {
		if got := e.text(t, sql); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
}

// send hands over n requests with ids of their own.
func send(p *Pipeline, n int) {
	g := newGenerator(5, time.Now())
	for i := range n {
		r := g.request()
		r.RequestID, r.TraceID = fmt.Sprint("r", i), [16]byte{} // else it would not be stored
		p.Request(r)
	}
}

// testLostAnswers drops the first answer to every insert, and cuts every third
// body, so each block is sent at least twice.
func testLostAnswers(t *testing.T, e env) {
	var n atomic.Int64
	proxy := &faultyProxy{dsn: e.dsn, after: func(fault) {}, choose: func(string) fault {
		switch i := n.Add(1); {
		case i%6 == 0:
			return cutBody
		case i%2 == 0:
			return dropAnswer
		}
		return none
	}}
	p, done := e.pipeline(t, proxy.start(t), Config{BlockRows: 100})
	send(p, 1000)
	done()
	if s := p.Stats().Tables["requests"]; s.Retries == 0 || s.StoredRows != 1000 || s.QuarantinedRows != 0 {
		t.Errorf("stats = %+v, want retries and all rows stored", s)
	}
	e.exactlyOnce(t, 1000)
}

// testKilled kills the engine with SIGKILL after it has stored a block and
// before the pipeline hears of it, and in the middle of a body.
func testKilled(t *testing.T, e env) {
	var n atomic.Int64
	proxy := &faultyProxy{dsn: e.dsn, after: func(fault) { e.kill(t) }, choose: func(table string) fault {
		if table != "requests_in" {
			return none
		}
		switch n.Add(1) {
		case 2, 5:
			return dropAnswer
		case 8:
			return cutBody
		}
		return none
	}}
	p, done := e.pipeline(t, proxy.start(t), Config{BlockRows: 200})
	send(p, 1000)
	done()
	if s := p.Stats().Tables["requests"]; s.Retries < 2 || s.StoredRows != 1000 {
		t.Errorf("stats = %+v, want retries and all rows stored", s)
	}
	e.exactlyOnce(t, 1000)
}

// kill ends the engine's process as a crash does. Its supervisor starts a new
// one.
func (e env) kill(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(e.engine.DataDir, "engine.pid"))
	if err != nil {
		t.Error(err)
		return
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Error(err)
		return
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Errorf("killing engine %d: %v", pid, err)
	}
}

// testQuarantine makes the store refuse the one block that holds a certain
// row, and later sends that block by hand.
func testQuarantine(t *testing.T, e env) {
	if err := e.conn.Exec(t.Context(), `CREATE MATERIALIZED VIEW refuses TO edge_counts_10s AS
		SELECT 'x' AS dst FROM requests_in WHERE throwIf(request_id = 'r555', 'poisoned') != 0`); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p, done := e.pipeline(t, e.dsn.String(), Config{BlockRows: 100, Quarantine: dir})
	send(p, 1000)
	p.Attempt(&record.Attempt{End: time.Now(), RequestID: "a"})
	done()
	s := p.Stats().Tables
	// The server runs the views in an order of its own: the block is split if no
	// other view had committed before the one that throws.
	r := s["requests"]
	if r.StoredRows+r.QuarantinedRows != 1000 || (r.QuarantinedRows != 50 && r.QuarantinedRows != 100) || r.Retries != 0 || s["attempts"].StoredRows != 1 {
		t.Fatalf("stats = %+v, want a block of 100 rows or half of it in quarantine", s)
	}
	files, err := filepath.Glob(filepath.Join(dir, "requests_in-*.native.lz4"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v, want one block", files, err)
	}
	reason, err := os.ReadFile(strings.TrimSuffix(files[0], ".native.lz4") + ".txt")
	if err != nil || !strings.Contains(string(reason), "poisoned") {
		t.Errorf("reason = %s, %v", reason, err)
	}

	if err := e.conn.Exec(t.Context(), "DROP VIEW refuses"); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimSuffix(filepath.Base(files[0]), ".native.lz4")
	again := &sealed{table: "requests_in", token: strings.TrimPrefix(name, "requests_in-"), body: body}
	for range 2 {
		if err := inserterFor(t, e.dsn.String()).post(t.Context(), again); err != nil {
			t.Fatal(err)
		}
	}
	e.exactlyOnce(t, 1000)
}

// testMadeAnew drops the database while the pipeline runs.
func testMadeAnew(t *testing.T, e env) {
	p, done := e.pipeline(t, e.dsn.String(), Config{})
	if err := e.conn.Exec(t.Context(), "DROP DATABASE made_anew SYNC"); err != nil {
		t.Fatal(err)
	}
	send(p, 100)
	done()
	e.exactlyOnce(t, 100)
}
