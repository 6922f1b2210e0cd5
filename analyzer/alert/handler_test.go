package alert

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
	alertv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1/alertv1connect"
	slov1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1/slov1connect"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

// client serves a handler and returns a client of it.
func client(t *testing.T, h *Handler) clients {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(slov1connect.NewSLOServiceHandler(h))
	mux.Handle(alertv1connect.NewAlertServiceHandler(h))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return clients{
		slov1connect.NewSLOServiceClient(server.Client(), server.URL),
		alertv1connect.NewAlertServiceClient(server.Client(), server.URL),
	}
}

// clients are those of both services.
type clients struct {
	slov1connect.SLOServiceClient
	alertv1connect.AlertServiceClient
}

// listSLOs asks a handler whose evaluator gives st, and whose clock is t0.
func listSLOs(t *testing.T, st slo.Status, req *slov1.ListSLOsRequest) (*slov1.ListSLOsResponse, time.Time, error) {
	t.Helper()
	var asked time.Time
	h := NewHandler(openState(t, t.TempDir()), evaluation(func(at time.Time) ([]slo.Status, error) {
		asked = at
		return []slo.Status{st}, nil
	}))
	h.now = func() time.Time { return t0 }
	resp, err := client(t, h).ListSLOs(t.Context(), connect.NewRequest(req))
	if err != nil {
		return nil, asked, err
	}
	return resp.Msg, asked, nil
}

func TestListSLOs(t *testing.T) {
	got, _, err := listSLOs(t, burning(t0, 50), &slov1.ListSLOsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	want := &slov1.ListSLOsResponse{Slos: []*slov1.SLOStatus{{
		Name: "shop-up", Service: "shop", Objective: 0.99, Period: durationpb.New(time.Hour),
		Window: &typesv1.Window{
			From: timestamppb.New(t0.Add(-time.Hour)), To: timestamppb.New(t0), Watermark: timestamppb.New(t0.Add(time.Second)),
		},
		Good: 35_900, Total: 36_000, Sli: proto.Float64(35_900.0 / 36_000),
		SliInterval:   &typesv1.Figure{Estimate: 35_900.0 / 36_000, Low: 0.996623, High: 0.997715},
		BudgetAllowed: 360, BudgetRemaining: proto.Float64(1 - 100.0/360), State: "burning",
		BurnRates: []*slov1.BurnRate{{
			Severity: "page", LongWindow: durationpb.New(20 * time.Second), ShortWindow: durationpb.New(10 * time.Second),
			LongRate: proto.Float64(50), ShortRate: proto.Float64(50), Factor: 10, Firing: true,
			LongBad: 100, LongTotal: 200, ShortBad: 50, ShortTotal: 100,
		}},
	}}}
	near := cmp.Comparer(func(a, b float64) bool { return a-b < 1e-6 && b-a < 1e-6 })
	if diff := cmp.Diff(want, got, protocmp.Transform(), near); diff != "" {
		t.Error(diff)
	}
}

// TestListSLOsUndefined: what is undefined is absent, not zero.
func TestListSLOsUndefined(t *testing.T) {
	st := slo.Status{SLO: testSLO(), At: t0, State: slo.NoData, Reason: "no live collector", Rows: []slo.RowStatus{{Row: testSLO().Rows[0]}}}
	got, _, err := listSLOs(t, st, &slov1.ListSLOsRequest{Name: "shop-up"})
	if err != nil {
		t.Fatal(err)
	}
	s := got.Slos[0]
	if s.Sli != nil || s.SliInterval != nil || s.BudgetRemaining != nil || s.Window != nil || s.BurnRates[0].LongRate != nil || s.BurnRates[0].ShortRate != nil {
		t.Errorf("something undefined is there: %v", s)
	}
	if s.State != "no_data" || s.Reason != "no live collector" {
		t.Errorf("state %s, reason %q", s.State, s.Reason)
	}
}

func TestListSLOsAt(t *testing.T) {
	past, future := timestamppb.New(t0.Add(-time.Hour)), timestamppb.New(t0.Add(time.Hour))
	for _, tc := range []struct {
		at   *timestamppb.Timestamp
		want time.Time
	}{{nil, t0}, {past, past.AsTime()}, {future, t0}} {
		_, asked, err := listSLOs(t, burning(t0, 0), &slov1.ListSLOsRequest{At: tc.at})
		if err != nil || !asked.Equal(tc.want) {
			t.Errorf("at %v: evaluated as of %v, %v, want %v", tc.at, asked, err, tc.want)
		}
	}
	_, _, err := listSLOs(t, burning(t0, 0), &slov1.ListSLOsRequest{At: &timestamppb.Timestamp{Nanos: -1}})
	if connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("error of a broken time = %v", err)
	}
}

