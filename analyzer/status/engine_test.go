package status

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// world is a store with a service that reads it.
type world struct {
	*testing.T
	*Service
	now    time.Time
	writer driver.Conn
}

func newWorld(t *testing.T) *world {
	dsn := enginetest.Start(t)
	if err := schema.Ensure(t.Context(), dsn, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	reader, err := query.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := query.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	writer, err := query.OpenWriter(parsed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close(); writer.Close() })
	w := &world{T: t, now: time.Now().UTC().Truncate(time.Second), writer: writer}
	w.Service = New(reader, nil, "1.2.3", func() time.Time { return w.now })
	return w
}

func (w *world) exec(format string, args ...any) {
	w.Helper()
	if err := w.writer.Exec(w.Context(), fmt.Sprintf(format, args...)); err != nil {
		w.Fatal(err)
	}
}

func micro(t time.Time) string {
	return fmt.Sprintf("fromUnixTimestamp64Micro(%d, 'UTC')", t.UnixMicro())
}

// ask calls a method and fails the test if it does.
func ask[Q, A any](w *world, call func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), q *Q) *A {
	w.Helper()
	answer, err := call(w.Context(), connect.NewRequest(q))
	if err != nil {
		w.Fatal(err)
	}
	return answer.Msg
}

// codes joins code and subject of findings.
func codes(findings []*statusv1.Finding) string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Code+" "+f.Subject)
	}
	return strings.Join(out, ", ")
}

func TestServiceOnEngine(t *testing.T) {
	w := newWorld(t)
	for name, test := range map[string]func(*world){"an empty store": testEmptyStore} {
		t.Run(name, func(t *testing.T) { w.T = t; test(w) })
	}
	for _, step := range []struct {
		name string
		test func(*world)
	}{
		{"proxies", testAccounts}, {"collectors", testCollectors}, {"tables", testTables}, {"blocks", testVerifyBlocks}, {"store", testVerifyStore},
	} {
		t.Run(step.name, func(t *testing.T) { w.T = t; step.test(w) })
	}
}

func testEmptyStore(w *world) {
	report := ask(w, w.GetStoreReport, &statusv1.GetStoreReportRequest{})
	if len(report.Findings) != 0 || len(report.Tables) != 16 {
		w.Errorf("findings %q in %d tables, want none in 16", codes(report.Findings), len(report.Tables))
	}
	accounts := ask(w, w.ListProxyAccounts, &statusv1.ListProxyAccountsRequest{})
	if len(accounts.Accounts) != 0 || accounts.Window.To.AsTime() != w.now || accounts.Window.Watermark != nil {
		w.Errorf("accounts %v, want none until now", accounts)
	}
	if got := ask(w, w.ListCollectors, &statusv1.ListCollectorsRequest{}); len(got.Collectors)+len(got.BlindIntervals) != 0 {
		w.Errorf("collectors %v, want none", got)
	}
	_, err := w.VerifyStore(w.Context(), connect.NewRequest(&statusv1.VerifyStoreRequest{}))
	if connect.CodeOf(err) != connect.CodeFailedPrecondition {
		w.Errorf("error = %v, want that there is nothing to compare", err)
	}
}

