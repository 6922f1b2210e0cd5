package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plimsoll-mesh/plimsoll/analyzer/handler"
	"github.com/plimsoll-mesh/plimsoll/api/apijson"
	alertv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1"
	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	slov1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

// The services behind the command line in its tests: they answer from fixed
// messages, so that what is printed can be compared.

func fakes() handler.Services {
	return handler.Services{Graph: &fakeGraph{}, SLO: fakeSLO{}, Alert: fakeSLO{}, Tune: fakeTune{}, Status: fakeStatus{}}
}

func noon(offset time.Duration) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(offset))
}

func window(from, to time.Duration) *typesv1.Window {
	return &typesv1.Window{From: noon(from), To: noon(to), Watermark: noon(0)}
}

func figure(estimate, low, high float64) *typesv1.Figure {
	return &typesv1.Figure{Estimate: estimate, Low: low, High: high}
}

// fakeGraph answers with three edges, with none for the service "nothing", and
// keeps what it was asked.
type fakeGraph struct{ asked strings.Builder }

func (f *fakeGraph) GetGraph(_ context.Context, req *connect.Request[graphv1.GetGraphRequest]) (*connect.Response[graphv1.GetGraphResponse], error) {
	text, err := apijson.Marshal(req.Msg)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&f.asked, "%s\n", text)
	answer := &graphv1.GetGraphResponse{Window: window(-time.Minute, 0)}
	if req.Msg.Service == "nothing" {
		return connect.NewResponse(answer), nil
	}
	const reviews, ratings = "shop/local/default/reviews-v1", "shop/local/default/ratings"
	answer.Nodes = []*graphv1.Node{
		{Id: "shop/local/default/details", Kind: "service", Mesh: "shop", Cluster: "local", Namespace: "default", Workload: "details", Service: "details"},
		{Id: "shop/local/default/~details", Kind: "service", Mesh: "shop", Cluster: "local", Namespace: "default", Service: "details"},
		{Id: ratings, Kind: "service", Mesh: "shop", Cluster: "local", Namespace: "default", Workload: "ratings", Service: "ratings", Version: "v1"},
		{Id: reviews, Kind: "service", Mesh: "shop", Cluster: "local", Namespace: "default", Workload: "reviews-v1", Service: "reviews", Version: "v1"},
		{Id: "unknown/default", Kind: "unknown", Namespace: "default"},
	}
	answer.Edges = []*graphv1.Edge{
		{
			Src: reviews, Dst: ratings, Route: "default", Protocol: "http2", Vantage: "client", Unit: "requests",
			Requests: 12_000, Arrivals: 12_931, Attempts: 12_931, Failures: 66,
			Outcomes: map[string]uint64{"ok": 11_930, "timeout": 60, "overflow": 6, "client_error": 4},
			Rate:     200, ErrorRatio: proto.Float64(0.0055), Mtls: proto.Float64(1),
			LatencyMs: &graphv1.Quantiles{P50: figure(25.48, 25, 26), P90: figure(88.2, 88, 89), P99: figure(1203.4, 1200, 1300)},
			Sources: []*graphv1.EdgeSource{
				{Source: "als", Vantage: "client", Unit: "requests", Requests: 12_000, Failures: 66},
				{Source: "als", Vantage: "server", Unit: "attempts", Requests: 12_931, Failures: 80},
			},
		},
		{
			Src: reviews, Dst: "shop/local/default/~details", Route: "GET /items/{id}", Protocol: "http1", Vantage: "client", Unit: "requests",
			Requests: 3, Failures: 3, Outcomes: map[string]uint64{"no_healthy": 3}, Rate: 0.05, ErrorRatio: proto.Float64(1),
		},
		{
			Src: "unknown/default", Dst: reviews, Route: "evil\n\x1b[31mroute", Protocol: "http1", Vantage: "server", Unit: "attempts",
		},
	}
	return connect.NewResponse(answer), nil
}

type fakeSLO struct{}

