package meshstore

import (
	"fmt"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/plimsoll-mesh/plimsoll/collector/internal/delta"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/mapping"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// TestGauges reads gauges every ten seconds and expects a row where one is due.
func TestGauges(t *testing.T) {
	for name, test := range map[string]struct {
		pace   mapping.Pace
		values []float64
		want   string // a row: +, none: -
	}{
		"changes":       {mapping.OnChange, []float64{1, 2, 2, 1, 0, 0}, "++-++-"},
		"stays":         {mapping.OnChange, []float64{3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3}, "+-----+-----+"},
		"stays at zero": {mapping.OnChange, []float64{0, 0, 0, 0, 0, 0, 0, 0}, "+-------"},
		"slow":          {mapping.Slow, []float64{1, 2, 3, 4, 5, 6, 7, 8}, "+-----+-"},
		"always":        {mapping.Always, []float64{0, 0, 1, 1}, "++++"},
	} {
		t.Run(name, func(t *testing.T) {
			g, got := newGauges(10), ""
			for i, value := range test.values {
				if g.worth(seriesKey{series: "a"}, value, now.Add(time.Duration(i)*10*time.Second), test.pace) {
					got += "+"
				} else {
					got += "-"
				}
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestGaugesAreBounded(t *testing.T) {
	g := newGauges(10)
	for i := range 1000 {
		if !g.worth(seriesKey{series: fmt.Sprint(i)}, 1, now, mapping.OnChange) {
			t.Fatalf("the first value of gauge %d is no row", i)
		}
		if len(g.last) > 10 {
			t.Fatalf("%d gauges are remembered", len(g.last))
		}
	}
}

func TestRefusals(t *testing.T) {
	for kind, want := range map[delta.Kind]reason{delta.Invalid: badData, delta.Late: noNews, delta.Full: tooManySeries} {
		if got := refusal(kind); got != want {
			t.Errorf("%v: got %s, want %s", kind, reasonNames[got], reasonNames[want])
		}
	}
}

// TestPlaces: names of OTLP, whatever their sender made of dots, prefixes and
// suffixes, find the places of those of Prometheus.
func TestPlaces(t *testing.T) {
	for name, test := range map[string]struct {
		metric  string
		attrs   map[string]any
		verdict mapping.Verdict
		source  string
		object  string
		stat    string
	}{
		"plain":            {"cluster.upstream_rq_retry", map[string]any{"envoy.cluster_name": "a"}, mapping.Mapped, "envoy", "a", "upstream_rq_retry"},
		"prefixed":         {"envoy.cluster.upstream_rq_retry", map[string]any{"envoy.cluster_name": "a"}, mapping.Mapped, "envoy", "a", "upstream_rq_retry"},
		"as in Prometheus": {"envoy_cluster_upstream_rq_retry", map[string]any{"envoy_cluster_name": "a"}, mapping.Mapped, "envoy", "a", "upstream_rq_retry"},
		"rest of the name": {"cluster.b.c.upstream_rq_retry", map[string]any{"envoy.cluster_name": "a"}, mapping.Mapped, "envoy", "a.b.c", "upstream_rq_retry"},
		"dots in the stat": {"cluster.b_c.circuit_breakers.default.rq_open", map[string]any{"envoy.cluster_name": "a"}, mapping.Mapped, "envoy", "a.b_c", "circuit_breakers.default.rq_open"},
		"code":             {"cluster.upstream_rq", map[string]any{"envoy.cluster_name": "a", "envoy.response_code": "503"}, mapping.Mapped, "envoy", "a", "upstream_rq_503"},
		"repeat":           {"cluster.b.internal.upstream_rq", map[string]any{"envoy.cluster_name": "a", "envoy.response_code": "503"}, mapping.Repeat, "envoy", "", ""},
		"no cluster":       {"cluster.upstream_rq_retry", nil, mapping.Unmapped, "", "", ""},
		"not kept":         {"cluster.nothing", map[string]any{"envoy.cluster_name": "a"}, mapping.Unmapped, "", "", ""},
		"istio":            {"istio_requests_total", map[string]any{"reporter": "source"}, mapping.Mapped, "istio", "", ""},
		"istio by Envoy":   {"istiocustom.istio_requests_total", map[string]any{"reporter": "source"}, mapping.Mapped, "istio", "", ""},
		"nobody":           {"", nil, mapping.Unmapped, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			attrs := pcommon.NewMap()
			if err := attrs.FromRaw(test.attrs); err != nil {
				t.Fatal(err)
			}
			p, verdict := newPlaces().of(called(test.metric), attrs, &names{})
			if verdict != test.verdict || p.source != test.source {
				t.Fatalf("got verdict %v of %q, want %v of %q", verdict, p.source, test.verdict, test.source)
			}
			if verdict == mapping.Mapped && (p.Stat.Object != test.object || p.Stat.Name != test.stat) {
				t.Errorf("got %q of %q, want %q of %q", p.Stat.Name, p.Stat.Object, test.stat, test.object)
			}
		})
	}
}

func called(name string) *metricName {
	n := nameOf(name)
	return &n
}

func TestMeshOfResource(t *testing.T) {
	attrs := pcommon.NewMap()
	for key, value := range map[string]string{"reporter": "destination", "destination_workload": "w", "destination_workload_namespace": "n", "mesh": "forged"} {
		attrs.PutStr(key, value)
	}
	p, _ := newPlaces().of(called("istio_requests_total"), attrs, &names{meshPart: "bookinfo"})
	if want := "bookinfo/default/n/w"; p.Edge.Dst.ID != want || p.Edge.Vantage != record.VantageServer {
		t.Errorf("got %q from %v, want %q from the server", p.Edge.Dst.ID, p.Edge.Vantage, want)
	}
}

func TestAttrKey(t *testing.T) {
	a, b, c := pcommon.NewMap(), pcommon.NewMap(), pcommon.NewMap()
	a.PutStr("x", "1")
	a.PutStr("y", "2")
	b.PutStr("y", "2")
	b.PutInt("x", 1)
	c.PutStr("x", "1\x00y\x012")
	if attrKey(a) != attrKey(b) {
		t.Error("the order of attributes makes another series")
	}
	if attrKey(pcommon.NewMap()) == attrKey(a) {
		t.Error("attributes make no difference")
	}
}

func TestAddressOf(t *testing.T) {
	for text, want := range map[string]wire.Address{
		"10.0.0.7:9080":  {Host: "10.0.0.7", Port: 9080},
		"[fd00::7]:9080": {Host: "fd00::7", Port: 9080},
		"/run/app.sock":  {Host: "/run/app.sock", Pipe: true},
		"/run/a:1":       {Host: "/run/a:1", Pipe: true},
		"@abstract":      {Host: "@abstract", Pipe: true},
		"host:99999":     {Host: "host:99999", Pipe: true},
	} {
		if got := addressOf(text); got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
}

// TestTimes: no number overflows a time.
func TestTimes(t *testing.T) {
	for n, want := range map[uint64]time.Duration{0: 0, 1: time.Microsecond, 1_500_000: 1500 * time.Millisecond, 1 << 63: maxTime, ^uint64(0): maxTime} {
		if got := times(n, time.Microsecond); got.Duration() != want || !got.Set {
			t.Errorf("%d µs: got %v, want %v", n, got.Duration(), want)
		}
	}
}
