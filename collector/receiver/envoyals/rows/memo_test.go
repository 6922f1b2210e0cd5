package rows

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// TestEdgesApart changes one part of the key at a time: each makes an edge of its
// own, found again afterwards, also where several share a slot.
func TestEdgesApart(t *testing.T) {
	changes := map[string]func(*edgeKey){
		"direction": func(k *edgeKey) { k.direction = outbound }, "connection": func(k *edgeKey) { k.connection = true },
		"method": func(k *edgeKey) { k.method = 3 }, "cluster": func(k *edgeKey) { k.cluster = "x" }, "route": func(k *edgeKey) { k.route = "x" },
		"dst.service": func(k *edgeKey) { k.dstService = "x" }, "dst.namespace": func(k *edgeKey) { k.dstNamespace = "x" },
		"dst.workload": func(k *edgeKey) { k.dstWorkload = "x" }, "dst.version": func(k *edgeKey) { k.dstVersion = "x" },
		"src.principal": func(k *edgeKey) { k.srcPrincipal = "x" }, "dst.principal": func(k *edgeKey) { k.dstPrincipal = "x" },
		"header": func(k *edgeKey) { k.header = "x" }, "object": func(k *edgeKey) { k.object.Workload = "x" },
		"nothing": func(*edgeKey) {},
	}
	m := edges{all: map[edgeKey]*memo{}}
	put := map[string]*edge{}
	for name, change := range changes {
		key := edgeKey{direction: inbound}
		change(&key)
		if m.get(&key) != nil {
			t.Errorf("%s: the edge of another key was found", name)
		}
		put[name] = m.put(key, edge{route: name})
	}
	for range 2 { // from the slots, and from the map
		for name, change := range changes {
			key := edgeKey{direction: inbound}
			change(&key)
			if got := m.get(&key); got != put[name] || got.route != name {
				t.Errorf("%s: found %+v", name, got)
			}
		}
		m.recent = [recentEdges]*memo{}
	}
}

// TestSlots spreads the edges of a proxy of some size: most must be found without
// hashing.
func TestSlots(t *testing.T) {
	used := map[uint]bool{}
	const keys = 40
	for i := range keys {
		k := edgeKey{direction: outbound, method: wire.Method(1 + i%3), route: fmt.Sprint("route-", i), cluster: "outbound|80||a.b", dstWorkload: fmt.Sprintf("workload-%d", i/2)}
		slot := k.slot()
		if slot >= recentEdges {
			t.Fatalf("slot %d", slot)
		}
		used[slot] = true
	}
	if len(used) < keys/3 {
		t.Errorf("%d keys use %d slots", keys, len(used))
	}
}

// TestForeignBytes sees that names of any bytes have a slot.
func TestForeignBytes(t *testing.T) {
	for _, text := range []string{"", "\xff", strings.Repeat("\xff", 5000)} {
		k := edgeKey{method: math.MaxInt32, route: text, header: text, cluster: text, dstWorkload: text, srcPrincipal: text}
		for _, method := range []wire.Method{0, 9, -1, math.MinInt32, math.MaxInt32} {
			k.method = method
			if slot := k.slot(); slot >= recentEdges {
				t.Errorf("method %d, %d bytes: slot %d", method, len(text), slot)
			}
		}
	}
}

// TestAddressesApart looks addresses up that share a slot.
func TestAddressesApart(t *testing.T) {
	var m addresses
	for range 2 {
		for host := range 4 {
			for port := range uint32(300) {
				a := wire.Address{Host: fmt.Sprintf("10.0.0.%d", host), Port: port}
				if got, want := m.text(a), fmt.Sprintf("10.0.0.%d:%d", host, port); got != want {
					t.Fatalf("%+v is called %q", a, got)
				}
			}
		}
	}
	pipe := wire.Address{Host: "10.0.0.1", Pipe: true}
	if got := m.text(pipe); got != "10.0.0.1" {
		t.Errorf("%+v is called %q", pipe, got)
	}
}

// TestAddressPorts sees that ports beyond all ports do no harm.
func TestAddressPorts(t *testing.T) {
	var m addresses
	for _, port := range []uint32{0, 65535, 65536, math.MaxUint32} {
		for range 2 {
			if got := m.text(wire.Address{Host: "name", Port: port}); got != fmt.Sprint("name:", port) {
				t.Errorf("port %d: %q", port, got)
			}
		}
	}
}