func (fakeSLO) ListSLOs(_ context.Context, req *connect.Request[slov1.ListSLOsRequest]) (*connect.Response[slov1.ListSLOsResponse], error) {
	all := []*slov1.SLOStatus{
		{
			Name: "shop-availability", Service: "productpage", Objective: 0.995, Period: durationpb.New(time.Hour), Window: window(-time.Hour, 0),
			Good: 9_900, Total: 10_000, Sli: proto.Float64(0.99), SliInterval: figure(0.99, 0.98785, 0.99177),
			BudgetAllowed: 50, BudgetRemaining: proto.Float64(-1), State: "burning",
			BurnRates: []*slov1.BurnRate{{
				Severity: "page", LongWindow: durationpb.New(20 * time.Second), ShortWindow: durationpb.New(10 * time.Second), Factor: 10,
				LongRate: proto.Float64(75.123), ShortRate: proto.Float64(102), Firing: true,
				LongBad: 90, LongTotal: 240, ShortBad: 61, ShortTotal: 120,
			}},
		},
		{
			Name: "quiet", Service: "details", Objective: 0.9, Period: durationpb.New(28 * 24 * time.Hour), Window: window(-time.Hour, 0),
			State: "no_data", Reason: "no events in the window",
			BurnRates: []*slov1.BurnRate{{Severity: "ticket", LongWindow: durationpb.New(24 * time.Hour), ShortWindow: durationpb.New(2 * time.Hour), Factor: 2.8}},
		},
	}
	answer := &slov1.ListSLOsResponse{}
	for _, s := range all {
		if req.Msg.Name == "" || req.Msg.Name == s.Name {
			answer.Slos = append(answer.Slos, s)
		}
	}
	if len(answer.Slos) == 0 {
		return nil, connect.NewError(connect.CodeNotFound, fmt.Errorf("no SLO is named %q", req.Msg.Name))
	}
	return connect.NewResponse(answer), nil
}

func (fakeSLO) ListAlerts(_ context.Context, req *connect.Request[alertv1.ListAlertsRequest]) (*connect.Response[alertv1.ListAlertsResponse], error) {
	if req.Msg.From.AsTime().Year() == 2030 {
		return connect.NewResponse(&alertv1.ListAlertsResponse{}), nil
	}
	return connect.NewResponse(&alertv1.ListAlertsResponse{Alerts: []*alertv1.Alert{
		{
			Id: "inc_2", Slo: "shop-availability", Service: "productpage", Severity: "page", State: "firing",
			FiredAt: noon(0), WindowFrom: noon(-20 * time.Second),
			Deliveries: []*alertv1.Delivery{
				{Id: "msg_2", Target: "demo", Event: "firing", State: "pending", Tries: 3, LastError: "dial tcp: connection\nrefused"},
			},
		},
		{
			Id: "inc_1", Slo: "shop-availability", Service: "productpage", Severity: "page", State: "resolved",
			FiredAt: noon(-time.Hour), ResolvedAt: noon(-50 * time.Minute),
			Deliveries: []*alertv1.Delivery{
				{Id: "msg_0", Target: "demo", Event: "firing", State: "delivered", Tries: 1, DeliveredAt: noon(-time.Hour + time.Second)},
				{Id: "msg_1", Target: "demo", Event: "resolved", State: "delivered", Tries: 1, DeliveredAt: noon(-49 * time.Minute)},
			},
		},
	}}), nil
}