// testAccounts has one proxy that is complete, one that lost 10 and dropped 20 of
// 80, and one that breaks the identity.
func testAccounts(w *world) {
	zero := w.now.Add(-10 * time.Minute)
	after := func(seconds int) time.Time { return zero.Add(time.Duration(seconds) * time.Second) }
	beat := func(seconds int, proxy string, requests int) {
		w.exec("INSERT INTO heartbeats_in (ts, collector, proxy, started, requests) VALUES (%s, 'c1', '%s', %s, %d)",
			micro(after(seconds)), proxy, micro(after(-3600)), requests)
	}
	stat := func(seconds int, proxy, scope, object, name string, total int) {
		w.exec("INSERT INTO proxy_stats_in (ts, proxy, node, scope, object, name, value, total) VALUES (%s, '%s', 'n', '%s', '%s', '%s', 0, %d)",
			micro(after(seconds)), proxy, scope, object, name, total)
	}
	for _, p := range []struct {
		name                                string
		written, dropped, received, offered int
	}{{"lossy", 60, 20, 50, 80}, {"odd", 60, 0, 60, 61}, {"well", 60, 0, 60, 60}} {
		for _, s := range []int{0, 3} {
			beat(s, p.name, 0)
		}
		for _, s := range []int{58, 63} {
			beat(s, p.name, p.received)
		}
		for seconds, of := range map[int]int{0: 0, 60: 1} {
			stat(seconds, p.name, "log", "grpc_access_log", "logs_written", of*p.written)
			stat(seconds, p.name, "log", "grpc_access_log", "logs_dropped", of*p.dropped)
			stat(seconds, p.name, "http", "outbound", "downstream_rq_total", of*p.offered)
		}
	}
	// The collector vouches until now, so the window ends at the watermark.
	w.exec("INSERT INTO heartbeats_in (ts, collector, proxy, complete_through, started) VALUES (%s, 'c1', '', %[1]s, %s)", micro(w.now), micro(after(-3600)))

	got := ask(w, w.ListProxyAccounts, &statusv1.ListProxyAccountsRequest{From: timestamppb.New(zero), To: timestamppb.New(after(65))})
	if want := "incomplete-proxy lossy, incomplete-proxy lossy, identity-broken odd"; codes(got.Findings) != want {
		w.Errorf("findings %q, want %q", codes(got.Findings), want)
	}
	exact := func(v float64) *typesv1.Figure { return &typesv1.Figure{Estimate: v, Low: v, High: v} }
	want := &statusv1.ProxyAccount{
		Proxy: "lossy", Node: "n", From: timestamppb.New(zero), To: timestamppb.New(after(60)), Written: 60, Dropped: 20,
		Received: exact(50), SilentLoss: exact(10), Completeness: exact(0.625),
		Identity: &statusv1.CounterIdentity{Logged: 80, Requests: 80},
	}
	if diff := cmp.Diff(want, got.Accounts[0], protocmp.Transform()); diff != "" {
		w.Errorf("account (-want +got):\n%s", diff)
	}
	last := ask(w, w.ListProxyAccounts, &statusv1.ListProxyAccountsRequest{}).Window
	if end := w.now.Add(-query.Margin); !last.To.AsTime().Equal(end) || !last.Watermark.AsTime().Equal(end) {
		w.Errorf("window %v, want it to end at the watermark %s", last, end)
	}
	next := ask(w, w.ListProxyAccounts, &statusv1.ListProxyAccountsRequest{
		From: got.Window.From, To: got.Window.To, PageSize: 1, PageToken: "lossy", OnlyFindings: true,
	})
	if len(next.Accounts) != 1 || next.Accounts[0].Proxy != "odd" || next.NextPageToken != "" {
		w.Errorf("the page after lossy: %v, want odd alone", next)
	}
	for text, q := range map[string]*statusv1.ListProxyAccountsRequest{
		"at most 24h": {Window: durationpb.New(48 * time.Hour)}, "at most 1000 proxies": {PageSize: 1001},
	} {
		_, err := w.ListProxyAccounts(w.Context(), connect.NewRequest(q))
		if connect.CodeOf(err) != connect.CodeInvalidArgument || !strings.Contains(err.Error(), text) {
			w.Errorf("error = %v, want %q", err, text)
		}
	}
}

