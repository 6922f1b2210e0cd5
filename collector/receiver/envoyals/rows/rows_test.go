package rows

import (
	"strings"
	"testing"
	"time"

	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// received is when the test entries arrive.
func received() time.Time { return alstest.Start().Add(time.Second) }

// decode turns a generated entry into a wire one.
func decode(t testing.TB, e *datav3.HTTPAccessLogEntry) *wire.Entry {
	t.Helper()
	b, err := proto.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var entry wire.Entry
	if err := entry.Decode(b); err != nil {
		t.Fatal(err)
	}
	return &entry
}

// decodeTCP is decode for a TCP entry.
func decodeTCP(t testing.TB, e *datav3.TCPAccessLogEntry) *wire.TCPEntry {
	t.Helper()
	b, err := proto.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var entry wire.TCPEntry
	if err := entry.Decode(b); err != nil {
		t.Fatal(err)
	}
	return &entry
}

// node returns the identifier of the test sidecar.
func node(t testing.TB, logName string) *wire.Node {
	t.Helper()
	b, err := proto.Marshal(alstest.Identifier(logName))
	if err != nil {
		t.Fatal(err)
	}
	var n wire.Node
	if err := n.Decode(b); err != nil {
		t.Fatal(err)
	}
	return &n
}

func newStream(t testing.TB) *Stream {
	t.Helper()
	return NewStream(NewReporter(node(t, "mesh.request")), NewCaps())
}

// request is the row of an entry, after a change to it.
func request(t testing.TB, e *datav3.HTTPAccessLogEntry, change func(*datav3.HTTPAccessLogEntry)) record.Request {
	t.Helper()
	if change != nil {
		change(e)
	}
	var r record.Request
	newStream(t).Request(decode(t, e), received(), &r)
	return r
}

func TestOutboundRequest(t *testing.T) {
	got := request(t, alstest.Outbound(), nil)
	want := record.Request{
		End:     alstest.Start().Add(42_000 * time.Microsecond),
		Vantage: record.VantageClient,
		Src:     record.Peer{ID: "bookinfo/local/shop/reviews-v2", Service: "reviews", Version: "v2", Source: record.IDReporter},
		Dst: record.Peer{
			ID: "bookinfo/local/shop/ratings-v1", Service: "ratings", Version: "v1",
			Principal: "spiffe://bookinfo/ns/shop/sa/ratings", Source: record.IDEndpointMetadata,
		},
		Proxy:        "sidecar~127.0.0.1~reviews-v2.shop~bookinfo",
		LogName:      "mesh.request",
		Route:        "ratings-default",
		Method:       "GET",
		Protocol:     "http1",
		Cluster:      "outbound|9080||ratings.shop",
		Upstream:     "127.0.0.1:9080",
		Code:         200,
		GRPCStatus:   -1,
		Outcome:      record.OutcomeOK,
		Flags:        record.FlagUO,
		Details:      "via_upstream",
		MTLS:         record.MTLSMutual,
		Duration:     42_000,
		FirstByte:    40_000,
		Attempts:     2,
		RequestBytes: 230, ResponseBytes: 1120,
		CallID:    [16]byte{0x01, 0x90, 0xa0, 0xb0, 0x11, 0x11, 0x72, 0x22, 0x83, 0x33, 0x44, 0x44, 0x55, 0x55, 0x66, 0x66},
		RequestID: "c0ffee00-0000-4000-8000-000000000001",
		TraceID:   [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
		SpanID:    [8]byte{0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outbound request (-want +got):\n%s", diff)
	}
}

func TestInboundRequest(t *testing.T) {
	got := request(t, alstest.Inbound(), nil)
	type side struct {
		Vantage  record.Vantage
		Src, Dst record.Peer
		MTLS     record.MTLS
		Protocol string
		Route    string
		Attempt  uint8
	}
	want := side{
		Vantage: record.VantageServer,
		Src: record.Peer{
			ID: "bookinfo/local/shop/productpage-v1", Service: "productpage", Version: "v1",
			Principal: "spiffe://bookinfo/ns/shop/sa/productpage", Source: record.IDPeerMetadata,
		},
		Dst: record.Peer{
			ID: "bookinfo/local/shop/reviews-v2", Service: "reviews", Version: "v2",
			Principal: "spiffe://bookinfo/ns/shop/sa/reviews", Source: record.IDReporter,
		},
		MTLS: record.MTLSMutual, Protocol: "http2", Route: "reviews", Attempt: 2,
	}
	if diff := cmp.Diff(want, side{got.Vantage, got.Src, got.Dst, got.MTLS, got.Protocol, got.Route, got.Attempt}); diff != "" {
		t.Errorf("inbound request (-want +got):\n%s", diff)
	}
}

func TestAttempt(t *testing.T) {
	var got record.Attempt
	newStream(t).Attempt(decode(t, alstest.Try()), received(), &got)
	want := record.Attempt{
		End: alstest.Start().Add(100 * time.Millisecond),
		Src: record.Peer{ID: "bookinfo/local/shop/reviews-v2", Service: "reviews", Version: "v2", Source: record.IDReporter},
		Dst: record.Peer{
			ID: "bookinfo/local/shop/ratings-v1", Service: "ratings", Version: "v1",
			Principal: "spiffe://bookinfo/ns/shop/sa/ratings", Source: record.IDEndpointMetadata,
		},
		Proxy: "sidecar~127.0.0.1~reviews-v2.shop~bookinfo", Route: "ratings-default", Method: "GET",
		Cluster: "outbound|9080||ratings.shop", Upstream: "127.0.0.1:9080",
		Number: 1, GRPCStatus: -1, Outcome: record.OutcomeTimeout, Flags: record.FlagUT, Failure: "connection reset",
		Duration: 100_000, PoolWait: 300,
		CallID:    [16]byte{0x01, 0x90, 0xa0, 0xb0, 0x11, 0x11, 0x72, 0x22, 0x83, 0x33, 0x44, 0x44, 0x55, 0x55, 0x66, 0x66},
		RequestID: "c0ffee00-0000-4000-8000-000000000001",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("try (-want +got):\n%s", diff)
	}
}

func TestEnd(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(*datav3.AccessLogCommon)
		end      time.Duration // after Start
		skew     time.Duration
		duration uint32
	}{
		"last byte sent": {func(*datav3.AccessLogCommon) {}, 42 * time.Millisecond, 0, 42_000},
		"caller left": {func(c *datav3.AccessLogCommon) {
			c.TimeToLastDownstreamTxByte = nil
		}, 42_500 * time.Microsecond, 0, 42_500},
		"last thing seen by an old Envoy": {func(c *datav3.AccessLogCommon) {
			c.Duration, c.TimeToLastDownstreamTxByte = nil, nil
		}, 41 * time.Millisecond, 0, 41_000},
		"nothing but a start": {func(c *datav3.AccessLogCommon) {
			c.Duration, c.TimeToLastDownstreamTxByte, c.TimeToFirstDownstreamTxByte = nil, nil, nil
			c.TimeToLastUpstreamRxByte, c.TimeToLastRxByte = nil, nil
		}, 0, 0, 0},
		"clock behind": {func(c *datav3.AccessLogCommon) {
			c.StartTime = timestamppb.New(alstest.Start().Add(-2 * time.Hour))
		}, time.Second - time.Hour, -2*time.Hour + 42_000*time.Microsecond - time.Second + time.Hour, 42_000},
		"clock ahead": {func(c *datav3.AccessLogCommon) {
			c.StartTime = timestamppb.New(alstest.Start().Add(time.Hour))
		}, 11 * time.Second, time.Hour + 42_000*time.Microsecond - 11*time.Second, 42_000},
		"negative duration": {func(c *datav3.AccessLogCommon) {
			c.TimeToLastDownstreamTxByte, c.Duration = nil, durationpb.New(-time.Millisecond)
		}, -time.Millisecond, 0, 0},
		"absurd duration": {func(c *datav3.AccessLogCommon) {
			c.TimeToLastDownstreamTxByte, c.Duration = nil, &durationpb.Duration{Seconds: 1 << 60}
		}, 11 * time.Second, 1_000_000_000*time.Second - 11*time.Second, 1<<32 - 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := request(t, alstest.Outbound(), func(e *datav3.HTTPAccessLogEntry) { test.change(e.CommonProperties) })
			if end := got.End.Sub(alstest.Start()); end != test.end || got.Skew != test.skew || got.Duration != test.duration {
				t.Errorf("ended at %v (skew %v) after %d µs, want %v (%v), %d", end, got.Skew, got.Duration, test.end, test.skew, test.duration)
			}
		})
	}
}

func TestOutcome(t *testing.T) {
	answer := func(code uint32, details string, flags *datav3.ResponseFlags) func(*datav3.HTTPAccessLogEntry) {
		return func(e *datav3.HTTPAccessLogEntry) {
			e.CommonProperties.ResponseFlags = flags
			e.Response.ResponseCode.Value, e.Response.ResponseCodeDetails = code, details
		}
	}
	for name, test := range map[string]struct {
		change   func(*datav3.HTTPAccessLogEntry)
		want     record.Outcome
		attempts uint8
	}{
		"retry refused, answered": {answer(200, "via_upstream", &datav3.ResponseFlags{UpstreamOverflow: true}), record.OutcomeOK, 2},
		"server error":            {answer(500, "via_upstream", nil), record.OutcomeServerError, 2},
		"route timeout":           {answer(504, "response_timeout", &datav3.ResponseFlags{UpstreamRequestTimeout: true}), record.OutcomeTimeout, 2},
		"breaker":                 {answer(503, "overflow", &datav3.ResponseFlags{UpstreamOverflow: true}), record.OutcomeOverflow, 2},
		"no healthy host":         {answer(503, "no_healthy_upstream", &datav3.ResponseFlags{NoHealthyUpstream: true}), record.OutcomeNoHealthy, 1},
		"denied":                  {answer(403, "ext_authz_denied", &datav3.ResponseFlags{UnauthorizedDetails: &datav3.ResponseFlags_Unauthorized{}}), record.OutcomeDenied, 2},
		"no answer":               {func(e *datav3.HTTPAccessLogEntry) { answer(0, "", nil)(e); e.Response = nil }, record.OutcomeUnknown, 2},
		"caller left":             {answer(0, "downstream_remote_disconnect", &datav3.ResponseFlags{DownstreamConnectionTermination: true}), record.OutcomeClientGone, 2},
	} {
		t.Run(name, func(t *testing.T) {
			got := request(t, alstest.Outbound(), test.change)
			if got.Outcome != test.want || got.Attempts != test.attempts {
				t.Errorf("got %v after %d attempts, want %v after %d", got.Outcome, got.Attempts, test.want, test.attempts)
			}
		})
	}
}

func TestProtocol(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(*datav3.HTTPAccessLogEntry)
		protocol string
		status   int8
		outcome  record.Outcome
	}{
		"http/1.0": {func(e *datav3.HTTPAccessLogEntry) { e.ProtocolVersion = datav3.HTTPAccessLogEntry_HTTP10 }, "http1", -1, record.OutcomeOK},
		"http/2":   {func(e *datav3.HTTPAccessLogEntry) { e.ProtocolVersion = datav3.HTTPAccessLogEntry_HTTP2 }, "http2", -1, record.OutcomeOK},
		"http/3":   {func(e *datav3.HTTPAccessLogEntry) { e.ProtocolVersion = datav3.HTTPAccessLogEntry_HTTP3 }, "http3", -1, record.OutcomeOK},
		"not told": {func(e *datav3.HTTPAccessLogEntry) { e.ProtocolVersion = 0 }, "", -1, record.OutcomeOK},
		"grpc by trailer": {func(e *datav3.HTTPAccessLogEntry) {
			e.Response.ResponseTrailers = map[string]string{"grpc-status": "4"}
		}, "grpc", 4, record.OutcomeTimeout},
		"grpc, trailers only": {func(e *datav3.HTTPAccessLogEntry) {
			e.Response.ResponseHeaders = map[string]string{"grpc-status": "0"}
		}, "grpc", 0, record.OutcomeOK},
		"trailer before header": {func(e *datav3.HTTPAccessLogEntry) {
			e.Response.ResponseHeaders = map[string]string{"grpc-status": "0"}
			e.Response.ResponseTrailers = map[string]string{"grpc-status": "13"}
		}, "grpc", 13, record.OutcomeServerError},
		"grpc by content type": {func(e *datav3.HTTPAccessLogEntry) {
			e.Request.RequestHeaders["content-type"] = "application/grpc+proto"
		}, "grpc", -1, record.OutcomeOK},
		"grpc-web is http": {func(e *datav3.HTTPAccessLogEntry) {
			e.Request.RequestHeaders["content-type"] = "application/grpc-web"
		}, "http1", -1, record.OutcomeOK},
		"status not a number": {func(e *datav3.HTTPAccessLogEntry) {
			e.Response.ResponseTrailers = map[string]string{"grpc-status": "fine"}
		}, "http1", -1, record.OutcomeOK},
	} {
		t.Run(name, func(t *testing.T) {
			got := request(t, alstest.Outbound(), test.change)
			if got.Protocol != test.protocol || got.GRPCStatus != test.status || got.Outcome != test.outcome {
				t.Errorf("got %q, status %d, %v; want %q, %d, %v", got.Protocol, got.GRPCStatus, got.Outcome, test.protocol, test.status, test.outcome)
			}
		})
	}
}

