package observe

import (
	"fmt"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"google.golang.org/protobuf/types/known/durationpb"

	observev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

func openStore(t *testing.T) (reader, writer driver.Conn) {
	t.Helper()
	dsn := enginetest.Start(t)
	if err := schema.Ensure(t.Context(), dsn, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	parsed, err := query.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if writer, err = query.OpenWriter(parsed); err != nil {
		t.Fatal(err)
	}
	if reader, err = query.Open(dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		reader.Close()
		writer.Close()
	})
	return reader, writer
}

const (
	call  = "5c0a1f64-94b6-4f0c-9d8e-0b6a3c1f2d47"
	trace = "4bf92f3577b34da6a3ce929d0e0e4736"
)

// store one call of web to reviews, seen by both proxies, with two tries, a
// span, a log and configuration; and another call.
func fillStore(t *testing.T, conn driver.Conn, end time.Time) {
	t.Helper()
	at := func(d time.Duration) string {
		return fmt.Sprintf("fromUnixTimestamp64Micro(%d, 'UTC')", end.Add(d).UnixMicro())
	}
	ids := "unhex('5c0a1f6494b64f0c9d8e0b6a3c1f2d47') AS call_id, 'req-1' AS request_id, unhex('" + trace + "') AS trace_id, unhex('00f067aa0ba902b7') AS span_id"
	peers := "'m/c/shop/web' AS src, 'web' AS src_service, 'm/c/shop/reviews-v1' AS dst, 'reviews' AS dst_service, 'v1' AS dst_version, 'r' AS route"
	for _, sql := range []string{
		"INSERT INTO requests_in (ts, vantage, src, src_service, dst, dst_service, dst_version, route, outcome, code, grpc_status, flags, duration_us, first_byte_us, attempts, call_id, request_id, trace_id, span_id, block_id, duration_bin, first_byte_bin) SELECT " +
			at(0) + ", 'client', " + peers + ", 'timeout', 504, -1, " + fmt.Sprint(uint64(record.FlagUT)) + ", 30000, 20000, 2, " + ids + ", unhex('00000000000000000000000000000001'), 0, 0",
		"INSERT INTO requests_in (ts, vantage, src, src_service, dst, dst_service, dst_version, route, outcome, code, grpc_status, duration_us, attempt, call_id, request_id, trace_id, span_id, block_id, duration_bin, first_byte_bin) SELECT " +
			at(-5*time.Millisecond) + ", 'server', " + peers + ", 'ok', 200, 0, 10000, 2, " + ids + ", unhex('00000000000000000000000000000002'), 0, 0",
		"INSERT INTO requests_in (ts, vantage, src, src_service, dst, dst_service, outcome, duration_us, block_id, duration_bin, first_byte_bin) SELECT " +
			at(time.Second) + ", 'client', 'm/c/shop/web', 'web', 'external/api', '', 'ok', 100, unhex('00000000000000000000000000000002'), 0, 0",
		"INSERT INTO attempts_in (ts, src, dst, number, outcome, code, grpc_status, duration_us, pool_wait_us, first_byte_us, call_id) SELECT " +
			at(-15*time.Millisecond) + ", 'm/c/shop/web', 'm/c/shop/reviews-v1', 1, 'timeout', 0, -1, 15000, 1000, 0, unhex('5c0a1f6494b64f0c9d8e0b6a3c1f2d47')",
		"INSERT INTO attempts_in (ts, src, dst, number, outcome, code, grpc_status, duration_us, pool_wait_us, first_byte_us, call_id) SELECT " +
			at(0) + ", 'm/c/shop/web', 'm/c/shop/reviews-v1', 2, 'timeout', 0, -1, 14000, 0, 2000, unhex('5c0a1f6494b64f0c9d8e0b6a3c1f2d47')",
		"INSERT INTO spans_in (start, duration_us, trace_id, span_id, kind, status, name, service) SELECT " + at(-30*time.Millisecond) + ", 30000, unhex('" + trace + "'), unhex('00f067aa0ba902b7'), 'client', 'error', 'GET', 'web'",
		"INSERT INTO logs_in (ts, trace_id, severity, service, body) SELECT " + at(-time.Millisecond) + ", unhex('" + trace + "'), 17, 'reviews', 'out of luck'",
		"INSERT INTO config_changes_in (ts, source, action, kind, namespace, name, generation) SELECT " + at(-time.Hour) + ", 'mesh', 'applied', 'VirtualService', 'shop', 'reviews', 3",
		"INSERT INTO config_changes_in (ts, source, action, kind, namespace, name, generation) SELECT " + at(-time.Minute) + ", 'tune', 'applied', 'VirtualService', 'shop', 'reviews', 4",
		"INSERT INTO config_changes_in (ts, source, action, kind, namespace, name, generation) SELECT " + at(-time.Minute) + ", 'mesh', 'withdrawn', 'VirtualService', 'shop', 'gone', 2",
		"INSERT INTO config_changes_in (ts, source, action, kind, namespace, name, generation) SELECT " + at(time.Minute) + ", 'mesh', 'applied', 'VirtualService', 'shop', 'reviews', 5",
		"INSERT INTO heartbeats_in (ts, collector, proxy, complete_through) SELECT " + at(10*time.Second) + ", 'c1', '', " + at(10*time.Second),
	} {
		if err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

func TestOnTheStore(t *testing.T) {
	reader, writer := openStore(t)
	end := time.Now().UTC().Truncate(time.Second).Add(-10 * time.Minute)
	now := end.Add(12 * time.Second)
	service := New(reader, func() time.Time { return now }, nil)

	_, err := service.OpenRequest(t.Context(), connect.NewRequest(&observev1.OpenRequestRequest{CallId: call}))
	if connect.CodeOf(err) != connect.CodeUnavailable {
		t.Errorf("without a watermark: %v, want unavailable", err)
	}
	fillStore(t, writer, end)

	for name, c := range map[string]struct {
		filter *observev1.Filter
		want   int
	}{
		"all":             {nil, 3},
		"caller":          {&observev1.Filter{From: "web"}, 3},
		"destination":     {&observev1.Filter{To: "reviews"}, 2},
		"node":            {&observev1.Filter{To: "external/api"}, 1},
		"route":           {&observev1.Filter{Route: "r"}, 2},
		"failed":          {&observev1.Filter{Outcomes: []string{"failed"}}, 1},
		"two outcomes":    {&observev1.Filter{Outcomes: []string{"ok", "timeout"}}, 3},
		"slow":            {&observev1.Filter{SlowerThan: durationpb.New(10 * time.Millisecond)}, 1},
		"flag":            {&observev1.Filter{Flags: []string{"ut", "UO"}}, 1},
		"trace":           {&observev1.Filter{TraceId: trace}, 2},
		"vantage":         {&observev1.Filter{Vantages: []string{"server"}}, 1},
		"all of it":       {&observev1.Filter{To: "reviews", Vantages: []string{"server"}, Outcomes: []string{"failed"}}, 0},
		"no SQL in names": {&observev1.Filter{To: "x' OR 1=1 --"}, 0},
	} {
		c0, err := where(c.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []*observev1.RequestRow
		err = service.observe(t.Context(), &observev1.ObserveRequest{Last: 10}, c0, func(m *observev1.ObserveResponse) error {
			if r := m.GetRow(); r != nil {
				got = append(got, r)
			}
			return nil
		})
		if err != nil || len(got) != c.want {
			t.Errorf("%s: %d rows, error %v, want %d", name, len(got), err, c.want)
		}
		for i := 1; i < len(got); i++ {
			if got[i].At.AsTime().Before(got[i-1].At.AsTime()) {
				t.Errorf("%s: rows are out of order", name)
			}
		}
	}

	a, err := service.OpenRequest(t.Context(), connect.NewRequest(&observev1.OpenRequestRequest{CallId: call}))
	if err != nil {
		t.Fatal(err)
	}
	m := a.Msg
	if len(m.Requests) != 2 || len(m.Tries) != 2 || len(m.Spans) != 1 || len(m.Logs) != 1 || len(m.Config) != 1 {
		t.Fatalf("%d requests, %d tries, %d spans, %d logs, %d objects: %v", len(m.Requests), len(m.Tries), len(m.Spans), len(m.Logs), len(m.Config), m)
	}
	if g := m.Config[0]; g.Generation != 4 || g.Source != "tune" {
		t.Errorf("in force is generation %d of %s, want 4 of tune", g.Generation, g.Source)
	}
	if r := m.Requests[1]; r.CallId != call || r.TraceId != trace || len(r.Flags) != 1 || r.Flags[0] != "UT" || r.GrpcStatus != nil || r.Vantage != "client" {
		t.Errorf("the caller's row is %v", r)
	}
	if len(m.Moments) != 2+3+3+3 || m.Moments[0].What != "request_begin" || m.Moments[10].What != "request_end" || m.Moments[10].OffsetUs != 30_000 {
		t.Errorf("moments %v", m.Moments)
	}
	for _, row := range m.Moments {
		if row.Vantage == "" || row.Source == "" {
			t.Errorf("%v does not name its vantage and source", row)
		}
	}
	byRequest, err := service.OpenRequest(t.Context(), connect.NewRequest(&observev1.OpenRequestRequest{RequestId: "req-1"}))
	if err != nil || len(byRequest.Msg.Requests) != 2 {
		t.Errorf("by request id: %v, error %v", byRequest, err)
	}
	_, err = service.OpenRequest(t.Context(), connect.NewRequest(&observev1.OpenRequestRequest{TraceId: "00000000000000000000000000000001"}))
	if connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("unknown trace: %v, want not_found", err)
	}
}
