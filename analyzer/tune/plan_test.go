package tune

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/verdict"
	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// writer collects rows of the edge reviews → ratings and stores them.
type writer struct {
	t                  *testing.T
	conn               driver.Conn
	attempts, requests driver.Batch
	rand               *rand.Rand
	calls              int
}

func newWriter(t *testing.T, conn driver.Conn) *writer {
	w := &writer{t: t, conn: conn, rand: rand.New(rand.NewPCG(1, 2))}
	w.attempts = w.batch(`INSERT INTO attempts_in (ts, src, src_service, dst, dst_service, number, code, outcome, flags, duration_us, first_byte_us, request_id)`)
	w.requests = w.batch(`INSERT INTO requests_in (ts, vantage, src, src_service, dst, dst_service, outcome, attempts, duration_us, duration_bin, first_byte_bin)`)
	return w
}

func (w *writer) batch(sql string) driver.Batch {
	w.t.Helper()
	b, err := w.conn.PrepareBatch(w.t.Context(), sql)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

const (
	reviews   = "m/local/default/reviews-v2"
	ratingsID = "m/local/default/ratings"
)

func (w *writer) attempt(end time.Time, number int, code uint16, took time.Duration) {
	w.t.Helper()
	us, first, flags := uint32(took.Microseconds()), uint32(took.Microseconds()), record.Flags(0)
	if code == 0 {
		first, flags = 0, record.FlagUT
	}
	outcome := record.ClassifyAttempt(code, -1, flags, "")
	err := w.attempts.Append(end, reviews, "reviews", ratingsID, "ratings", uint8(number), code, outcome.String(), uint64(flags), us, first, fmt.Sprint(w.calls))
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *writer) request(end time.Time, outcome record.Outcome, attempts int, took time.Duration) {
	w.t.Helper()
	us := uint32(took.Microseconds())
	err := w.requests.Append(end, "client", reviews, "reviews", ratingsID, "ratings", outcome.String(), uint8(attempts), us, int16(record.BinOf(us)), int16(-1))
	if err != nil {
		w.t.Fatal(err)
	}
	w.calls++
}

func (w *writer) work() time.Duration {
	return time.Duration(36 * math.Exp(0.65*w.rand.NormFloat64()) * float64(time.Millisecond))
}

// calm writes 100 requests a second with a per-try timeout and retries.
func (w *writer) calm(from, to float64, perTry time.Duration) {
	for at := from; at < to; at += w.rand.ExpFloat64() / 100 {
		start, number := after(at), 1
		took := w.work()
		for ; took > perTry; number++ {
			start = start.Add(perTry)
			w.attempt(start, number, 0, perTry)
			took = w.work()
		}
		w.attempt(start.Add(took), number, 200, took)
		w.request(start.Add(took), record.OutcomeOK, number, took)
	}
}

// collapsed writes requests whose four tries are cut at 100 ms or rejected by
// a server that completes some tries a second.
func (w *writer) collapsed(from, to float64, completes int) {
	for at := from; at < to; at += w.rand.ExpFloat64() / 100 {
		start := after(at)
		for number := 1; number <= 4; number++ {
			if w.rand.IntN(400) < completes {
				start = start.Add(100 * time.Millisecond)
				w.attempt(start, number, 0, 100*time.Millisecond)
			} else {
				start = start.Add(time.Millisecond)
				w.attempt(start, number, 503, time.Millisecond)
			}
		}
		w.request(start, record.OutcomeTimeout, 4, start.Sub(after(at)))
	}
}

func (w *writer) send() {
	w.t.Helper()
	for _, b := range []driver.Batch{w.attempts, w.requests} {
		if err := b.Send(); err != nil {
			w.t.Fatal(err)
		}
	}
}

// openEngine starts a store: the first connection reads, the second writes.
func openEngine(t *testing.T) (reader, writes driver.Conn) {
	t.Helper()
	dsn := enginetest.Start(t)
	if err := schema.Ensure(t.Context(), dsn, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	parsed, err := query.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if writes, err = query.OpenWriter(parsed); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { writes.Close() })
	if reader, err = query.Open(dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	return reader, writes
}

// verdicts sums up a plan: knob, verdict and value.
func verdicts(p *tunev1.Plan) []string {
	var out []string
	for _, r := range p.GetRecommendations() {
		text := r.GetVerdict() + " " + r.GetKnob() + " " + r.GetTo()
		if r.GetProvisional() {
			text += " provisional"
		}
		out = append(out, text)
	}
	return out
}

// TestLifeOfAnEdge goes the whole way on a real store: collapse, plan, apply,
// re-estimate, roll back.
func TestLifeOfAnEdge(t *testing.T) {
	reader, writes := openEngine(t)
	b := newBench(t)
	b.use.Conn = reader
	three, unlimited := uint32(3), uint32(math.MaxUint32)
	b.mesh.configured = &meshv1.TrafficPolicy{
		Timeout: durationpb.New(0), PerTryTimeout: durationpb.New(100 * time.Millisecond), Retries: &three, MaxRequests: &unlimited,
	}
	w := newWriter(t, writes)
	w.calm(0, 15, 100*time.Millisecond)
	w.collapsed(15, 21, 75)
	w.collapsed(21, 35, 215)
	w.calm(36, 60, 400*time.Millisecond)
	w.send()

	b.burn, b.burned = Burn{SLO: "s", Healthy: window(0, 14), Stressed: window(15, 34), Deadline: time.Second}, true
	b.now, b.mark = after(40), after(35)
	first, err := b.plan(&tunev1.PlanRequest{Edge: ratings})
	if err != nil {
		t.Fatal(err)
	}
	limit := first.GetPolicy().GetMaxRequests()
	if limit < 15 || limit > 24 {
		t.Errorf("max_requests = %d, want near 20", limit)
	}
	want := []string{
		"RECOMMEND retries 1", "RECOMMEND retry_budget 20%", "RECOMMEND timeout 900ms",
		fmt.Sprintf("RECOMMEND max_requests %d", limit), "PROBE per_try_timeout 400ms",
	}
	if diff := cmp.Diff(want, verdicts(first)); diff != "" {
		t.Errorf("first plan (-want +got):\n%s", diff)
	}
	if !first.GetStressed().GetTo().AsTime().Equal(after(34)) || !first.GetHealthy().GetWatermark().AsTime().Equal(after(35)) {
		t.Errorf("windows %v, %v", first.GetHealthy(), first.GetStressed())
	}

	b.now = after(36)
	b.mustApply(first.GetId())
	b.now, b.mark = after(60), after(56)
	second, err := b.plan(&tunev1.PlanRequest{Edge: ratings})
	if err != nil {
		t.Fatal(err)
	}
	if !second.GetHealthy().GetFrom().AsTime().Equal(after(41)) {
		t.Errorf("re-estimated from %v, want five seconds after the apply", second.GetHealthy().GetFrom().AsTime())
	}
	want = []string{
		"KEEP retries 1", "KEEP retry_budget 20%", "KEEP timeout 900ms",
		fmt.Sprintf("KEEP max_requests %d", limit), "KEEP per_try_timeout 400ms provisional",
	}
	if diff := cmp.Diff(want, verdicts(second)); diff != "" {
		t.Errorf("second plan (-want +got):\n%s", diff)
	}

	if _, err := b.rollback(""); err != nil {
		t.Fatal(err)
	}
	if b.mesh.override != nil {
		t.Errorf("override after the rollback: %v", b.mesh.override)
	}
}

// Without SLOs and mesh a plan is made of the last minutes.
func TestPlanWithoutSurroundings(t *testing.T) {
	reader, writes := openEngine(t)
	b := newBench(t)
	b.use.Conn, b.use.Mesh, b.use.LastBurn = reader, nil, nil
	w := newWriter(t, writes)
	w.calm(0, 10, time.Second)
	w.send()
	b.now, b.mark = after(20), after(15)
	plan, err := b.plan(&tunev1.PlanRequest{Edge: &typesv1.EdgeRef{SrcService: "reviews", DstService: "ratings"}})
	if err != nil {
		t.Fatal(err)
	}
	if !plan.GetHealthy().GetFrom().AsTime().Equal(after(15).Add(-defaultHealthy)) || plan.GetStressed() != nil || plan.GetCurrent() != nil {
		t.Errorf("windows %v, %v, current %v", plan.GetHealthy(), plan.GetStressed(), plan.GetCurrent())
	}
	for _, r := range plan.GetRecommendations() {
		if r.GetFrom() != "unknown" {
			t.Errorf("%s: from %q, want unknown", r.GetKnob(), r.GetFrom())
		}
		if r.GetKnob() == verdict.KnobTimeout && r.GetVerdict() != verdict.Insufficient {
			t.Errorf("timeout without a deadline: %s", r.GetVerdict())
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	b := newBench(t)
	_, err := b.plan(&tunev1.PlanRequest{Edge: &typesv1.EdgeRef{DstService: "ratings"}})
	refused(t, "half an edge", err, connect.CodeInvalidArgument, "src_service")
	_, err = b.plan(&tunev1.PlanRequest{})
	refused(t, "no edge", err, connect.CodeInvalidArgument, "src_service")
	b.mesh.err = errDown
	_, err = b.plan(&tunev1.PlanRequest{Edge: ratings})
	refused(t, "mesh is down", err, connect.CodeUnavailable, "asking the mesh")
	b.mesh.err = connect.NewError(connect.CodeNotFound, fmt.Errorf("no such edge"))
	_, err = b.plan(&tunev1.PlanRequest{Edge: ratings})
	refused(t, "mesh does not know the edge", err, connect.CodeNotFound, "no such edge")
	b.mark = time.Time{}
	_, err = b.plan(&tunev1.PlanRequest{Edge: ratings})
	refused(t, "no collector", err, connect.CodeUnavailable, "no collector reports")
}

func TestEdgeText(t *testing.T) {
	if got := edgeText(&typesv1.EdgeRef{Namespace: "n", SrcService: "a", DstService: "b", Route: "r"}); got != "n/a -> b route r" {
		t.Error(got)
	}
}