func TestSecurity(t *testing.T) {
	tags := func(set map[string]string) func(*datav3.HTTPAccessLogEntry) {
		return func(e *datav3.HTTPAccessLogEntry) {
			e.CommonProperties.TlsProperties = nil
			e.CommonProperties.CustomTags = set
		}
	}
	for name, test := range map[string]struct {
		change func(*datav3.HTTPAccessLogEntry)
		want   record.MTLS
	}{
		"inbound plaintext": {tags(map[string]string{"mesh.direction": "inbound"}), record.MTLSNone},
		"inbound plaintext, sniffed name": {func(e *datav3.HTTPAccessLogEntry) {
			tags(map[string]string{"mesh.direction": "inbound"})(e)
			e.CommonProperties.TlsProperties = &datav3.TLSProperties{TlsSniHostname: "reviews"}
		}, record.MTLSNone},
		"inbound TLS":    {tags(map[string]string{"mesh.direction": "inbound", "conn.tls": "TLSv1.3"}), record.MTLSTLS},
		"inbound mutual": {tags(map[string]string{"mesh.direction": "inbound", "conn.tls": "TLSv1.3", "src.principal": "spiffe://a"}), record.MTLSMutual},
		"outbound plaintext": {
			tags(map[string]string{"mesh.direction": "outbound", "conn.tls": "TLSv1.3"}), record.MTLSNone,
		},
		"outbound TLS":    {tags(map[string]string{"mesh.direction": "outbound", "up.tls": "TLSv1.3"}), record.MTLSTLS},
		"outbound mutual": {tags(map[string]string{"mesh.direction": "outbound", "up.tls": "TLSv1.3", "dst.principal": "spiffe://a"}), record.MTLSMutual},
		"no connection": {func(e *datav3.HTTPAccessLogEntry) {
			tags(map[string]string{"mesh.direction": "outbound"})(e)
			e.CommonProperties.TimeToFirstUpstreamTxByte = nil
		}, record.MTLSUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			if got := request(t, alstest.Outbound(), test.change).MTLS; got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestBorrowed makes sure that what outlives an entry does not borrow from it.
func TestBorrowed(t *testing.T) {
	b, err := proto.Marshal(alstest.Inbound())
	if err != nil {
		t.Fatal(err)
	}
	s := newStream(t)
	var (
		entry wire.Entry
		r     record.Request
	)
	if err := entry.Decode(b); err != nil {
		t.Fatal(err)
	}
	s.Request(&entry, received(), &r)
	kept := []string{r.Src.ID, r.Src.Service, r.Src.Version, r.Src.Principal, r.Dst.ID, r.Dst.Principal, r.Route, r.Upstream, r.Proxy, r.LogName}
	want := strings.Join(kept, " ")
	for i := range b {
		b[i] = 'x'
	}
	if got := strings.Join(kept, " "); got != want {
		t.Errorf("the message was reused, and the names became %q", got)
	}
}

func TestNoAllocations(t *testing.T) {
	s := newStream(t)
	out, in, try := decode(t, alstest.Outbound()), decode(t, alstest.Inbound()), decode(t, alstest.Try())
	var (
		r record.Request
		a record.Attempt
	)
	now := received()
	allocs := testing.AllocsPerRun(100, func() {
		for _, e := range []*wire.Entry{out, in} {
			if kind, _ := KindOf(e, "mesh.request"); kind != Request {
				t.Fatalf("kind %v", kind)
			}
			s.Request(e, now, &r)
		}
		s.Attempt(try, now, &a)
	})
	if allocs != 0 {
		t.Errorf("three rows took %v allocations, want none", allocs)
	}
}

func BenchmarkRequest(b *testing.B) {
	s, e, now := newStream(b), decode(b, alstest.Outbound()), received()
	var r record.Request
	for b.Loop() {
		s.Request(e, now, &r)
	}
	b.ReportAllocs()
}
