package ingest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// builderOver returns a builder on its own: its blocks go to emit.
func builderOver[R any](set columnSet[R], rows int, emit func(*sealed) error) *builder[R] {
	p := &Pipeline{cfg: Config{BlockRows: rows}, id: 0xabcd, log: (&logBuffer{}).logger(), blocks: newMemoryLog(1)}
	b := newBuilder(set, p, &counters{})
	b.emit = emit
	return b
}

// sealedBy runs records through a builder and returns the only block.
func sealedBy[R any](t testing.TB, set columnSet[R], records ...*R) *sealed {
	t.Helper()
	var out []*sealed
	b := builderOver(set, len(records)+1, func(s *sealed) error { out = append(out, s); return nil })
	for _, r := range records {
		b.add(r)
	}
	if err := b.seal(); err != nil {
		t.Fatal(err)
	}
	if len(out) != 1 {
		t.Fatalf("%d blocks, want 1", len(out))
	}
	return out[0]
}

func hexOf(b []byte) string { return fmt.Sprintf("%x", b) }

// TestRequestColumns checks every column of one row, each with a value that no
// other column has.
func TestRequestColumns(t *testing.T) {
	end := time.Date(2026, 3, 1, 12, 0, 0, 123_456_789, time.UTC)
	r := &record.Request{
		End: end, Skew: -1500 * time.Nanosecond, Vantage: record.VantageServer,
		Src:   record.Peer{ID: "src", Service: "src-s", Version: "src-v", Principal: "src-p", Source: record.IDMTLS},
		Dst:   record.Peer{ID: "dst", Service: "dst-s", Version: "dst-v", Principal: "dst-p", Source: record.IDReporter},
		Proxy: "proxy", LogName: "log", Route: "route", Method: "GET", Protocol: "http2", Cluster: "cluster", Upstream: "1.2.3.4:5",
		Code: 503, GRPCStatus: -1, Outcome: record.OutcomeOverflow, Flags: 1<<40 | 3, Details: "details", MTLS: record.MTLSMutual,
		Duration: 12_345, FirstByte: 678, Attempts: 4, RequestBytes: 10, ResponseBytes: 11, RequestID: "request-id", Attempt: 6,
		CallID: [16]byte{1}, TraceID: [16]byte{2}, SpanID: [8]byte{3},
	}
	block := sealedBy(t, &requestColumns{}, r)
	want := map[string]string{
		"ts": fmt.Sprint(end.UnixMicro()), "skew_us": "-1", "vantage": "server",
		"src": "src", "src_service": "src-s", "src_version": "src-v", "src_principal": "src-p", "src_source": "mtls",
		"dst": "dst", "dst_service": "dst-s", "dst_version": "dst-v", "dst_principal": "dst-p", "dst_source": "reporter",
		"proxy": "proxy", "log_name": "log", "route": "route", "method": "GET", "protocol": "http2", "cluster": "cluster",
		"upstream": "1.2.3.4:5", "code": "503", "grpc_status": "-1", "outcome": "overflow", "flags": fmt.Sprint(1<<40 | 3),
		"details": "details", "mtls": "mtls", "duration_us": "12345", "first_byte_us": "678", "attempts": "4", "attempt": "6",
		"request_bytes": "10", "response_bytes": "11", "call_id": hexOf(r.CallID[:]), "request_id": "request-id",
		"trace_id": hexOf(r.TraceID[:]), "span_id": hexOf(r.SpanID[:]),
		"duration_bin": fmt.Sprint(record.BinOf(12_345)), "first_byte_bin": fmt.Sprint(record.BinOf(678)),
		"block_id": "000000000000abcd0000000000000001",
	}
	if diff := cmp.Diff(want, decode(t, block.body).text(t, 0)); diff != "" {
		t.Error(diff)
	}
}

func TestRequestWithoutFirstByteHasNoBin(t *testing.T) {
	block := sealedBy(t, &requestColumns{}, &record.Request{Duration: 0, FirstByte: 0})
	row := decode(t, block.body).text(t, 0)
	if row["first_byte_bin"] != "-1" || row["duration_bin"] != "0" {
		t.Errorf("bins = %s and %s, want -1 and 0", row["first_byte_bin"], row["duration_bin"])
	}
}