func testCollectors(w *world) {
	zero := w.now.Add(-5 * time.Hour)
	after := func(seconds int) time.Time { return zero.Add(time.Duration(seconds) * time.Second) }
	for collector, seconds := range map[string][]int{"steady": {0, 20, 40, 60, 80, 100}, "paused": {0, 60, 80, 100}, "gone": {0, 20}} {
		for _, s := range seconds {
			w.exec("INSERT INTO heartbeats_in (ts, collector, proxy, complete_through, started) VALUES (%s, '%s', '', %s, %s)",
				micro(after(s)), collector, micro(after(s-1)), micro(after(-60)))
		}
	}
	w.exec("INSERT INTO heartbeats_in (ts, collector, proxy) VALUES (%s, 'steady', 'p1'), (%[1]s, 'steady', 'p2')", micro(after(50)))
	got := ask(w, w.ListCollectors, &statusv1.ListCollectorsRequest{From: timestamppb.New(zero), To: timestamppb.New(after(110))})
	one := func(name string, seen int, proxies uint64) *statusv1.Collector {
		return &statusv1.Collector{
			Name: name, Started: timestamppb.New(after(-60)), LastSeen: timestamppb.New(after(seen)),
			CompleteThrough: timestamppb.New(after(seen - 1)), Lag: durationpb.New(time.Duration(111-seen) * time.Second), Proxies: proxies,
		}
	}
	want := &statusv1.ListCollectorsResponse{
		Collectors: []*statusv1.Collector{one("gone", 20, 0), one("paused", 100, 0), one("steady", 100, 2)},
		BlindIntervals: []*statusv1.BlindInterval{
			{Collector: "gone", From: timestamppb.New(after(20)), To: timestamppb.New(after(110)), Open: true},
			{Collector: "paused", From: timestamppb.New(after(0)), To: timestamppb.New(after(60))},
		},
	}
	if codes(got.Findings) != "blind-collector gone, blind-collector paused" {
		w.Errorf("findings %q", codes(got.Findings))
	}
	got.Findings = nil
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		w.Errorf("collectors (-want +got):\n%s", diff)
	}
}

// testTables makes a table remember less than it gets in an hour, and keep a row
// that is long past its lifetime.
func testTables(w *world) {
	w.exec("SYSTEM STOP MERGES logs")
	w.exec("SYSTEM STOP TTL MERGES")
	defer w.exec("SYSTEM START TTL MERGES")
	defer w.exec("SYSTEM START MERGES logs")
	for i := range 3 {
		w.exec("INSERT INTO logs_in (ts, body, block_id) VALUES (%s, 'a', unhex('cc%030d'))", micro(w.now.Add(-time.Minute)), i)
	}
	w.exec("ALTER TABLE logs MODIFY SETTING non_replicated_deduplication_window = 17")
	defer w.exec("ALTER TABLE logs MODIFY SETTING non_replicated_deduplication_window = 10000")
	report := ask(w, w.GetStoreReport, &statusv1.GetStoreReportRequest{})
	if codes(report.Findings) != "dedup-window-short logs" {
		w.Errorf("findings %q, want that of logs", codes(report.Findings))
	}
	for _, table := range report.Tables {
		if table.Name != "logs" {
			continue
		}
		if table.InsertsPerHour != 18 || table.DedupWindow != 17 || table.DedupOutlastsHour || table.Rows != 3 || table.MostParts != 3 ||
			table.Retention.AsDuration() != 72*time.Hour || table.Oldest == nil || len(table.Columns) == 0 {
			w.Errorf("logs: %v", table)
		}
	}
}

func testVerifyBlocks(w *world) {
	id := func(n int) []byte {
		b, err := hex.DecodeString(fmt.Sprintf("bb%030d", n))
		if err != nil {
			w.Fatal(err)
		}
		return b
	}
	for n, rows := range map[int]int{1: 3, 2: 2, 3: 6} {
		w.exec("INSERT INTO spans_in (start, block_id) SELECT now64(6, 'UTC'), unhex('bb%030d') FROM numbers(%d)", n, rows)
	}
	var blocks []*statusv1.SealedBlock
	for n := 1; n <= 4; n++ {
		blocks = append(blocks, &statusv1.SealedBlock{Table: "spans_in", Id: id(n), Rows: 3})
	}
	blocks = append(blocks, blocks[1]) // asked for twice
	got := ask(w, w.VerifyBlocks, &statusv1.VerifyBlocksRequest{Blocks: blocks})
	want := &statusv1.VerifyBlocksResponse{RequestsShare: 1, Mismatches: []*statusv1.BlockMismatch{
		{Index: 1, Stored: 2}, {Index: 2, Stored: 6}, {Index: 3}, {Index: 4, Stored: 2},
	}}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		w.Errorf("blocks (-want +got):\n%s", diff)
	}
	if got := ask(w, w.VerifyBlocks, &statusv1.VerifyBlocksRequest{}); len(got.Mismatches) != 0 {
		w.Errorf("of no blocks differ %v", got.Mismatches)
	}
}

