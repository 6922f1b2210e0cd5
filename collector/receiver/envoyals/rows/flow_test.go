package rows

import (
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

// flow is the row of a TCP entry, after a change to it.
func flow(t testing.TB, e *datav3.TCPAccessLogEntry, change func(*datav3.AccessLogCommon)) record.Flow {
	t.Helper()
	if change != nil {
		change(e.CommonProperties)
	}
	var f record.Flow
	newStream(t).Flow(decodeTCP(t, e), received(), &f)
	return f
}

func TestFlow(t *testing.T) {
	got := flow(t, alstest.Connection(), nil)
	want := record.Flow{
		End:     alstest.Start(),
		Source:  "als",
		Vantage: record.VantageL4Client,
		Src:     record.Peer{ID: "bookinfo/local/shop/reviews-v2", Service: "reviews", Version: "v2", Source: record.IDReporter},
		Dst: record.Peer{
			ID: "bookinfo/local/data/db-0", Service: "db", Principal: "spiffe://bookinfo/ns/data/sa/db", Source: record.IDEndpointMetadata,
		},
		Proxy:    "sidecar~127.0.0.1~reviews-v2.shop~bookinfo",
		Protocol: "tcp",
		Cluster:  "outbound|5432||db.data",
		Upstream: "10.0.0.9:5432",
		Outcome:  record.OutcomeOK,
		MTLS:     record.MTLSMutual,
		Duration: 120_000_000, Sent: 4_000, Received: 250_000, Opened: 1, Closed: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("flow (-want +got):\n%s", diff)
	}
}

func TestArrivingFlow(t *testing.T) {
	got := flow(t, alstest.Arrival(), nil)
	if got.Vantage != record.VantageL4Server || got.MTLS != record.MTLSMutual {
		t.Errorf("vantage %v, %v; want l4_server, mtls", got.Vantage, got.MTLS)
	}
	page := record.Peer{
		ID: "bookinfo/local/shop/productpage-v1", Service: "productpage", Version: "v1",
		Principal: "spiffe://bookinfo/ns/shop/sa/productpage", Source: record.IDPeerMetadata,
	}
	reviews := record.Peer{
		ID: "bookinfo/local/shop/reviews-v2", Service: "reviews", Version: "v2",
		Principal: "spiffe://bookinfo/ns/shop/sa/reviews", Source: record.IDReporter,
	}
	if got.Src != page || got.Dst != reviews {
		t.Errorf("%+v → %+v; want %+v → %+v", got.Src, got.Dst, page, reviews)
	}
}

// TestFlowOutcome says for each way that a connection ends whether it came to
// be.
func TestFlowOutcome(t *testing.T) {
	type flags = datav3.ResponseFlags
	for name, test := range map[string]struct {
		flags                   *flags
		details                 string
		want                    record.Outcome
		opened, failed, refused uint32
	}{
		"closed":                      {nil, "", record.OutcomeOK, 1, 0, 0},
		"closed, by name":             {nil, "idle_timeout", record.OutcomeOK, 1, 0, 0},
		"delayed only":                {&flags{DelayInjected: true}, "", record.OutcomeOK, 1, 0, 0},
		"cut by the server":           {&flags{UpstreamConnectionTermination: true}, "", record.OutcomeResetUp, 1, 0, 0},
		"client left":                 {&flags{DownstreamConnectionTermination: true}, "", record.OutcomeClientGone, 1, 0, 0},
		"open for too long":           {&flags{DurationTimeout: true}, "", record.OutcomeTimeout, 1, 0, 0},
		"idle for too long":           {&flags{StreamIdleTimeout: true}, "", record.OutcomeTimeout, 1, 0, 0},
		"refused":                     {&flags{UpstreamConnectionFailure: true}, "", record.OutcomeConnectFail, 0, 1, 0},
		"refused each time":           {&flags{UpstreamConnectionFailure: true, UpstreamRetryLimitExceeded: true}, "", record.OutcomeConnectFail, 0, 1, 0},
		"no host":                     {&flags{NoHealthyUpstream: true}, "", record.OutcomeNoHealthy, 0, 1, 0},
		"no cluster":                  {&flags{NoClusterFound: true}, "", record.OutcomeNoCluster, 0, 1, 0},
		"no filter chain":             {&flags{NoRouteFound: true}, "", record.OutcomeNoRoute, 0, 1, 0},
		"no address":                  {&flags{DnsResolutionFailure: true}, "", record.OutcomeDNSFail, 0, 1, 0},
		"tries used up":               {&flags{UpstreamRetryLimitExceeded: true}, "", record.OutcomeRetryExhausted, 0, 1, 0},
		"denied":                      {nil, "rbac_access_denied_matched_policy[none]", record.OutcomeDenied, 0, 1, 0},
		"breaker":                     {&flags{UpstreamOverflow: true}, "", record.OutcomeOverflow, 0, 0, 1},
		"overload":                    {&flags{OverloadManager: true}, "", record.OutcomeOverload, 0, 0, 1},
		"rate limited":                {&flags{RateLimited: true}, "", record.OutcomeRateLimited, 0, 0, 1},
		"breaker, seen as a failure:": {&flags{UpstreamOverflow: true, UpstreamConnectionFailure: true}, "", record.OutcomeOverflow, 0, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := flow(t, alstest.Connection(), func(c *datav3.AccessLogCommon) {
				c.ResponseFlags, c.ConnectionTerminationDetails = test.flags, test.details
			})
			if got.Outcome != test.want || got.Opened != test.opened || got.Closed != test.opened || got.Failed != test.failed || got.Refused != test.refused {
				t.Errorf("got %v: opened %d, closed %d, failed %d, refused %d; want %v: %d, %d, %d, %d",
					got.Outcome, got.Opened, got.Closed, got.Failed, got.Refused, test.want, test.opened, test.opened, test.failed, test.refused)
			}
		})
	}
}