// TestEnd compares the quick way to a completion time with record.ClampTime, at
// and around the borders and with absurd clocks.
func TestEndAgainstClampTime(t *testing.T) {
	s := newStream(t)
	now := received()
	for _, seconds := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64, sane, -sane, sane - 1, 1 << 33, -(1 << 33)} {
		for _, nanos := range []int32{0, 1, 999_999_999, math.MaxInt32, math.MinInt32} {
			for _, duration := range []time.Duration{0, time.Hour, -time.Hour, maxDuration, -maxDuration} {
				checkEnd(t, s, wire.Span{Seconds: seconds, Nanos: nanos, Set: true}, duration, now)
			}
		}
	}
	for _, border := range []time.Time{now.Add(-record.MaxAge), now.Add(record.MaxAhead)} {
		for _, off := range []time.Duration{-time.Second, -1, 0, 1, time.Second} {
			at := border.Add(off)
			checkEnd(t, s, wire.Span{Seconds: at.Unix(), Nanos: int32(at.Nanosecond()), Set: true}, 0, now)
		}
	}
	for _, later := range []time.Duration{time.Second, 2 * time.Hour, -2 * time.Hour} { // the window moves
		checkEnd(t, s, wire.Span{Seconds: now.Unix(), Set: true}, time.Second, now.Add(later))
	}
}

// maxDuration is the longest that wire.Span yields.
const maxDuration = 1_000_000_000 * time.Second

func checkEnd(t *testing.T, s *Stream, start wire.Span, duration time.Duration, now time.Time) {
	t.Helper()
	end, skew := s.end(&wire.Common{Start: start}, duration, now)
	wantEnd, wantSkew := record.ClampTime(start.Time().Add(duration), now)
	if !end.Equal(wantEnd) || skew != wantSkew {
		t.Errorf("start %+v, %v, at %v: got %v (%v), want %v (%v)", start, duration, now, end, skew, wantEnd, wantSkew)
	}
}

func TestCapNames(t *testing.T) {
	seen := map[string]bool{}
	for c := range CapCount {
		if name := c.String(); name == "" || name == "unknown" || seen[name] {
			t.Errorf("cap %d is called %q", c, name)
		} else {
			seen[name] = true
		}
	}
	if got := CapCount.String(); got != "unknown" {
		t.Errorf("a cap without name is called %q", got)
	}
}

func TestCapped(t *testing.T) {
	set := Capped(1<<CapRoute | 1<<CapCaller)
	for c, want := range map[Cap]bool{CapRoute: true, CapToldRoute: false, CapCaller: true, CapService: false} {
		if set.Has(c) != want || Capped(0).Has(c) {
			t.Errorf("%v: %t", c, set.Has(c))
		}
	}
}

// TestServiceBeyondTheCap stores a service too many without routes and callers.
func TestServiceBeyondTheCap(t *testing.T) {
	caps := NewCaps()
	for i := range MaxServices {
		caps.Route(&record.Peer{ID: fmt.Sprint(i)}, "r", false)
	}
	s := NewStream(NewReporter(node(t, "mesh.request")), caps)
	var r record.Request
	capped := s.Request(decode(t, alstest.Outbound()), received(), &r)
	if !capped.Has(CapService) || r.Route != Other || r.Src.ID != "unknown/~other" || r.Dst.ID != "bookinfo/local/shop/ratings-v1" {
		t.Errorf("capped %b, %s → %s, route %q", capped, r.Src.ID, r.Dst.ID, r.Route)
	}
}

// TestTaggedIDs takes the ids of Envoy's tracer where no traceparent was logged.
func TestTaggedIDs(t *testing.T) {
	const trace, span = "0102030405060708090a0b0c0d0e0f10", "1112131415161718"
	for name, test := range map[string]struct {
		parent, trace, span string
		wantTrace, wantSpan bool
	}{
		"tags":               {"", trace, span, true, true},
		"trace only":         {"", trace, "", true, false},
		"span only":          {"", "", span, false, false},
		"64 bits":            {"", trace[:16], span, false, false},
		"no digits":          {"", strings.Repeat("g", 32), span, false, false},
		"span of no digits":  {"", trace, strings.Repeat("g", 16), true, false},
		"header before tags": {"00-" + strings.Repeat("a", 32) + "-" + strings.Repeat("b", 16) + "-01", trace, span, true, true},
		"broken header":      {"x", trace, span, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := request(t, alstest.Outbound(), func(e *datav3.HTTPAccessLogEntry) {
				e.Request.RequestHeaders["traceparent"] = test.parent
				e.CommonProperties.CustomTags["trace.id"], e.CommonProperties.CustomTags["span.id"] = test.trace, test.span
			})
			if (got.TraceID != [16]byte{}) != test.wantTrace || (got.SpanID != [8]byte{}) != test.wantSpan {
				t.Errorf("trace %x, span %x", got.TraceID, got.SpanID)
			}
			if test.parent == "" && test.wantTrace && fmt.Sprintf("%x", got.TraceID) != trace {
				t.Errorf("trace %x, want %s", got.TraceID, trace)
			}
		})
	}
}