func TestAttemptColumns(t *testing.T) {
	end := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a := &record.Attempt{
		End: end, Skew: time.Second,
		Src:   record.Peer{ID: "src", Service: "src-s", Version: "src-v"},
		Dst:   record.Peer{ID: "dst", Service: "dst-s", Version: "dst-v"},
		Proxy: "proxy", Route: "route", Method: "GET", Cluster: "cluster", Upstream: "1.2.3.4:5", Number: 2, Code: 504, GRPCStatus: 14,
		Outcome: record.OutcomeTimeout, Flags: 4, Failure: "failure", Duration: 7, FirstByte: 8, PoolWait: 9,
		CallID: [16]byte{15: 1}, RequestID: "request-id",
	}
	block := sealedBy(t, &attemptColumns{}, a)
	want := map[string]string{
		"ts": fmt.Sprint(end.UnixMicro()), "skew_us": "1000000", "src": "src", "src_service": "src-s", "src_version": "src-v",
		"dst": "dst", "dst_service": "dst-s", "dst_version": "dst-v", "proxy": "proxy", "route": "route", "method": "GET",
		"cluster": "cluster", "upstream": "1.2.3.4:5", "number": "2", "code": "504", "grpc_status": "14", "outcome": "timeout",
		"flags": "4", "failure": "failure", "duration_us": "7", "first_byte_us": "8", "pool_wait_us": "9",
		"call_id": hexOf(a.CallID[:]), "request_id": "request-id", "block_id": "000000000000abcd0000000000000001",
	}
	if diff := cmp.Diff(want, decode(t, block.body).text(t, 0)); diff != "" {
		t.Error(diff)
	}
}

func TestHeartbeatColumns(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	h := &record.Heartbeat{
		At: at, Collector: "c", Proxy: "p", CompleteThrough: at.Add(-time.Second), Requests: 1, Attempts: 2, Refused: 3, Clamped: 4,
		Started: at.Add(-time.Minute), Interim: 5,
	}
	block := sealedBy(t, &heartbeatColumns{}, h)
	want := map[string]string{
		"ts": fmt.Sprint(at.UnixMicro()), "collector": "c", "proxy": "p", "complete_through": fmt.Sprint(at.UnixMicro() - 1e6),
		"requests": "1", "attempts": "2", "refused": "3", "clamped": "4",
		"started": fmt.Sprint(at.UnixMicro() - 60e6), "interim": "5", "block_id": "000000000000abcd0000000000000001",
	}
	if diff := cmp.Diff(want, decode(t, block.body).text(t, 0)); diff != "" {
		t.Error(diff)
	}
}

// TestBlocksHaveTheColumnsOfTheSchema holds the names, types and order on the
// wire to the description that is compared with the server elsewhere.
func TestBlocksHaveTheColumnsOfTheSchema(t *testing.T) {
	for _, block := range []*sealed{
		sealedBy(t, &requestColumns{}, &record.Request{}),
		sealedBy(t, &attemptColumns{}, &record.Attempt{}),
		sealedBy(t, &heartbeatColumns{}, &record.Heartbeat{}),
	} {
		for _, table := range schema.Tables() {
			if table.Name != block.table {
				continue
			}
			got := decode(t, block.body)
			var columns []schema.Column
			for i, name := range got.names {
				columns = append(columns, schema.Column{Name: name, Type: got.types[i]})
			}
			if diff := cmp.Diff(table.Columns, columns); diff != "" {
				t.Errorf("%s: %s", block.table, diff)
			}
		}
	}
}

// TestColumnsAreUsedAgain checks that nothing of a block shows in the next.
func TestColumnsAreUsedAgain(t *testing.T) {
	g := newGenerator(1, time.Now())
	var first, second []*record.Request
	for range 500 {
		first, second = append(first, g.request()), append(second, g.request())
	}
	set := &requestColumns{}
	sealedBy(t, set, first...)
	got := decode(t, sealedBy(t, set, second...).body)
	for i, want := range second {
		row := got.text(t, i)
		if row["request_id"] != want.RequestID || row["src"] != want.Src.ID || row["duration_us"] != fmt.Sprint(want.Duration) {
			t.Fatalf("row %d = %v, want %+v", i, row, want)
		}
	}
}