// TestEachOutcomeOfAFlow counts a connection exactly once, whatever became of
// it.
func TestEachOutcomeOfAFlow(t *testing.T) {
	for o := range len(record.OutcomeNames()) {
		f := record.Flow{Outcome: record.Outcome(o)}
		countConnection(&f)
		if f.Opened != f.Closed || f.Opened+f.Failed+f.Refused != 1 {
			t.Errorf("%v: opened %d, closed %d, failed %d, refused %d", f.Outcome, f.Opened, f.Closed, f.Failed, f.Refused)
		}
	}
}

func TestFlowDetails(t *testing.T) {
	for name, test := range map[string]struct {
		ended, failure, want string
	}{
		"both":    {"idle", "refused", "idle"},
		"ended":   {"idle", "", "idle"},
		"failure": {"", "refused", "refused"},
		"none":    {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := flow(t, alstest.Connection(), func(c *datav3.AccessLogCommon) {
				c.ConnectionTerminationDetails, c.UpstreamTransportFailureReason = test.ended, test.failure
			})
			if got.Details != test.want {
				t.Errorf("got %q, want %q", got.Details, test.want)
			}
		})
	}
}

func TestFlowSecurity(t *testing.T) {
	for name, test := range map[string]struct {
		entry  func() *datav3.TCPAccessLogEntry
		change func(*datav3.AccessLogCommon)
		want   record.MTLS
	}{
		"outbound, mutual": {alstest.Connection, nil, record.MTLSMutual},
		"outbound, server's certificate only": {alstest.Connection, func(c *datav3.AccessLogCommon) {
			delete(c.CustomTags, "dst.principal")
		}, record.MTLSTLS},
		"outbound, plaintext": {alstest.Connection, func(c *datav3.AccessLogCommon) {
			c.CustomTags = map[string]string{"mesh.direction": "outbound"}
		}, record.MTLSNone},
		"outbound, without our tags": {alstest.Connection, func(c *datav3.AccessLogCommon) { c.CustomTags = nil }, record.MTLSUnknown},
		"outbound, not made": {alstest.Connection, func(c *datav3.AccessLogCommon) {
			c.ResponseFlags = &datav3.ResponseFlags{UpstreamConnectionFailure: true}
		}, record.MTLSUnknown},
		"inbound, mutual":    {alstest.Arrival, nil, record.MTLSMutual},
		"inbound, plaintext": {alstest.Arrival, func(c *datav3.AccessLogCommon) { c.TlsProperties = nil }, record.MTLSNone},
		"inbound, no client certificate": {alstest.Arrival, func(c *datav3.AccessLogCommon) {
			c.TlsProperties.PeerCertificateProperties = nil
		}, record.MTLSTLS},
		"inbound, passed on unread": {alstest.Arrival, func(c *datav3.AccessLogCommon) {
			c.TlsProperties = &datav3.TLSProperties{TlsSniHostname: "db.data"}
		}, record.MTLSUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			if got := flow(t, test.entry(), test.change).MTLS; got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestFlowProtocol(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*datav3.AccessLogCommon)
		want   string
	}{
		"TCP": {nil, "tcp"},
		"UDP": {func(c *datav3.AccessLogCommon) { c.AccessLogType = datav3.AccessLogType_UdpSessionEnd }, "udp"},
		"TLS that the proxy ended": {func(c *datav3.AccessLogCommon) {
			c.TlsProperties = &datav3.TLSProperties{TlsVersion: datav3.TLSProperties_TLSv1_3, TlsSniHostname: "x"}
		}, "tcp"},
		"TLS of the application": {func(c *datav3.AccessLogCommon) { c.TlsProperties = &datav3.TLSProperties{TlsSniHostname: "x"} }, "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := flow(t, alstest.Connection(), test.change).Protocol; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestFlowTime clamps as requests are clamped, and has room for connections that
// were open for days.
func TestFlowTime(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(*datav3.AccessLogCommon)
		end      time.Duration // after alstest.Start
		skew     time.Duration
		duration uint64
	}{
		"as told": {func(*datav3.AccessLogCommon) {}, 0, 0, 120_000_000},
		"ten days": {func(c *datav3.AccessLogCommon) {
			c.StartTime = timestamppb.New(alstest.Start().Add(-240 * time.Hour))
			c.Duration = durationpb.New(240 * time.Hour)
		}, 0, 0, 864_000_000_000},
		"clock behind": {func(c *datav3.AccessLogCommon) {
			c.StartTime = timestamppb.New(alstest.Start().Add(-3 * time.Hour))
		}, time.Second - time.Hour, -3*time.Hour + 2*time.Minute - time.Second + time.Hour, 120_000_000},
		"1970": {func(c *datav3.AccessLogCommon) {
			c.StartTime = &timestamppb.Timestamp{}
		}, time.Second - time.Hour, time.Unix(120, 0).Sub(alstest.Start().Add(time.Second - time.Hour)), 120_000_000},
		"no duration": {func(c *datav3.AccessLogCommon) {
			c.Duration = nil
		}, -2 * time.Minute, 0, 0},
		"last thing seen by an old Envoy": {func(c *datav3.AccessLogCommon) {
			c.Duration, c.TimeToLastUpstreamRxByte = nil, durationpb.New(time.Minute)
		}, -time.Minute, 0, 60_000_000},
		"negative": {func(c *datav3.AccessLogCommon) {
			c.Duration = durationpb.New(-time.Minute)
		}, -3 * time.Minute, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := flow(t, alstest.Connection(), test.change)
			if end := got.End.Sub(alstest.Start()); end != test.end || got.Skew != test.skew || got.Duration != test.duration {
				t.Errorf("ended at %v (skew %v) after %d µs, want %v (%v), %d", end, got.Skew, got.Duration, test.end, test.skew, test.duration)
			}
		})
	}
}

func TestKindOfTCP(t *testing.T) {
	typed := func(typ datav3.AccessLogType) func(*datav3.AccessLogCommon) {
		return func(c *datav3.AccessLogCommon) { c.AccessLogType = typ }
	}
	for name, test := range map[string]struct {
		change func(*datav3.AccessLogCommon)
		kind   Kind
		reason Reason
	}{
		"closed":       {typed(datav3.AccessLogType_TcpConnectionEnd), Flow, 0},
		"session over": {typed(datav3.AccessLogType_UdpSessionEnd), Flow, 0},
		"old Envoy":    {typed(datav3.AccessLogType_NotSet), Flow, 0},
		"old Envoy, interim": {func(c *datav3.AccessLogCommon) {
			c.AccessLogType = datav3.AccessLogType_NotSet
			c.IntermediateLogEntry = true //nolint:staticcheck // deprecated, and all that an old Envoy says
		}, Interim, 0},
		"connected":          {typed(datav3.AccessLogType_TcpUpstreamConnected), Interim, 0},
		"periodic":           {typed(datav3.AccessLogType_TcpPeriodic), Interim, 0},
		"periodic, UDP":      {typed(datav3.AccessLogType_UdpPeriodic), Interim, 0},
		"tunnel":             {typed(datav3.AccessLogType_UdpTunnelUpstreamConnected), Interim, 0},
		"of a request":       {typed(datav3.AccessLogType_DownstreamEnd), Interim, 0},
		"of the future":      {typed(99), Interim, 0},
		"no start":           {func(c *datav3.AccessLogCommon) { c.StartTime = nil }, Unusable, NoStart},
		"no direction":       {func(c *datav3.AccessLogCommon) { c.CustomTags, c.UpstreamCluster = nil, "db" }, Unusable, NoDirection},
		"direction by name":  {func(c *datav3.AccessLogCommon) { c.CustomTags = nil }, Flow, 0},
		"interim, no start":  {func(c *datav3.AccessLogCommon) { c.StartTime = nil; typed(datav3.AccessLogType_TcpPeriodic)(c) }, Interim, 0},
		"inbound, by a name": {func(c *datav3.AccessLogCommon) { c.CustomTags, c.UpstreamCluster = nil, "inbound|5432||" }, Flow, 0},
	} {
		t.Run(name, func(t *testing.T) {
			e := alstest.Connection()
			test.change(e.CommonProperties)
			if kind, reason := KindOfTCP(decodeTCP(t, e)); kind != test.kind || reason != test.reason {
				t.Errorf("got kind %d, reason %v; want %d, %v", kind, reason, test.kind, test.reason)
			}
		})
	}
	if kind, reason := KindOfTCP(&wire.TCPEntry{}); kind != Unusable || reason != NoCommon {
		t.Errorf("without common properties: kind %d, reason %v", kind, reason)
	}
}

// TestFlowBorrows makes sure that what outlives an entry does not borrow from
// it.
func TestFlowBorrows(t *testing.T) {
	b, err := proto.Marshal(alstest.Arrival())
	if err != nil {
		t.Fatal(err)
	}
	s := newStream(t)
	var (
		e wire.TCPEntry
		f record.Flow
	)
	if err := e.Decode(b); err != nil {
		t.Fatal(err)
	}
	s.Flow(&e, received(), &f)
	kept := []string{f.Src.ID, f.Src.Service, f.Src.Version, f.Src.Principal, f.Dst.ID, f.Dst.Principal, f.Cluster, f.Upstream, f.Proxy}
	want := append([]string(nil), kept...)
	for i := range want {
		want[i] = string([]byte(want[i]))
	}
	for i := range b {
		b[i] = 'x'
	}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("after the message was reused (-want +got):\n%s", diff)
	}
}