func TestListSLOsErrors(t *testing.T) {
	_, _, err := listSLOs(t, burning(t0, 0), &slov1.ListSLOsRequest{Name: "nope"})
	if connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("error of an unknown name = %v", err)
	}
	h := NewHandler(openState(t, t.TempDir()), evaluation(func(time.Time) ([]slo.Status, error) {
		return nil, errors.New("store is gone")
	}))
	if _, err := client(t, h).ListSLOs(t.Context(), connect.NewRequest(&slov1.ListSLOsRequest{})); connect.CodeOf(err) != connect.CodeUnknown || !strings.Contains(err.Error(), "store is gone") {
		t.Errorf("error of a store that is gone = %v, want it as it is", err)
	}
}

// TestCalmIncidentStillBurns: an SLO whose incident is open is not ok, as of
// the time when it was open.
func TestCalmIncidentStillBurns(t *testing.T) {
	db := openState(t, t.TempDir())
	l := ledger{db: db}
	st := burning(t0, 0)
	in := Incident{ID: "i", SLO: st.SLO.Name, Service: "shop", Severity: slo.Page, FiredAt: t0, WindowFrom: t0}
	if err := l.fire(t.Context(), router{}, []Incident{in}); err != nil {
		t.Fatal(err)
	}
	resolveOne(t, l, in, t0.Add(time.Minute))
	h := NewHandler(db, evaluation(func(time.Time) ([]slo.Status, error) { return []slo.Status{st}, nil }))
	for at, want := range map[time.Duration]string{-1 * time.Second: "ok", 0: "burning", 59 * time.Second: "burning", time.Minute: "ok"} {
		resp, err := h.ListSLOs(t.Context(), connect.NewRequest(&slov1.ListSLOsRequest{At: timestamppb.New(t0.Add(at))}))
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.Msg.Slos[0].State; got != want {
			t.Errorf("state at %v = %s, want %s", at, got, want)
		}
	}
}

func TestListAlerts(t *testing.T) {
	db := openState(t, t.TempDir())
	l := ledger{db: db}
	old := fireOne(t, l, "old", t0, targetA)
	settleOne(t, l, claimOne(t, l, "a", t0), sent, t0.Add(time.Second))
	resolveOne(t, l, old, t0.Add(time.Minute))
	fireOne(t, l, "new", t0.Add(time.Hour), nil)

	c := client(t, NewHandler(db, nil))
	list := func(from *timestamppb.Timestamp) []*alertv1.Alert {
		resp, err := c.ListAlerts(context.Background(), connect.NewRequest(&alertv1.ListAlertsRequest{From: from}))
		if err != nil {
			t.Fatal(err)
		}
		return resp.Msg.Alerts
	}
	want := []*alertv1.Alert{
		{
			Id: "new", Slo: "slo-new", Service: "shop", Severity: "page", State: "firing",
			FiredAt: timestamppb.New(t0.Add(time.Hour)), WindowFrom: timestamppb.New(t0.Add(time.Hour - 20*time.Second)),
		},
		{
			Id: "old", Slo: "slo-old", Service: "shop", Severity: "page", State: "resolved",
			FiredAt: timestamppb.New(t0), WindowFrom: timestamppb.New(t0.Add(-20 * time.Second)), ResolvedAt: timestamppb.New(t0.Add(time.Minute)),
			Deliveries: []*alertv1.Delivery{
				{Alert: "old", Target: "a", Event: "firing", State: "delivered", Tries: 1, DeliveredAt: timestamppb.New(t0.Add(time.Second))},
				{Alert: "old", Target: "a", Event: "resolved", State: "pending"},
			},
		},
	}
	random := protocmp.IgnoreFields(&alertv1.Delivery{}, "id")
	summary := protocmp.IgnoreFields(&alertv1.Alert{}, "summary")
	if diff := cmp.Diff(want, list(nil), protocmp.Transform(), random, summary); diff != "" {
		t.Error(diff)
	}
	if got := list(timestamppb.New(t0.Add(2 * time.Minute))); len(got) != 1 || got[0].Id != "new" {
		t.Errorf("from after the old one's end: %v", got)
	}
	if got := list(timestamppb.New(t0.Add(30 * time.Second))); len(got) != 2 {
		t.Errorf("from before the old one's end: %d alerts, want 2", len(got))
	}
}