// TestPeerObjects weighs what Istio's metadata exchange found against the other
// sources.
func TestPeerObjects(t *testing.T) {
	page := alstest.Workload("shop", "productpage-v1", "productpage", "v1")
	for name, test := range map[string]struct {
		header, principal, workload string // workload: overrides that of the object
		want                        record.Peer
	}{
		"object alone": {"", "", "", record.Peer{
			ID: "bookinfo/local/shop/productpage-v1", Service: "productpage", Version: "v1", Source: record.IDPeerMetadata,
		}},
		"header before object": {"m=m;c=c;n=shop;w=told;s=s;v=v", "", "", record.Peer{
			ID: "m/c/shop/told", Service: "s", Version: "v", Source: record.IDPeerMetadata,
		}},
		"header that is not believed": {"m=m;c=c;n=bank;w=told;s=s;v=v", "spiffe://bookinfo/ns/shop/sa/page", "", record.Peer{
			ID: "bookinfo/local/shop/productpage-v1", Service: "productpage", Version: "v1", Principal: "spiffe://bookinfo/ns/shop/sa/page",
			Source: record.IDPeerMetadata,
		}},
		"object against the principal": {"", "spiffe://bookinfo/ns/bank/sa/teller", "", record.Peer{
			ID: "unknown/bank", Principal: "spiffe://bookinfo/ns/bank/sa/teller", Source: record.IDMTLS,
		}},
		"object that poses as a service": {"", "", "~ratings", record.Peer{ID: "unknown/shop"}},
		"object with a slash":            {"", "", "a/b", record.Peer{ID: "unknown/shop"}},
		"object of a control character":  {"", "", "a\nb", record.Peer{ID: "unknown/shop"}},
	} {
		t.Run(name, func(t *testing.T) {
			object := alstest.Workload("shop", "productpage-v1", "productpage", "v1")
			if test.workload != "" {
				object = alstest.Workload("shop", test.workload, "productpage", "v1")
			}
			got := request(t, alstest.Inbound(), func(e *datav3.HTTPAccessLogEntry) {
				e.CommonProperties.TlsProperties = nil
				e.CommonProperties.CustomTags["src.principal"] = test.principal
				e.Request.RequestHeaders["x-mesh-peer"] = test.header
				e.CommonProperties.FilterStateObjects = map[string]*anypb.Any{"downstream_peer": alstest.Object(object)}
			})
			if got.Src != test.want {
				t.Errorf("got %+v, want %+v", got.Src, test.want)
			}
		})
	}
	outbound := request(t, alstest.Outbound(), func(e *datav3.HTTPAccessLogEntry) {
		e.CommonProperties.FilterStateObjects = map[string]*anypb.Any{"upstream_peer": alstest.Object(page), "downstream_peer": alstest.Object(page)}
	})
	if outbound.Dst.ID != "bookinfo/local/shop/ratings-v1" || outbound.Dst.Source != record.IDEndpointMetadata {
		t.Errorf("an object was believed more than the host's metadata: %+v", outbound.Dst)
	}
	if outbound.Src.ID != "bookinfo/local/shop/reviews-v2" {
		t.Errorf("an object changed who reports: %+v", outbound.Src)
	}
}

// TestIstioReporter names a proxy by Istio's metadata.
func TestIstioReporter(t *testing.T) {
	got := NewReporter(&wire.Node{ID: "sidecar~10.0.0.1~reviews-v2-5d4c.shop~shop.svc.cluster.local", Meta: wire.Metadata{
		MeshID: "cluster.local", ClusterID: "Kubernetes", Namespace: "shop", WorkloadName: "reviews-v2", LabelService: "reviews", LabelRevision: "v2",
	}})
	want := record.Peer{ID: "cluster.local/Kubernetes/shop/reviews-v2", Service: "reviews", Version: "v2", Source: record.IDReporter}
	if got.Peer != want {
		t.Errorf("got %+v, want %+v", got.Peer, want)
	}
}
