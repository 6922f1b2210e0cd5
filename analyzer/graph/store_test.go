package graph

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// openStore starts an engine with the schema. The first connection reads, as
// the analyzer's does; the second writes.
func openStore(t testing.TB) (reader, writer driver.Conn) {
	t.Helper()
	dsn := enginetest.Start(t)
	if err := schema.Ensure(t.Context(), dsn, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	parsed, err := query.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	writer, err = query.OpenWriter(parsed)
	if err != nil {
		t.Fatal(err)
	}
	reader, err = query.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, c := range []driver.Conn{reader, writer} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return reader, writer
}

// insert stores requests as the collector does: into the source of the views.
func insert(t *testing.T, conn driver.Conn, requests []record.Request) {
	t.Helper()
	b, err := conn.PrepareBatch(t.Context(), `INSERT INTO requests_in (ts, vantage, src, src_service, src_version,
		dst, dst_service, dst_version, route, method, protocol, outcome, mtls, duration_us, attempts, duration_bin, first_byte_bin)`)
	if err != nil {
		t.Fatal(err)
	}
	for i := range requests {
		r := &requests[i]
		err := b.Append(r.End, r.Vantage.String(), r.Src.ID, r.Src.Service, r.Src.Version, r.Dst.ID, r.Dst.Service, r.Dst.Version,
			r.Route, r.Method, r.Protocol, r.Outcome.String(), r.MTLS.String(), r.Duration, r.Attempts, int16(record.BinOf(r.Duration)), int16(-1))
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Send(); err != nil {
		t.Fatal(err)
	}
}

func heartbeat(t testing.TB, conn driver.Conn, at, completeThrough time.Time) {
	t.Helper()
	err := conn.Exec(t.Context(), `INSERT INTO heartbeats_in (ts, collector, proxy, complete_through)
		SELECT fromUnixTimestamp64Micro(?, 'UTC'), 'c1', '', fromUnixTimestamp64Micro(?, 'UTC')`, at.UnixMicro(), completeThrough.UnixMicro())
	if err != nil {
		t.Fatal(err)
	}
}

// recently returns a whole hour of the last day: the tables drop what is older
// than three days.
func recently() time.Time { return time.Now().UTC().Truncate(time.Hour).Add(-2 * time.Hour) }

// traffic makes random requests over all that the tables tell apart. Times
// cluster on bucket bounds, where an off-by-one would show.
func traffic(rng *rand.Rand, from time.Time, length time.Duration, n int) []record.Request {
	pick := func(from ...string) string { return from[rng.IntN(len(from))] }
	peer := func() record.Peer {
		service := pick("web", "reviews", "ratings")
		version := pick("", "v1", "v2")
		return record.Peer{ID: record.WorkloadID("m", "local", pick("default", "blue"), service+version), Service: service, Version: version}
	}
	out := make([]record.Request, n)
	for i := range out {
		at := from.Add(time.Duration(rng.Int64N(int64(length)))).Truncate(time.Microsecond)
		if rng.IntN(3) == 0 {
			at = at.Truncate(10 * time.Second).Add(time.Duration(rng.IntN(3)-1) * time.Microsecond)
		}
		src := peer()
		if rng.IntN(8) == 0 {
			src = record.Peer{ID: record.UnknownID(pick("default", "blue"))}
		}
		out[i] = record.Request{
			End: at, Src: src, Dst: peer(),
			Vantage:  record.Vantage(1 + rng.IntN(3)),
			Route:    pick("r1", "r2"),
			Method:   pick("GET", "POST"),
			Protocol: pick("http1", "http2"),
			Outcome:  record.Outcome(rng.IntN(len(record.OutcomeNames()))),
			MTLS:     record.MTLS(rng.IntN(4)),
			Duration: uint32(rng.Uint64() >> (32 + rng.IntN(32))),
			Attempts: uint8(rng.IntN(4)),
		}
	}
	return out
}

// oracle answers from the requests themselves.
func oracle(requests []record.Request, w window, f filter, withBins bool) *graphv1.GetGraphResponse {
	var counts []countRow
	var latencies []latencyRow
	for i := range requests {
		r := &requests[i]
		if r.End.Before(w.from) || !r.End.Before(w.to) || !f.keeps(r) {
			continue
		}
		c := countRow{
			Src: r.Src.ID, Dst: r.Dst.ID, SrcService: r.Src.Service, SrcVersion: r.Src.Version,
			DstService: r.Dst.Service, DstVersion: r.Dst.Version, Route: r.Route, Protocol: r.Protocol,
			Vantage: r.Vantage, Outcome: r.Outcome, Requests: 1, Attempts: uint64(r.Attempts),
			First: seenAt(r.End, w), Last: seenAt(r.End, w),
		}
		if r.MTLS != record.MTLSUnknown {
			c.MTLSKnown = 1
		}
		if r.MTLS == record.MTLSMutual {
			c.MTLSMutual = 1
		}
		counts = append(counts, c)
		latencies = append(latencies, latencyRow{
			Src: r.Src.ID, Dst: r.Dst.ID, Route: r.Route, Vantage: r.Vantage,
			Hist: histogram{record.BinOf(r.Duration): 1},
		})
	}
	answer := &graphv1.GetGraphResponse{Window: w.proto()}
	if len(counts) > 0 {
		answer.Nodes, answer.Edges = build(counts, latencies, options{length: w.length(), withBins: withBins})
	}
	return answer
}

func (f filter) keeps(r *record.Request) bool {
	inNamespace := func(id string) bool {
		return strings.HasPrefix(id, "m/local/"+f.namespace+"/") || id == "unknown/"+f.namespace
	}
	return (f.namespace == "" || inNamespace(r.Src.ID) || inNamespace(r.Dst.ID)) &&
		(f.service == "" || r.Src.Service == f.service || r.Dst.Service == f.service)
}

// TestEveryWindowIsExact compares answers over windows of every kind with what
// the requests themselves give.
func TestEveryWindowIsExact(t *testing.T) {
	reader, writer := openStore(t)
	rng := rand.New(rand.NewPCG(3, 14))
	start := recently()
	requests := traffic(rng, start, 10*time.Minute, 6_000)
	insert(t, writer, requests[:2500])
	insert(t, writer, requests[2500:])
	now := start.Add(15 * time.Minute)
	heartbeat(t, writer, now, now)
	service := New(reader, func() time.Time { return now })

	type query struct {
		from, to time.Duration
		f        filter
	}
	queries := []query{
		{0, 10 * time.Minute, filter{}},                                 // minutes only
		{10 * time.Second, 9*time.Minute + 50*time.Second, filter{}},    // 10 s and minutes
		{20 * time.Second, 50 * time.Second, filter{}},                  // 10 s only
		{3 * time.Second, 9 * time.Second, filter{}},                    // raw only, within a bucket
		{9 * time.Second, 11 * time.Second, filter{}},                   // raw only, over an edge
		{time.Microsecond, 10*time.Minute - time.Microsecond, filter{}}, // all three
		{0, 10 * time.Minute, filter{namespace: "blue"}},
		{0, 10 * time.Minute, filter{service: "ratings"}},
		{5 * time.Second, 5 * time.Minute, filter{namespace: "default", service: "web"}},
		{0, 10 * time.Minute, filter{namespace: "no'such"}},
	}
	for range 12 {
		a, b := time.Duration(rng.Int64N(int64(10*time.Minute))), time.Duration(rng.Int64N(int64(10*time.Minute)))
		queries = append(queries, query{min(a, b), max(a, b) + 2*time.Second, filter{}})
	}
	for _, q := range queries {
		t.Run(fmt.Sprintf("%s-%s-%s%s", q.from, q.to, q.f.namespace, q.f.service), func(t *testing.T) {
			req := &graphv1.GetGraphRequest{
				From: timestamppb.New(start.Add(q.from)), To: timestamppb.New(start.Add(q.to)),
				Namespace: q.f.namespace, Service: q.f.service, WithBins: true,
			}
			got, err := service.GetGraph(context.Background(), connect.NewRequest(req))
			if err != nil {
				t.Fatal(err)
			}
			w, err := resolve(req, now.Add(-5*time.Second), now)
			if err != nil {
				t.Fatal(err)
			}
			want := oracle(requests, w, q.f, true)
			if q.f.namespace != "no'such" && len(want.Edges) == 0 {
				t.Fatal("the oracle has no edges: the test shows nothing")
			}
			if !proto.Equal(want, got.Msg) {
				t.Errorf("answer differs from the requests (-want +got):\n%s", cmp.Diff(want, got.Msg, protocmp.Transform()))
			}
		})
	}
}

func TestAnswerEndsAtWatermark(t *testing.T) {
	reader, writer := openStore(t)
	start := recently()
	insert(t, writer, traffic(rand.New(rand.NewPCG(1, 2)), start, time.Minute, 500))
	now := start.Add(40 * time.Second)
	service := New(reader, func() time.Time { return now })
	call := func(req *graphv1.GetGraphRequest) (*connect.Response[graphv1.GetGraphResponse], error) {
		return service.GetGraph(t.Context(), connect.NewRequest(req))
	}

	_, err := call(&graphv1.GetGraphRequest{})
	if connect.CodeOf(err) != connect.CodeUnavailable {
		t.Errorf("without a collector: error %v, want unavailable", err)
	}

	heartbeat(t, writer, now, start.Add(30*time.Second))
	got, err := call(&graphv1.GetGraphRequest{From: timestamppb.New(start), To: timestamppb.New(start.Add(time.Minute))})
	if err != nil {
		t.Fatal(err)
	}
	mark := start.Add(25 * time.Second)
	want := window{start, mark, mark}.proto()
	if diff := cmp.Diff(want, got.Msg.Window, protocmp.Transform()); diff != "" {
		t.Errorf("window (-want +got):\n%s", diff)
	}
	if len(got.Msg.Edges) == 0 {
		t.Error("no edges before the watermark")
	}

	now = start.Add(30 * time.Minute) // nobody has reported since
	standing, err := call(&graphv1.GetGraphRequest{Window: durationpb.New(25 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.Msg, standing.Msg, protocmp.Transform()); diff != "" {
		t.Errorf("answer after the collector's death (-before +after):\n%s", diff)
	}

	got, err = call(&graphv1.GetGraphRequest{From: timestamppb.New(mark), To: timestamppb.New(start.Add(time.Minute))})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Msg.Edges) != 0 {
		t.Errorf("%d edges beyond the watermark", len(got.Msg.Edges))
	}
	if _, err := call(&graphv1.GetGraphRequest{From: timestamppb.New(mark), To: timestamppb.New(mark)}); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("empty window: error %v, want invalid_argument", err)
	}
}

// TestBinSQL compares the bins that the store computes from raw durations with
// record.BinOf around every edge of a decade and on random values.
func TestBinSQL(t *testing.T) {
	reader, _ := openStore(t)
	var values []uint32
	for unit := uint64(1); unit <= 1e9; unit *= 10 {
		for _, k := range []uint64{1, 2, 10, 11, 42, 99} {
			for _, delta := range []uint64{0, 1, 2} {
				if v := k*unit + delta - 1; v <= 1<<32-1 {
					values = append(values, uint32(v))
				}
			}
		}
	}
	rng := rand.New(rand.NewPCG(5, 5))
	for range 2000 {
		values = append(values, uint32(rng.Uint64()>>(32+rng.IntN(32))))
	}
	values = append(values, 1<<32-1)
	var got []int16
	err := reader.QueryRow(t.Context(), "SELECT arrayMap(us -> "+binSQL("us")+", ?::Array(UInt32))", values).Scan(&got)
	if err != nil {
		t.Fatal(err)
	}
	for i, us := range values {
		if want := record.BinOf(us); record.Bin(got[i]) != want {
			t.Errorf("bin of %d µs = %d, want %d", us, got[i], want)
		}
	}
}

// seenAt returns the start of the bucket that holds a moment, in Unix µs; the
// moment itself where raw rows answer.
func seenAt(at time.Time, w window) int64 {
	for _, s := range Split(w.from, w.to) {
		if !at.Before(s.From) && at.Before(s.To) && s.Grain != Raw {
			return at.Truncate(time.Duration(s.Grain)).UnixMicro()
		}
	}
	return at.UnixMicro()
}
