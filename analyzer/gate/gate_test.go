package gate

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	gatev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/gate/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestAskRefuses(t *testing.T) {
	ok := func(change func(*gatev1.CheckRequest)) *gatev1.CheckRequest {
		req := &gatev1.CheckRequest{Service: "s", Canary: "v2", Baseline: "v1"}
		change(req)
		return req
	}
	for want, change := range map[string]func(*gatev1.CheckRequest){
		"service is missing: name the service that both versions belong to":           func(r *gatev1.CheckRequest) { r.Service = "" },
		"canary and baseline are both needed: name two versions of the service":       func(r *gatev1.CheckRequest) { r.Baseline = "" },
		`canary and baseline are both "v2": a version cannot be compared with itself`: func(r *gatev1.CheckRequest) { r.Baseline = "v2" },
		"for 1s is not between 10s and 36h0m0s":                                       func(r *gatev1.CheckRequest) { r.For = durationpb.New(time.Second) },
		"for 48h0m0s is not between 10s and 36h0m0s":                                  func(r *gatev1.CheckRequest) { r.For = durationpb.New(48 * time.Hour) },
		"latency -1s is not between 1µs and 1h11m34.967295s":                          func(r *gatev1.CheckRequest) { r.Latency = durationpb.New(-time.Second) },
		"error_margin 5 is not a share: 0.01 is one in a hundred":                     func(r *gatev1.CheckRequest) { r.ErrorMargin = proto.Float64(5) },
		"latency_margin -0.1 is not a share: 0.01 is one in a hundred":                func(r *gatev1.CheckRequest) { r.LatencyMargin = proto.Float64(-0.1) },
		"alpha 0 is not a share: 0.01 is one in a hundred":                            func(r *gatev1.CheckRequest) { r.Alpha = proto.Float64(0) },
		"alpha NaN is not a share: 0.01 is one in a hundred":                          func(r *gatev1.CheckRequest) { r.Alpha = proto.Float64(math.NaN()) },
	} {
		if _, err := ask(ok(change)); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestAskDefaults(t *testing.T) {
	got, err := ask(&gatev1.CheckRequest{
		Service: "s", Canary: "v2", Baseline: "v1", From: timestamppb.New(noon.Add(time.Second)), For: durationpb.New(65 * time.Second),
		Latency: durationpb.New(123456 * time.Microsecond),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !got.from.Equal(noon.Add(10*time.Second)) || got.length != time.Minute || upperEdge(got.threshold) != 130*time.Millisecond {
		t.Errorf("from %s, for %s, threshold %s: want them on the grids", got.from, got.length, upperEdge(got.threshold))
	}
	if got.errorMargin != 0.01 || got.latencyMargin != 0.05 || got.alpha != 0.05 {
		t.Errorf("defaults %+v", got)
	}
}

// both returns a bucket of one edge as client and server see it.
func both(at time.Time, version string, bad, total uint64) []row {
	edge := row{at: at, src: "m/c/shop/web", dst: "m/c/shop/reviews-" + version, version: version, bad: bad, total: total}
	client, arrival := edge, edge
	client.vantage, arrival.vantage = "client", "server"
	return []row{client, arrival}
}

// TestNothingCountsTwice: each edge is counted from one vantage, and the server's
// rows of edges whose caller speaks are arrivals.
func TestNothingCountsTwice(t *testing.T) {
	var rows []row
	for i := range 30 {
		at := noon.Add(time.Duration(i) * bucket)
		rows = append(append(rows, both(at, "v1", 1, 100)...), both(at, "v2", 2, 50)...)
		rows = append(rows, row{at: at, src: "unknown/shop", dst: "m/c/shop/reviews-v2", vantage: "server", version: "v2", total: 7})
	}
	q := question{service: "reviews", canary: "v2", baseline: "v1", errorMargin: 0.01, latencyMargin: 0.05, alpha: 0.05}
	answer := func() *gatev1.CheckResponse {
		a := &gatev1.CheckResponse{}
		judge(a, q, counted{counts: rows, noThreshold: "none"})
		return a
	}
	a := answer()
	errors, arrivals := a.Metrics[0], a.Metrics[2]
	if errors.Canary.Total != 30*57 || errors.Baseline.Total != 30*100 || arrivals.Canary.Total != 30*50 || arrivals.Baseline.Total != 30*100 {
		t.Errorf("errors %v and %v, arrivals %v and %v", errors.Canary, errors.Baseline, arrivals.Canary, arrivals.Baseline)
	}
	var sum uint64
	for _, e := range errors.Evidence {
		sum += e.Total
	}
	if sum != errors.Canary.Total+errors.Baseline.Total || len(errors.Evidence) != 3 {
		t.Errorf("evidence adds up to %d in %d rows", sum, len(errors.Evidence))
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	if diff := cmp.Diff(a, answer(), protocmp.Transform()); diff != "" {
		t.Errorf("the order of the rows matters:\n%s", diff)
	}
}

func TestCombine(t *testing.T) {
	metric := func(verdict string) *gatev1.Metric {
		return &gatev1.Metric{Name: verdict + "er", Verdict: verdict, Reason: "so"}
	}
	for _, c := range []struct {
		verdicts []string
		want     string
	}{
		{[]string{Pass, Pass, Pass}, Pass},
		{[]string{Pass, Skipped, Skipped}, Pass},
		{[]string{Pass, NotEnough, Pass}, NotEnough},
		{[]string{NotEnough, NotEnough, Fail}, Fail},
		{[]string{Pass, Fail, Skipped}, Fail},
	} {
		var metrics []*gatev1.Metric
		for _, v := range c.verdicts {
			metrics = append(metrics, metric(v))
		}
		if got, reason := combine(metrics); got != c.want || reason == "" {
			t.Errorf("%v: %s %q, want %s", c.verdicts, got, reason, c.want)
		}
	}
}

func TestFinish(t *testing.T) {
	for _, c := range []struct {
		verdict   string
		watermark time.Time
		final     bool
	}{
		{NotEnough, noon.Add(-time.Second), false},
		{NotEnough, noon, true},
		{Pass, noon.Add(-time.Minute), true},
		{Fail, noon.Add(-time.Minute), true},
	} {
		a := &gatev1.CheckResponse{Verdict: c.verdict, Reason: "r", EndsAt: timestamppb.New(noon)}
		finish(a, c.watermark)
		if a.Final != c.final || strings.Contains(a.Reason, "over") != (c.final && c.verdict == NotEnough) {
			t.Errorf("%+v: final %v, %q", c, a.Final, a.Reason)
		}
	}
}

func TestPercentile95(t *testing.T) {
	edge := func(vantage string, bins map[int16]uint64) past { return past{"a", "b", vantage, bins} }
	fast, slow := int16(record.BinOf(10_000)), int16(record.BinOf(300_000))
	for name, c := range map[string]struct {
		edges []past
		want  int16
		ok    bool
	}{
		"none":        {nil, 0, false},
		"too few":     {[]past{edge("client", map[int16]uint64{fast: 99})}, 0, false},
		"rank 95":     {[]past{edge("client", map[int16]uint64{fast: 95, slow: 5})}, fast, true},
		"rank 96":     {[]past{edge("client", map[int16]uint64{fast: 94, slow: 6})}, slow, true},
		"one vantage": {[]past{edge("client", map[int16]uint64{fast: 100}), edge("server", map[int16]uint64{slow: 1000})}, fast, true},
	} {
		got, _, ok := percentile95(c.edges)
		if ok != c.ok || ok && int16(got) != c.want {
			t.Errorf("%s: bin %d %v, want %d %v", name, got, ok, c.want, c.ok)
		}
	}
}

func TestRunBegan(t *testing.T) {
	at := func(minutes ...int) (out []time.Time) {
		for _, m := range minutes {
			out = append(out, noon.Add(time.Duration(m)*time.Minute))
		}
		return out
	}
	for _, c := range []struct {
		seen []time.Time
		want time.Time
	}{
		{nil, time.Time{}},
		{at(3), at(3)[0]},
		{at(0, 5, 15), at(0)[0]},
		{at(0, 5, 16, 20), at(16)[0]},
	} {
		if got := runBegan(c.seen); !got.Equal(c.want) {
			t.Errorf("%v: run began %s, want %s", c.seen, got, c.want)
		}
	}
}

func TestNamespaces(t *testing.T) {
	rows := []row{{dst: "m/c/b/x"}, {dst: "m/c/a/~x"}, {dst: "unknown/a"}}
	if diff := cmp.Diff([]string{"a", "b"}, namespaces(rows)); diff != "" {
		t.Error(diff)
	}
	q := question{service: "x"}
	if err := q.settle(rows); err == nil || !strings.Contains(err.Error(), "namespaces a, b: name one") {
		t.Errorf("two namespaces: %v", err)
	}
	if err := q.settle(rows[:1]); err != nil || q.namespace != "b" {
		t.Errorf("one namespace: %q %v", q.namespace, err)
	}
	if got := within(rows, "a"); len(got) != 2 || len(rows) != 3 {
		t.Errorf("in a are %v", got)
	}
}

// TestSetReadsEveryField: a field added to CheckRequest needs a parameter.
func TestSetReadsEveryField(t *testing.T) {
	values := map[string]string{
		"from": "2026-03-01T12:00:00Z", "for": "5m", "latency": "300ms", "error_margin": "0.02", "latency_margin": "0.1", "alpha": "0.01",
	}
	fields := (&gatev1.CheckRequest{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		name := string(fields.Get(i).Name())
		text := values[name]
		if text == "" {
			text = "x"
		}
		req := &gatev1.CheckRequest{}
		if err := set(req, name, text); err != nil || !req.ProtoReflect().Has(fields.Get(i)) {
			t.Errorf("parameter %s=%s: %v, error %v", name, text, req, err)
		}
		if values[name] != "" && set(req, name, "?") == nil {
			t.Errorf("parameter %s=? is taken", name)
		}
	}
}