func (fakeSLO) ListDeliveries(_ context.Context, req *connect.Request[alertv1.ListDeliveriesRequest]) (*connect.Response[alertv1.ListDeliveriesResponse], error) {
	switch {
	case req.Msg.State == "skipped":
		return connect.NewResponse(&alertv1.ListDeliveriesResponse{}), nil
	case req.Msg.PageToken == "":
		return connect.NewResponse(&alertv1.ListDeliveriesResponse{NextPageToken: "1", Deliveries: []*alertv1.Delivery{
			{Id: "msg_0", Alert: "inc_1", Target: "demo", Event: "firing", State: "delivered", Tries: 1, DeliveredAt: noon(-time.Hour)},
		}}), nil
	}
	return connect.NewResponse(&alertv1.ListDeliveriesResponse{Deliveries: []*alertv1.Delivery{
		{Id: "msg_9", Alert: "inc_3", Target: "chat", Event: "firing", State: "dead", Tries: 1, LastError: "the receiver answered 404 Not Found"},
	}}), nil
}

func (fakeSLO) ReplayDelivery(_ context.Context, req *connect.Request[alertv1.ReplayDeliveryRequest]) (*connect.Response[alertv1.ReplayDeliveryResponse], error) {
	if req.Msg.Id != "msg_9" {
		return nil, connect.NewError(connect.CodeNotFound, fmt.Errorf("no dead message has the id %q", req.Msg.Id))
	}
	return connect.NewResponse(&alertv1.ReplayDeliveryResponse{Ids: []string{"msg_9", "msg_10"}}), nil
}

func silence(id string, m *alertv1.Matcher) *alertv1.Silence {
	return &alertv1.Silence{
		Id: id, Matchers: []*alertv1.Matcher{m}, StartsAt: noon(0), EndsAt: noon(2 * time.Hour), CreatedBy: "ann", Comment: "moving house",
		CreatedAt: noon(0), Active: true,
	}
}

func (fakeSLO) ListSilences(context.Context, *connect.Request[alertv1.ListSilencesRequest]) (*connect.Response[alertv1.ListSilencesResponse], error) {
	weekly := silence("sil_2", &alertv1.Matcher{Name: "severity", Value: "page", Negate: true})
	weekly.Rule, weekly.Duration, weekly.Active, weekly.EndedAt = "FREQ=WEEKLY;BYDAY=SU", durationpb.New(time.Hour), false, noon(time.Hour)
	return connect.NewResponse(&alertv1.ListSilencesResponse{Silences: []*alertv1.Silence{
		silence("sil_1", &alertv1.Matcher{Name: "service", Value: "shop|pay", Regex: true}), weekly,
	}}), nil
}

func (fakeSLO) CreateSilence(_ context.Context, req *connect.Request[alertv1.CreateSilenceRequest]) (*connect.Response[alertv1.CreateSilenceResponse], error) {
	s := silence("sil_3", req.Msg.Silence.Matchers[0])
	s.Comment, s.CreatedBy, s.Rule, s.Duration = req.Msg.Silence.Comment, req.Msg.Silence.CreatedBy, req.Msg.Silence.Rule, req.Msg.Silence.Duration
	return connect.NewResponse(&alertv1.CreateSilenceResponse{Silence: s}), nil
}

func (fakeSLO) EndSilence(_ context.Context, req *connect.Request[alertv1.EndSilenceRequest]) (*connect.Response[alertv1.EndSilenceResponse], error) {
	if req.Msg.Id != "sil_1" {
		return nil, connect.NewError(connect.CodeNotFound, fmt.Errorf("no silence that lasts has the id %q", req.Msg.Id))
	}
	return connect.NewResponse(&alertv1.EndSilenceResponse{}), nil
}

type fakeTune struct{}

