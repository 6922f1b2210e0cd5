package ingest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/ingesttest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal/waltest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// TestFaultsOnEngine holds what a real ClickHouse has after each kind of fault
// to an independent count.
func TestFaultsOnEngine(t *testing.T) {
	e := enginetest.StartIn(t, enginetest.Dir(t))
	for name, test := range map[string]func(*testing.T, faultEnv){
		"refusals":          testRefusals,
		"restart":           testRestart,
		"disk_full":         testDiskFull,
		"duplicate":         testDuplicateDelivery,
		"other_bytes":       testSameTokenOtherBytes,
		"wiped":             testWipedLog,
		"forgotten_all":     testForgottenWhole,
		"forgotten_none":    testForgottenAbsent,
		"forgotten_part":    testForgottenInPart,
		"forgotten_unclear": testForgottenUnclear,
		"forgotten_sample":  testForgottenSample,
		"forgotten_anew":    testForgottenByANewStore,
		"older_schema":      testOlderSchema,
		"midnight":          testMidnight,
		"view_fails_once":   testViewFailsOnce,
		"view_fails_late":   testViewFailsLate,
		"rebooted":          testRebooted,
		"two_shards":        testTwoShards,
	} {
		t.Run(name, func(t *testing.T) { test(t, newFaultEnv(t, e, name)) })
	}
}

// faultEnv is a database with a ledger of what it must hold.
type faultEnv struct {
	env
	ledger *ingesttest.Ledger
	wal    string
}

func newFaultEnv(t *testing.T, e *enginetest.Engine, name string) faultEnv {
	t.Helper()
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
	t.Cleanup(func() { conn.Close() })
	return faultEnv{
		env: env{dsn: d, engine: e, conn: conn}, wal: filepath.Join(t.TempDir(), "wal"),
		ledger: ingesttest.New(time.Now().UTC().Truncate(time.Hour).Add(-time.Hour)),
	}
}