func testVerifyStore(w *world) {
	to := w.now.Truncate(time.Minute).Add(-30 * time.Minute)
	from := to.Add(-10 * time.Minute)
	for n, times := range map[int]int{1: 1, 2: 2} {
		for range times {
			w.exec("INSERT INTO requests_in (ts, src, call_id, block_id) SELECT %s + number, 'a', unhex(leftPad(hex(number), 32, '0')), unhex('dd%030d') FROM numbers(4)", micro(from), n)
		}
	}
	w.exec("INSERT INTO edge_counts_1m (ts, requests) VALUES (fromUnixTimestamp(%d), 5)", from.Add(2*time.Minute).Unix())
	got := ask(w, w.VerifyStore, &statusv1.VerifyStoreRequest{From: timestamppb.New(from), To: timestamppb.New(to)})
	if codes(got.Findings) != "block-double requests, rollup-differs edge_counts_1m" {
		w.Errorf("findings %q", codes(got.Findings))
	}
	rollup := &statusv1.RollupAccount{Raw: 12, RolledUp: 17, DifferingMinutes: 1, Differing: []*statusv1.RollupMinute{{At: timestamppb.New(from.Add(2 * time.Minute)), RolledUp: 5}}}
	if diff := cmp.Diff(rollup, got.Rollup, protocmp.Transform()); diff != "" {
		w.Errorf("rollup (-want +got):\n%s", diff)
	}
	for _, b := range got.Blocks {
		want := &statusv1.StoredBlocks{Table: b.Table, Blocks: b.Blocks, Checked: b.Blocks}
		if b.Table == "requests" {
			want.Blocks, want.Checked, want.Doubles, want.DoubleIds = 2, 2, 1, []string{"dd" + fmt.Sprintf("%030d", 2)}
		}
		if diff := cmp.Diff(want, b, protocmp.Transform()); diff != "" {
			w.Errorf("blocks (-want +got):\n%s", diff)
		}
	}
	// The last closed hour is empty, or has the rows above.
	last := ask(w, w.VerifyStore, &statusv1.VerifyStoreRequest{})
	if length := last.Window.To.AsTime().Sub(last.Window.From.AsTime()); length != time.Hour || last.Window.To.AsTime().After(w.now) {
		w.Errorf("window %v, want the last closed hour", last.Window)
	}
}

// TestErrorsOfTheStore: each method passes on what keeps the store from
// answering.
func TestErrorsOfTheStore(t *testing.T) {
	reader, err := query.Open("http://127.0.0.1:1?database=plimsoll")
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	s := New(reader, nil, "1.2.3", time.Now)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"GetStoreReport": func() error {
			_, err := s.GetStoreReport(ctx, connect.NewRequest(&statusv1.GetStoreReportRequest{}))
			return err
		},
		"ListProxyAccounts": func() error {
			_, err := s.ListProxyAccounts(ctx, connect.NewRequest(&statusv1.ListProxyAccountsRequest{}))
			return err
		},
		"ListCollectors": func() error {
			_, err := s.ListCollectors(ctx, connect.NewRequest(&statusv1.ListCollectorsRequest{}))
			return err
		},
		"VerifyBlocks": func() error {
			_, err := s.VerifyBlocks(ctx, connect.NewRequest(&statusv1.VerifyBlocksRequest{}))
			return err
		},
		"VerifyStore": func() error {
			_, err := s.VerifyStore(ctx, connect.NewRequest(&statusv1.VerifyStoreRequest{}))
			return err
		},
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error = %v, want that of the context", name, err)
		}
	}
}
