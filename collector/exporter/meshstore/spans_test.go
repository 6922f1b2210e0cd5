package meshstore

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// withAttrs returns a request of one span with the given attributes.
func withAttrs(t *testing.T, kind ptrace.SpanKind, attrs map[string]any) ptrace.Traces {
	t.Helper()
	td := spans(1)
	s := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	s.SetKind(kind)
	if err := s.Attributes().FromRaw(attrs); err != nil {
		t.Fatal(err)
	}
	return td
}

// TestPeer: the best name of the other end counts, whatever the order, and only
// names that the kind of span makes one.
func TestPeer(t *testing.T) {
	all := map[string]any{
		"service.peer.name": "best", "peer.service": "good", "upstream_cluster": "outbound|80||fair.ns", "server.address": "host",
		"network.peer.address": "192.0.2.1",
	}
	without := func(keys ...string) map[string]any {
		rest := map[string]any{}
		for key, value := range all {
			if !slices.Contains(keys, key) {
				rest[key] = value
			}
		}
		return rest
	}
	for name, test := range map[string]struct {
		kind  ptrace.SpanKind
		attrs map[string]any
		want  string
	}{
		"all":                {ptrace.SpanKindClient, all, "best"},
		"no peer name":       {ptrace.SpanKindClient, without("service.peer.name"), "good"},
		"only Envoy's":       {ptrace.SpanKindClient, without("service.peer.name", "peer.service"), "fair"},
		"host and address":   {ptrace.SpanKindClient, without("service.peer.name", "peer.service", "upstream_cluster"), "host"},
		"address":            {ptrace.SpanKindProducer, map[string]any{"network.peer.address": "192.0.2.1"}, "192.0.2.1"},
		"old address":        {ptrace.SpanKindClient, map[string]any{"net.sock.peer.addr": "192.0.2.1"}, "192.0.2.1"},
		"server, all":        {ptrace.SpanKindServer, all, "best"},
		"server, its host":   {ptrace.SpanKindServer, map[string]any{"server.address": "me", "network.peer.address": "192.0.2.1"}, ""},
		"internal, its host": {ptrace.SpanKindInternal, map[string]any{"server.address": "me"}, ""},
		"none":               {ptrace.SpanKindClient, nil, ""},
		"Envoy's none":       {ptrace.SpanKindClient, map[string]any{"upstream_cluster": "-", "peer.address": "10.0.0.1"}, "10.0.0.1"},
		"own application":    {ptrace.SpanKindServer, map[string]any{"upstream_cluster": "inbound|80||"}, ""},
		"plain cluster":      {ptrace.SpanKindClient, map[string]any{"upstream_cluster": "payments.eu"}, "payments.eu"},
		"subset":             {ptrace.SpanKindClient, map[string]any{"upstream_cluster.name": "outbound|80|v2|a.ns.svc.cluster.local"}, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			store := &fakeStore{}
			if err := startedTraces(t, store).ConsumeTraces(t.Context(), withAttrs(t, test.kind, test.attrs)); err != nil {
				t.Fatal(err)
			}
			want := ""
			if test.want != "" {
				want = `"` + test.want + `"`
			}
			if got := field(store.take()[0], "Peer"); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// TestNoAttributeVanishes: an attribute is in the column that it fills, or kept.
func TestNoAttributeVanishes(t *testing.T) {
	keys := []string{
		"http.status_code", "http.response.status_code", "response_flags", "node_id", "guid:x-request-id", "mesh.call",
		"http.request.header.x-request-id", "http.request.header.x-mesh-call", "component", "peer.service", "upstream_cluster", "anything",
	}
	values := []any{"200", "UF", "-", "", "text", int64(503), int64(-1), true, 2.5, []any{"a"}, []any{"a", "b"}, map[string]any{"a": "b"}, "23b20e4b-da82-45aa-a836-15a13cb20f8f"}
	columns := []string{"Code: ", "Flags: ", "Proxy: ", "RequestID: ", "CallID: "}
	for _, key := range keys {
		for _, value := range values {
			store := &fakeStore{}
			if err := startedTraces(t, store).ConsumeTraces(t.Context(), withAttrs(t, ptrace.SpanKindClient, map[string]any{key: value})); err != nil {
				t.Fatal(err)
			}
			r := store.take()[0]
			kept := strings.Contains(r, "Attrs: ["+key+"=")
			filled := slices.ContainsFunc(columns, func(c string) bool { return strings.Contains(r, "\n  "+c) })
			none := value == "-" || value == ""
			if kept == filled && !none {
				t.Errorf("%s = %v: kept %v, in a column %v:\n%s", key, value, kept, filled, r)
			}
		}
	}
}

// TestMakersKeepNothing: what one request told is not in the rows of the next,
// although the same maker makes them.
func TestMakersKeepNothing(t *testing.T) {
	rich := withAttrs(t, ptrace.SpanKindClient, map[string]any{
		"component": "proxy", "node_id": "sidecar~1~a.b~c", "http.status_code": "503", "response_flags": "UF", "guid:x-request-id": "r",
		"mesh.call": "23b20e4b-da82-45aa-a836-15a13cb20f8f", "peer.service": "p", "more": "text", "n": 5,
	})
	rs := rich.ResourceSpans().At(0)
	rs.Resource().Attributes().PutStr("k8s.namespace.name", "n")
	rs.Resource().Attributes().PutInt("pid", 7)
	s := rs.ScopeSpans().At(0).Spans().At(0)
	s.Status().SetMessage("broken")
	s.Events().AppendEmpty().Attributes().PutInt("a", 1)
	s.Links().AppendEmpty().SetSpanID([8]byte{1})

	store := &fakeStore{}
	if err := startedTraces(t, store).ConsumeTraces(t.Context(), spans(2)); err != nil {
		t.Fatal(err)
	}
	want := store.take()
	used := startedTraces(t, store)
	for range 3 {
		if err := used.ConsumeTraces(t.Context(), rich); err != nil {
			t.Fatal(err)
		}
	}
	store.take()
	if err := used.ConsumeTraces(t.Context(), spans(2)); err != nil {
		t.Fatal(err)
	}
	for i, got := range store.take() {
		// A slice that was used is empty and not nil.
		if got = strings.NewReplacer("\n  Attrs: []", "", "\n  Resource: []", "", "\n  Events: []", "", "\n  Links: []", "").Replace(got); got != want[i] {
			t.Errorf("span %d after others:\n%s\nalone:\n%s", i, got, want[i])
		}
	}
}

// TestMakersLetGo: records are good while they are handed over, and the maker
// holds on to nothing of a request that is over, whose buffers others may use.
func TestMakersLetGo(t *testing.T) {
	store := &fakeStore{}
	m := &spanMaker{received: now, tally: &tally{}, store: store}
	td := withAttrs(t, ptrace.SpanKindClient, map[string]any{"n": 12345, "m": 67890})
	m.all(td)
	if r := store.take()[0]; !strings.Contains(r, `n="12345"`) || !strings.Contains(r, `m="67890"`) {
		t.Errorf("numbers of a request are lost:\n%s", r)
	}
	if len(m.attrs) == 0 || m.attrs[0] != (record.Attr{}) {
		t.Errorf("the maker holds on to %v", m.attrs)
	}
}

// TestManyNumbers has a span with more numbers than the buffer holds at first,
// among events: none is overwritten by another.
func TestManyNumbers(t *testing.T) {
	store, rng := &fakeStore{}, rand.New(rand.NewPCG(1, 2))
	td := spans(1)
	s := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	var want []string
	put := func(m pcommon.Map) {
		for range 50 {
			n := rng.Int64()
			v := pcommon.NewValueInt(n)
			m.PutInt("n"+v.AsString(), n)
			want = append(want, "n"+v.AsString()+`="`+v.AsString()+`"`)
		}
	}
	put(s.Attributes())
	for range 20 {
		put(s.Events().AppendEmpty().Attributes())
	}
	if err := startedTraces(t, store).ConsumeTraces(t.Context(), td); err != nil {
		t.Fatal(err)
	}
	got := store.take()[0]
	for _, pair := range want {
		if !strings.Contains(got, pair) {
			t.Fatalf("%s is missing", pair)
		}
	}
}

func TestSeverity(t *testing.T) {
	for n, want := range map[plog.SeverityNumber]uint8{-1: 0, 0: 0, 1: 1, 9: 9, 24: 24, 25: 0, 1 << 20: 0} {
		if got := severity(n); got != want {
			t.Errorf("%d: got %d, want %d", n, got, want)
		}
	}
}

// TestEnvoyText tells Envoy's default format from lines that resemble it.
func TestEnvoyText(t *testing.T) {
	for text, want := range map[string]bool{
		`[2026-11-24T11:59:59.000Z] "GET / HTTP/1.1" 200`: true,
		`[2026-11-24T11:59:59.000Z] "- - -" 0 UF`:         true,
		`[2026-11-24T11:59:59.000Z] GET /`:                false,
		`[2026-11-24 11:59:59] "text"`:                    false,
		`2026-11-24T11:59:59.000Z] "GET /"`:               false,
		`[]`:                                              false,
		``:                                                false,
	} {
		m, r := &logMaker{}, plog.NewLogRecord()
		r.Body().SetStr(text)
		if got := m.envoyText(r); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
		r.Attributes().PutStr("an", "attribute")
		if m.envoyText(r) {
			t.Errorf("%q with an attribute: taken for Envoy's default format", text)
		}
	}
}