// start runs a pipeline with a log on disk.
func (e faultEnv) start(t *testing.T, dsn string, cfg Config) *Pipeline {
	t.Helper()
	p := e.idle(t, dsn, cfg)
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// idle makes a pipeline that stores nothing before it is started.
func (e faultEnv) idle(t *testing.T, dsn string, cfg Config) *Pipeline {
	t.Helper()
	cfg.DSN, cfg.Collector, cfg.WAL.Directory = dsn, "c1", e.wal
	if cfg.BlockAge == 0 {
		cfg.BlockAge = 50 * time.Millisecond
	}
	p, err := New(cfg, (&logBuffer{}).logger())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// send hands requests over and commits them.
func (e faultEnv) send(t *testing.T, p *Pipeline, from, to int) {
	t.Helper()
	e.ledger.Handed(from, to)
	for n := from; n < to; n++ {
		p.Request(ingesttest.Request(n, e.ledger.Base))
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	e.ledger.Acked(from, to)
}

// exact compares the tables with the ledger.
func (e faultEnv) exact(t *testing.T) {
	t.Helper()
	report, err := e.ledger.Compare(t.Context(), e.conn)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Exact() {
		t.Errorf("the tables differ from what was acknowledged:\n%s", report)
	}
}

// drop shuts a pipeline down without storing what is left, as far as a test can
// do what a crash does: its log is closed, and its lanes stop.
func (e faultEnv) drop(t *testing.T, p *Pipeline) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
}

// block seals requests without a pipeline of their own.
func (e faultEnv) block(t *testing.T, from, to int) wal.Block {
	t.Helper()
	p, err := newPipeline(Config{Collector: "other"}, (&fakeStore{}).store(nil), (&logBuffer{}).logger())
	if err != nil {
		t.Fatal(err)
	}
	for n := from; n < to; n++ {
		p.Request(ingesttest.Request(n, e.ledger.Base))
	}
	if err := p.tables.sealAll(); err != nil {
		t.Fatal(err)
	}
	for _, b := range p.blocks.Close() {
		return b.walBlock()
	}
	t.Fatal("nothing was sealed")
	return wal.Block{}
}

// testRefusals goes through all that a store may answer, several times over.
func testRefusals(t *testing.T, e faultEnv) {
	var n atomic.Int64
	proxy := &faultyProxy{dsn: e.dsn, after: func(fault) {}, choose: func(string) fault {
		i := int(n.Add(1))
		if i%3 == 0 {
			return none
		}
		return storeFaults[i%len(storeFaults)]
	}}
	p := e.start(t, proxy.start(t), Config{BlockRows: 100})
	e.send(t, p, 0, 1000)
	flush(t, p)
	shutdown(t, p)
	if s := p.Stats().Tables["requests"]; s.Retries < 5 || s.QuarantinedRows+s.LostRows > 0 {
		t.Errorf("stats = %+v, want retries alone", s)
	}
	e.exact(t)
}

// testRestart: rows that were committed while the store was away are stored by
// the next process.
func testRestart(t *testing.T, e faultEnv) {
	nobody := "unix://" + filepath.Join(t.TempDir(), "nobody") + "?database=restart"
	p := e.start(t, nobody, Config{BlockRows: 100})
	e.send(t, p, 0, 500)
	e.drop(t, p)
	p = e.start(t, e.dsn.String(), Config{})
	e.send(t, p, 500, 600)
	flush(t, p)
	shutdown(t, p)
	e.exact(t)
	p = e.start(t, e.dsn.String(), Config{})
	if s := p.Stats(); s.WAL.Recovery.Blocks > 3 || s.WAL.Recovery.Done < 6 {
		t.Errorf("recovery = %+v, want everything done but perhaps the last heartbeats, for which a shutdown waits a second", s.WAL.Recovery)
	}
	shutdown(t, p)
	e.exact(t)
}

// testDiskFull: callers wait, and what they were promised is kept.
func testDiskFull(t *testing.T, e faultEnv) {
	disk := waltest.New()
	p := e.start(t, e.dsn.String(), Config{BlockRows: 100, WAL: WALConfig{Files: disk}})
	e.send(t, p, 0, 300)
	disk.Free(0)
	e.ledger.Handed(300, 400)
	for n := 300; n < 400; n++ {
		p.Request(ingesttest.Request(n, e.ledger.Base))
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := p.Commit(short); err == nil {
		t.Error("Commit succeeded on a full disk")
	}
	if p.Room() {
		t.Error("there is room on a full disk")
	}
	disk.Free(1 << 30)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	if err := p.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	e.ledger.Acked(300, 400)
	e.send(t, p, 400, 500)
	flush(t, p)
	shutdown(t, p)
	e.exact(t)
}

// testDuplicateDelivery: a block that arrives again, before and after it is
// stored and in another process, is stored once.
func testDuplicateDelivery(t *testing.T, e faultEnv) {
	b := e.block(t, 0, 100)
	e.ledger.Handed(0, 100)
	e.ledger.Acked(0, 100)
	p := e.start(t, e.dsn.String(), Config{})
	for i := range 6 {
		if err := p.Block(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			flush(t, p)
		}
	}
	if s := p.Stats(); s.Tables["requests"].RelayedBlocks != 6 || s.WAL.Appended != 1 {
		t.Errorf("stats = %+v, want one block written", s.WAL)
	}
	shutdown(t, p)
	if err := os.RemoveAll(e.wal); err != nil {
		t.Fatal(err)
	}
	p = e.start(t, e.dsn.String(), Config{}) // knows nothing of the block; the tables do
	if err := p.Block(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	flush(t, p)
	shutdown(t, p)
	e.exact(t)
}

// testSameTokenOtherBytes: what a store would drop in silence is refused by
// name, whatever is wrong with a block.
func testSameTokenOtherBytes(t *testing.T, e faultEnv) {
	p := e.start(t, e.dsn.String(), Config{})
	good, other := e.block(t, 0, 100), e.block(t, 100, 200)
	for want, change := range map[string]func(*wal.Block){
		"the token does not name these bytes": func(b *wal.Block) { b.Body = other.Body },
		`table "nonsense_in" is not known`:    func(b *wal.Block) { b.Table = "nonsense_in" },
		"schema 0: want 1 to":                 func(b *wal.Block) { b.Schema = 0 },
		"want 1 to ":                          func(b *wal.Block) { b.Schema = schema.Version + 1 },
		"0 rows: want 1 to":                   func(b *wal.Block) { b.Rows = 0 },
	} {
		bad := good
		change(&bad)
		if err := p.Block(t.Context(), bad); !errors.Is(err, ErrUnfit) || !containsText(err, want) {
			t.Errorf("error = %v, want %q", err, want)
		}
	}
	for _, b := range []wal.Block{good, other} {
		if err := p.Block(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	flush(t, p)
	shutdown(t, p)
	e.ledger.Handed(0, 200)
	e.ledger.Acked(0, 200)
	e.exact(t)
}

// testWipedLog: who removes the log loses what was not stored, and nothing
// else.
func testWipedLog(t *testing.T, e faultEnv) {
	p := e.start(t, e.dsn.String(), Config{BlockRows: 50})
	e.send(t, p, 0, 200)
	flush(t, p)
	shutdown(t, p)
	if err := os.RemoveAll(e.wal); err != nil {
		t.Fatal(err)
	}
	p = e.start(t, e.dsn.String(), Config{BlockRows: 50})
	e.send(t, p, 200, 400) // the same block numbers under another log id
	flush(t, p)
	shutdown(t, p)
	e.exact(t)
}

// forget makes all tables forget the tokens of what they hold: their memory is
// cut to two blocks, and two others go by.
func (e faultEnv) forget(t *testing.T) {
	t.Helper()
	for _, table := range []string{"requests", "edge_counts_10s", "edge_counts_1m", "edge_counts_1h", "edge_latency_10s", "edge_latency_1m", "edge_latency_1h"} {
		if err := e.conn.Exec(t.Context(), "ALTER TABLE "+table+" MODIFY SETTING non_replicated_deduplication_window = 2"); err != nil {
			t.Fatal(err)
		}
	}
	in := inserterFor(t, e.dsn.String())
	for i := range 3 {
		from := 9000 + 10*i
		b := e.block(t, from, from+10)
		if err := in.post(t.Context(), fromBlock(b)); err != nil {
			t.Fatal(err)
		}
		e.ledger.Handed(from, from+10)
		e.ledger.Acked(from, from+10)
	}
}

func fromBlock(b wal.Block) *sealed {
	return &sealed{table: b.Table, rows: int(b.Rows), body: b.Body, token: b.Token, schema: b.Schema, created: b.Created}
}

// late hands the pipeline a block as one that was sealed an hour ago, so that
// nobody relies on its token any more.
func (e faultEnv) late(t *testing.T, b wal.Block) *Pipeline {
	t.Helper()
	b.Created = time.Now().Add(-time.Hour)
	p := e.start(t, e.dsn.String(), Config{})
	if err := p.Block(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	flush(t, p)
	shutdown(t, p)
	return p
}

// testForgottenWhole: an outage longer than the tables' memory, after an insert
// whose answer was lost.
func testForgottenWhole(t *testing.T, e faultEnv) {
	b := e.block(t, 0, 100)
	e.ledger.Handed(0, 100)
	e.ledger.Acked(0, 100)
	if err := inserterFor(t, e.dsn.String()).post(t.Context(), fromBlock(b)); err != nil {
		t.Fatal(err)
	}
	e.forget(t)
	p := e.late(t, b)
	e.exact(t)
	if s := p.Stats().Tables["requests"]; s.StoredRows != 100 || s.Retries != 0 {
		t.Errorf("stats = %+v", s)
	}
	// That the test can fail: without asking, the same block is stored twice.
	if err := inserterFor(t, e.dsn.String()).post(t.Context(), fromBlock(b)); err != nil {
		t.Fatal(err)
	}
	if report, err := e.ledger.Compare(t.Context(), e.conn); err != nil || report.Twice != 100 {
		t.Errorf("the tables have not forgotten the token: %v\n%s", err, report)
	}
}

// testForgottenAbsent: the same, and the insert had not reached the store.
func testForgottenAbsent(t *testing.T, e faultEnv) {
	b := e.block(t, 0, 100)
	e.ledger.Handed(0, 100)
	e.ledger.Acked(0, 100)
	e.forget(t)
	e.late(t, b)
	e.exact(t)
}

// testForgottenInPart: a crash of the store between the commits of two views left
// the block in some tables only.
func testForgottenInPart(t *testing.T, e faultEnv) {
	for i, missing := range [][]string{
		{"edge_counts_1m"},
		{"edge_latency_10s", "edge_counts_1h"},
		{"requests"},
		{"requests", "edge_latency_1h"},
		{"edge_counts_10s", "edge_counts_1m", "edge_counts_1h", "edge_latency_10s", "edge_latency_1m", "edge_latency_1h"},
	} {
		b := e.block(t, 100*i, 100*i+100)
		e.ledger.Handed(100*i, 100*i+100)
		e.ledger.Acked(100*i, 100*i+100)
		for _, table := range missing {
			view := table + "_view"
			if err := e.conn.Exec(t.Context(), "DETACH TABLE "+view); err != nil {
				t.Fatal(err)
			}
		}
		if err := inserterFor(t, e.dsn.String()).post(t.Context(), fromBlock(b)); err != nil {
			t.Fatal(err)
		}
		for _, table := range missing {
			if err := e.conn.Exec(t.Context(), "ATTACH TABLE "+table+"_view"); err != nil {
				t.Fatal(err)
			}
		}
		p := e.late(t, b)
		if s := p.Stats().Tables["requests"]; s.StoredRows != 100 || s.QuarantinedRows != 0 {
			t.Errorf("missing %v: stats = %+v", missing, s)
		}
		e.exact(t)
	}
	if left := e.text(t, "SELECT toString(count()) FROM system.tables WHERE database = currentDatabase() AND match(name, '_[0-9a-f]{32}$')"); left != "0" {
		t.Errorf("%s tables are left over", left)
	}
}

// testForgottenUnclear: what cannot be told is not guessed.
func testForgottenUnclear(t *testing.T, e faultEnv) {
	b := e.block(t, 0, 100)
	if err := inserterFor(t, e.dsn.String()).post(t.Context(), fromBlock(b)); err != nil {
		t.Fatal(err)
	}
	if err := e.conn.Exec(t.Context(), "ALTER TABLE requests DELETE WHERE request_id IN ('n1', 'n2') SETTINGS mutations_sync = 1"); err != nil {
		t.Fatal(err)
	}
	p := e.late(t, b)
	if s := p.Stats().Tables["requests"]; s.QuarantinedRows != 100 || s.StoredRows != 0 {
		t.Errorf("stats = %+v, want the block in quarantine", s)
	}
	files, err := filepath.Glob(filepath.Join(e.wal, "quarantine", "*.txt"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	if text, err := os.ReadFile(files[0]); err != nil || !containsText(errors.New(string(text)), "requests has 98 rows of 100") {
		t.Errorf("reason = %s, %v", text, err)
	}
}

// testForgottenByANewStore: an old block finds a store that was made anew.
func testForgottenByANewStore(t *testing.T, e faultEnv) {
	b := e.block(t, 0, 100)
	b.Created = time.Now().Add(-time.Hour)
	p := e.start(t, e.dsn.String(), Config{})
	if err := e.conn.Exec(t.Context(), "DROP DATABASE forgotten_anew SYNC"); err != nil {
		t.Fatal(err)
	}
	if err := p.Block(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	flush(t, p)
	shutdown(t, p)
	e.ledger.Handed(0, 100)
	e.ledger.Acked(0, 100)
	e.exact(t)
}

// testForgottenSample: where the raw table is a sample, the server works out what
// it must hold of a block.
func testForgottenSample(t *testing.T, e faultEnv) {
	if err := schema.Ensure(t.Context(), e.dsn.String(), schema.Options{RawShare: 0.1}); err != nil {
		t.Fatal(err)
	}
	stored, not := e.block(t, 0, 300), e.block(t, 300, 600)
	if err := inserterFor(t, e.dsn.String()).post(t.Context(), fromBlock(stored)); err != nil {
		t.Fatal(err)
	}
	e.forget(t)
	in := inserterFor(t, e.dsn.String())
	for i, b := range []wal.Block{stored, not} {
		has, err := in.reconcile(t.Context(), fromBlock(b))
		if err != nil || has != (i == 0) {
			t.Errorf("block %d: has = %t, %v", i, has, err)
		}
	}
	if kept := e.text(t, "SELECT toString(count()) FROM requests WHERE outcome = 'ok' AND attempts = 1"); kept == "0" {
		t.Error("no row was sampled: the test shows nothing")
	}
}

// testOlderSchema: a block that was sealed before columns were added is stored
// with their defaults.
func testOlderSchema(t *testing.T, e faultEnv) {
	b := sealedOf(t, 20)["heartbeats_in"]
	block, err := b.native()
	if err != nil {
		t.Fatal(err)
	}
	older := &nativeBlock{rows: block.rows}
	for _, c := range block.columns {
		if c.name != "started" && c.name != "interim" {
			older.columns = append(older.columns, c)
		}
	}
	part, err := older.part([16]byte{7}, 0, older.rows)
	if err != nil || len(older.columns) == len(block.columns) {
		t.Fatal(err, "or nothing was left out")
	}
	p := e.start(t, e.dsn.String(), Config{})
	err = p.Block(t.Context(), wal.Block{Token: part.token, Table: "heartbeats_in", Schema: 1, Rows: 20, Created: time.Now(), Body: part.body})
	if err != nil {
		t.Fatal(err)
	}
	flush(t, p)
	shutdown(t, p)
	if s := p.Stats().Tables["heartbeats"]; s.QuarantinedRows != 0 {
		t.Fatalf("stats = %+v", s)
	}
	if got := e.text(t, "SELECT concat(count(), ' ', sum(interim)) FROM heartbeats WHERE block_id = unhex('07000000000000000000000000000000')"); got != "20 0" {
		t.Errorf("rows and sum of a column that came later: %s", got)
	}
}

// testMidnight: a block over two days is in both partitions, also when its
// answer is lost; a row of 1970 does not hold anything up.
func testMidnight(t *testing.T, e faultEnv) {
	e.ledger.Base = time.Now().UTC().Truncate(24 * time.Hour).Add(-5 * time.Minute)
	var n atomic.Int64
	proxy := &faultyProxy{dsn: e.dsn, after: func(fault) {}, choose: func(string) fault {
		if n.Add(1)%2 == 1 {
			return dropAnswer
		}
		return none
	}}
	p := e.start(t, proxy.start(t), Config{})
	e.send(t, p, 0, 500)
	flush(t, p)
	e.exact(t)
	if days := e.text(t, "SELECT toString(uniqExact(toDate(ts))) FROM requests"); days != "2" {
		t.Errorf("rows of %s days, want 2", days)
	}
	old := ingesttest.Request(1_000_000, e.ledger.Base)
	old.End = time.Unix(0, 0)
	p.Request(old)
	e.send(t, p, 500, 600)
	flush(t, p)
	shutdown(t, p)
	if s := p.Stats().Tables["requests"]; s.StoredRows != 601 || s.QuarantinedRows != 0 {
		t.Errorf("stats = %+v", s)
	}
}

// testViewFailsOnce: a view fails for lack of memory after others have
// committed. The same token fills in what is missing.
func testViewFailsOnce(t *testing.T, e faultEnv) {
	e.poison(t, "requests_in", "zz_last")
	proxy := &faultyProxy{dsn: e.dsn, choose: func(string) fault { return none }, after: func(fault) {}}
	failed := false
	proxy.rewrite = func(code string) string {
		if code != "395" {
			return code
		}
		failed = true
		if err := e.conn.Exec(t.Context(), "DROP VIEW zz_last"); err != nil {
			t.Error(err)
		}
		return "241"
	}
	p := e.start(t, proxy.start(t), Config{})
	e.send(t, p, 0, 100)
	flush(t, p)
	shutdown(t, p)
	if !failed {
		t.Error("the view did not fail")
	}
	e.exact(t)
}

// poison adds a view that throws.
func (e faultEnv) poison(t *testing.T, table, view string) {
	t.Helper()
	if err := e.conn.Exec(t.Context(), "CREATE TABLE "+view+"_target (dst String, block_id FixedString(16)) ENGINE = MergeTree ORDER BY dst"); err != nil {
		t.Fatal(err)
	}
	err := e.conn.Exec(t.Context(), "CREATE MATERIALIZED VIEW "+view+" TO "+view+"_target AS SELECT dst, block_id FROM "+table+
		" WHERE throwIf(request_id = 'n55', 'poisoned') = 0")
	if err != nil {
		t.Fatal(err)
	}
}

// testViewFailsLate: a block that tables have taken before a view refused it is
// not split, since its halves would be stored beside it.
func testViewFailsLate(t *testing.T, e faultEnv) {
	e.poison(t, "requests_in", "zz_last")
	p := e.start(t, e.dsn.String(), Config{BlockRows: 100})
	e.send(t, p, 0, 300)
	flush(t, p)
	shutdown(t, p)
	report, err := e.ledger.Compare(t.Context(), e.conn)
	if err != nil {
		t.Fatal(err)
	}
	s := p.Stats().Tables["requests"]
	if report.Twice != 0 || report.Foreign != 0 || s.QuarantinedRows == 0 || s.StoredRows+s.QuarantinedRows != 300 {
		t.Errorf("stats = %+v\n%s", s, report)
	}
	t.Logf("%d rows in quarantine, %d of them in the raw table", s.QuarantinedRows, report.Found-int(s.StoredRows))
	// Mended and sent by hand, what is in quarantine completes the tables.
	if err := e.conn.Exec(t.Context(), "DROP VIEW zz_last"); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(e.wal, "quarantine", "*.lz4"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	body, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(files[0]), "requests_in-"), ".native.lz4")
	if err := inserterFor(t, e.dsn.String()).post(t.Context(), &sealed{table: "requests_in", token: token, body: body}); err != nil {
		t.Fatal(err)
	}
	e.exact(t)
}

// testRebooted: after a power failure of the machine, blocks that were stored
// shortly before are looked for, and those that the store has lost come back.
func testRebooted(t *testing.T, e faultEnv) {
	l, err := wal.Open(e.wal, wal.Options{Boot: [16]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 { // all are done; the store has two of them
		b := e.block(t, 100*i, 100*i+100)
		entry, err := l.Append(&b)
		if err != nil {
			t.Fatal(err)
		}
		l.Done(entry)
		if i%2 == 0 {
			if err := inserterFor(t, e.dsn.String()).post(t.Context(), fromBlock(b)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	e.ledger.Handed(0, 400)
	e.ledger.Acked(0, 400)
	p := e.start(t, e.dsn.String(), Config{})
	flush(t, p)
	shutdown(t, p)
	if r := p.Stats().WAL.Recovery; !r.Rebooted || r.Done != 4 {
		t.Errorf("recovery = %+v", r)
	}
	e.exact(t)
}

// testTwoShards spreads blocks over two databases, each behind an inserter's
// shard, and takes them away in turn.
func testTwoShards(t *testing.T, e faultEnv) {
	other := newFaultEnv(t, e.engine, "two_shards_b")
	var down atomic.Bool
	down.Store(true)
	proxy := &faultyProxy{dsn: other.dsn, after: func(fault) {}, choose: func(string) fault {
		if down.Load() {
			return answer500
		}
		return none
	}}
	in := inserterFor(t, e.dsn.String())
	in.shards = append(in.shards, inserterFor(t, proxy.start(t)).shards...)
	s := store{migrate: in.prepare, post: in.post, close: in.close, shards: 2}
	p, err := newPipeline(Config{Collector: "c1", BlockRows: 20, WAL: WALConfig{Directory: e.wal}}, s, (&logBuffer{}).logger())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.send(t, p, 0, 1000)
	waitFor(t, func() bool { // the lanes of the other shard go on
		report, err := e.ledger.Compare(t.Context(), e.conn)
		blocks, rows, _ := p.blocks.Pending()
		return err == nil && report.Found > 0 && report.Found+rows >= 1000 && blocks > 0 && len(report.Rollups) == 0
	})
	down.Store(false)
	flush(t, p)
	shutdown(t, p)
	first, err := e.ledger.Compare(t.Context(), e.conn)
	if err != nil {
		t.Fatal(err)
	}
	second, err := e.ledger.Compare(t.Context(), other.conn)
	if err != nil {
		t.Fatal(err)
	}
	if first.Found+second.Found != 1000 || first.Found == 0 || second.Found == 0 || first.Twice+second.Twice+len(first.Rollups)+len(second.Rollups) > 0 {
		t.Errorf("shards:\n%s\n%s", first, second)
	}
}

// waitFor asks until the answer is yes.
func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func containsText(err error, text string) bool {
	return err != nil && strings.Contains(err.Error(), text)
}