func plan(id string, edge *typesv1.EdgeRef) *tunev1.Plan {
	return &tunev1.Plan{
		Id: id, Edge: edge, CreatedAt: noon(0), Healthy: window(-5*time.Minute, -time.Minute), Stressed: window(-time.Minute, -30*time.Second),
		Recommendations: []*tunev1.Recommendation{
			{
				Knob: "per_try_timeout", Verdict: "PROBE", From: "250ms", To: "900ms", Reason: "8.2 % of tries are cut at 250ms, so the tail is not known.",
				Evidence: []*tunev1.Evidence{{Name: "tries", Value: 1650, Unit: "tries", Source: "attempts"}, {Name: "cut", Value: 0.0818181818, Unit: "share", Source: "Kaplan-Meier over 1650 tries, 135 cut"}},
			},
			{Knob: "retries", Verdict: "RECOMMEND", From: "3", To: "1", Reason: "One retry repairs what retries can repair.", Provisional: true},
			{Knob: "max_requests", Verdict: "INSUFFICIENT", Reason: "The service never ran at its capacity."},
		},
		Policy:  &meshv1.TrafficPolicy{PerTryTimeout: durationpb.New(900 * time.Millisecond), Retries: proto.Uint32(1)},
		Current: &meshv1.TrafficPolicy{PerTryTimeout: durationpb.New(250 * time.Millisecond), Retries: proto.Uint32(3)},
	}
}

func reviewsToRatings() *typesv1.EdgeRef {
	return &typesv1.EdgeRef{Namespace: "default", SrcService: "reviews", DstService: "ratings"}
}

func (fakeTune) Plan(_ context.Context, req *connect.Request[tunev1.PlanRequest]) (*connect.Response[tunev1.PlanResponse], error) {
	p := plan("plan-1", req.Msg.Edge)
	if req.Msg.Edge.DstService == "details" {
		p.Id, p.Recommendations, p.Stressed = "plan-2", p.Recommendations[2:], nil
	}
	return connect.NewResponse(&tunev1.PlanResponse{Plan: p}), nil
}

func changes(failing string) *meshv1.ApplyTrafficPolicyResponse {
	return &meshv1.ApplyTrafficPolicyResponse{Changes: []*meshv1.ProxyChange{
		{Proxy: "sidecar~127.0.0.1~reviews-v1.default~shop", RuntimeLiveAfter: durationpb.New(1200 * time.Microsecond), RoutesLiveAfter: durationpb.New(31 * time.Millisecond)},
		{Proxy: "sidecar~127.0.0.1~reviews-v2.default~shop", RuntimeLiveAfter: durationpb.New(900 * time.Microsecond), Error: failing},
	}}
}

func (fakeTune) Apply(_ context.Context, req *connect.Request[tunev1.ApplyRequest]) (*connect.Response[tunev1.ApplyResponse], error) {
	failing := ""
	switch req.Msg.PlanId {
	case "plan-none":
		return nil, connect.NewError(connect.CodeNotFound, errors.New("no plan plan-none"))
	case "plan-old":
		return nil, connect.NewError(connect.CodeFailedPrecondition, errors.New("plan plan-old is 20m0s old, older than 15m0s: make a new plan"))
	case "plan-refused":
		failing = "route configuration was refused"
	}
	p := plan(req.Msg.PlanId, reviewsToRatings())
	p.AppliedAt = noon(time.Second)
	return connect.NewResponse(&tunev1.ApplyResponse{Plan: p, Result: changes(failing)}), nil
}

func (fakeTune) Rollback(context.Context, *connect.Request[tunev1.RollbackRequest]) (*connect.Response[tunev1.RollbackResponse], error) {
	p := plan("plan-1", reviewsToRatings())
	p.AppliedAt, p.RolledBackAt = noon(time.Second), noon(time.Minute)
	return connect.NewResponse(&tunev1.RollbackResponse{Plan: p, Result: changes("")}), nil
}

func (fakeTune) ListPlans(_ context.Context, req *connect.Request[tunev1.ListPlansRequest]) (*connect.Response[tunev1.ListPlansResponse], error) {
	p := plan("plan-1", reviewsToRatings())
	p.AppliedAt = noon(time.Second)
	answer := &tunev1.ListPlansResponse{Plans: []*tunev1.Plan{p}}
	if req.Msg.Edge == nil {
		other := plan("plan-0", &typesv1.EdgeRef{Namespace: "default", SrcService: "web", DstService: "details", Route: "items"})
		answer.Plans = append(answer.Plans, other)
	}
	return connect.NewResponse(answer), nil
}
