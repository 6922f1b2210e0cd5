package rows

import (
	"fmt"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
)

func TestRouteName(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*datav3.HTTPAccessLogEntry)
		want   string
	}{
		"configured":     {func(*datav3.HTTPAccessLogEntry) {}, "ratings-default"},
		"unnamed":        {func(e *datav3.HTTPAccessLogEntry) { e.CommonProperties.RouteName = "" }, "GET ~unnamed"},
		"unknown method": {func(e *datav3.HTTPAccessLogEntry) { e.CommonProperties.RouteName = ""; e.Request.RequestMethod = 77 }, "~unnamed"},
		"no request":     {func(e *datav3.HTTPAccessLogEntry) { e.CommonProperties.RouteName = ""; e.Request = nil }, "~unnamed"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := request(t, alstest.Outbound(), test.change).Route; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestMethodNames(t *testing.T) {
	for number, name := range corev3.RequestMethod_name {
		want := name
		if number == 0 {
			want = ""
		}
		if got := methodName(wire.Method(number)); got != want {
			t.Errorf("method %d is called %q, want %q", number, got, want)
		}
	}
	if got := methodName(-1); got != "" {
		t.Errorf("method -1 is called %q", got)
	}
}

func TestRouteCap(t *testing.T) {
	s := newStream(t)
	e := decode(t, alstest.Outbound())
	var r record.Request
	for i := range MaxRoutes + 10 {
		e.Common.Route = fmt.Sprintf("route-%d", i)
		capped := s.Request(e, received(), &r)
		want := e.Common.Route
		if i >= MaxRoutes {
			want = Other
		}
		if r.Route != want || capped.Has(CapRoute) != (i >= MaxRoutes) {
			t.Fatalf("route %d is stored as %q (capped: %b), want %q", i, r.Route, capped, want)
		}
	}
	e.Common.Route = "route-0"
	if capped := s.Request(e, received(), &r); capped != 0 || r.Route != "route-0" {
		t.Errorf("a known route is stored as %q", r.Route)
	}
	e.Common.Tags.DstWorkload = "details-v1"
	e.Common.Route = "route-205"
	if capped := s.Request(e, received(), &r); capped != 0 || r.Route != "route-205" {
		t.Errorf("a route of another service is stored as %q", r.Route)
	}
}

// TestToldRouteCap sees that routes which callers make up are capped, and take
// no room from those that proxies are configured with.
func TestToldRouteCap(t *testing.T) {
	caps := NewCaps()
	s := NewStream(NewReporter(node(t, "mesh.request")), caps)
	e := decode(t, alstest.Inbound())
	var r record.Request
	for i := range MaxRoutes + 10 {
		e.Request.Peer = fmt.Sprintf("m=bookinfo;c=local;n=shop;w=page;r=made-up-%d", i)
		want := fmt.Sprintf("made-up-%d", i)
		if i >= MaxRoutes {
			want = Other
		}
		if capped := s.Request(e, received(), &r); r.Route != want || capped.Has(CapToldRoute) != (want == Other) {
			t.Fatalf("told route %d is stored as %q (capped: %b), want %q", i, r.Route, capped, want)
		}
	}
	if caps.Route(&r.Dst, "configured", false) != 0 {
		t.Error("made-up routes used up the room of configured ones")
	}
}

func TestCallerCap(t *testing.T) {
	caps := NewCaps()
	reporter := NewReporter(node(t, "mesh.request"))
	e := decode(t, alstest.Inbound())
	e.Common.TLS = wire.TLS{}
	var (
		r      record.Request
		capped int
	)
	for i := range MaxCallers + 10 {
		s := NewStream(reporter, caps)
		e.Request.Peer = fmt.Sprintf("m=m;c=c;n=n;w=caller-%d;s=s;v=v", i)
		if s.Request(e, received(), &r).Has(CapCaller) {
			capped++
			if want := (record.Peer{ID: "unknown/~other"}); r.Src != want {
				t.Fatalf("caller %d is stored as %+v, want %+v", i, r.Src, want)
			}
		}
	}
	if capped != 10 {
		t.Errorf("%d callers were capped, want 10", capped)
	}
}

func TestServiceCap(t *testing.T) {
	caps := NewCaps()
	for i := range MaxServices {
		if caps.Route(&record.Peer{ID: fmt.Sprint(i)}, "r", false) != 0 {
			t.Fatalf("service %d was capped", i)
		}
	}
	beyond := &record.Peer{ID: "one more"}
	if !caps.Route(beyond, "r", false).Has(CapService) || !caps.Caller(beyond, "c").Has(CapService) {
		t.Error("one service more than MaxServices was let in")
	}
	if caps.Caller(&record.Peer{ID: "0"}, "c") != 0 {
		t.Error("a known service was refused a caller")
	}
}

// TestMemoIsBounded sends more edges and addresses than a stream remembers.
func TestMemoIsBounded(t *testing.T) {
	s := newStream(t)
	e := decode(t, alstest.Outbound())
	var r record.Request
	for i := range 2*maxEdges + 1 {
		e.Common.Tags.DstVersion = fmt.Sprint(i)
		e.Common.Upstream = wire.Address{Host: fmt.Sprint(i), Port: 1}
		s.Request(e, received(), &r)
		if r.Dst.Version != fmt.Sprint(i) || r.Upstream != fmt.Sprint(i)+":1" {
			t.Fatalf("row %d goes to version %q at %q", i, r.Dst.Version, r.Upstream)
		}
	}
	if len(s.edges.all) > maxEdges || len(s.addresses.all) > maxAddresses {
		t.Errorf("the stream remembers %d edges and %d addresses", len(s.edges.all), len(s.addresses.all))
	}
}

func TestAddress(t *testing.T) {
	for _, test := range []struct {
		address wire.Address
		want    string
	}{
		{wire.Address{Host: "10.0.0.1", Port: 80}, "10.0.0.1:80"},
		{wire.Address{Host: "fd00::1", Port: 80}, "[fd00::1]:80"},
		{wire.Address{Host: "ratings", Port: 80}, "ratings:80"},
		{wire.Address{Host: "/run/app.sock", Pipe: true}, "/run/app.sock"},
		{wire.Address{}, ""},
		{wire.Address{Port: 80}, ""},
	} {
		if got := new(addresses).text(test.address); got != test.want {
			t.Errorf("%+v: got %q, want %q", test.address, got, test.want)
		}
	}
}

func TestCallID(t *testing.T) {
	for text, ok := range map[string]bool{
		"0190a0b0-1111-7222-8333-444455556666":   true,
		"0190A0B0-1111-7222-8333-444455556666":   true,
		"0190a0b0-1111-7222-8333-44445555666":    false,
		"0190a0b0-1111-7222-8333-44445555666g":   false,
		"0190a0b0x1111-7222-8333-444455556666":   false,
		"{0190a0b0-1111-7222-8333-444455556666}": false,
		"":                                       false,
	} {
		if got := callID(text); (got != [16]byte{}) != ok {
			t.Errorf("%q: got %x", text, got)
		}
	}
}

func TestTraceIDs(t *testing.T) {
	const good = "00-0102030405060708090a0b0c0d0e0f10-1112131415161718-01"
	for text, ok := range map[string]bool{
		good:                        true,
		"cc" + good[2:] + "-x":      true, // a later version
		good[:54]:                   false,
		"00_" + good[3:]:            false,
		"00-g" + good[4:]:           false,
		good[:36] + "g" + good[37:]: false,
		"":                          false,
	} {
		trace, span := traceIDs(text)
		if (trace != [16]byte{}) != ok || (span != [8]byte{}) != ok {
			t.Errorf("%q: got %x, %x", text, trace, span)
		}
	}
}

func TestAttemptNumber(t *testing.T) {
	for text, want := range map[string]uint8{"": 0, "1": 1, "255": 255, "256": 255, "4294967296": 0, "-1": 0, "one": 0} {
		if got := attemptNumber(text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func TestTryTimes(t *testing.T) {
	ms := func(n int64) wire.Span { return wire.Span{Nanos: int32(n * 1e6), Set: true} }
	for name, test := range map[string]struct {
		common              wire.Common
		poolWait, firstByte uint32
	}{
		"answered":              {wire.Common{FirstUpstreamTx: ms(2), LastUpstreamTx: ms(3), FirstUpstreamRx: ms(40), Duration: ms(41)}, 2000, 37_000},
		"cut":                   {wire.Common{FirstUpstreamTx: ms(2), LastUpstreamTx: ms(3), Duration: ms(100)}, 2000, 0},
		"no connection":         {wire.Common{Duration: ms(100)}, 100_000, 0},
		"answer before the end": {wire.Common{FirstUpstreamTx: ms(2), LastUpstreamTx: ms(9), FirstUpstreamRx: ms(5), Duration: ms(10)}, 2000, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := poolWait(&test.common); got != test.poolWait {
				t.Errorf("waited %d µs for a connection, want %d", got, test.poolWait)
			}
			if got := tryFirstByte(&test.common); got != test.firstByte {
				t.Errorf("waited %d µs for the first byte, want %d", got, test.firstByte)
			}
		})
	}
}
