package run

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plimsoll-mesh/plimsoll/api/bearer"
	alertv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1/alertv1connect"
	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1/graphv1connect"
	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	slov1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1/slov1connect"
	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1/statusv1connect"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1/tunev1connect"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

// api asks the analyzer, as any client would.
type api struct {
	graph  graphv1connect.GraphServiceClient
	slo    slov1connect.SLOServiceClient
	alert  alertv1connect.AlertServiceClient
	tune   tunev1connect.TuneServiceClient
	status statusv1connect.StatusServiceClient

	client *http.Client
}

// close lets go of the connections.
func (a *api) close() { a.client.CloseIdleConnections() }

// apiTimeout bounds one call; plans read many rows.
const apiTimeout = 20 * time.Second

func newAPI(url, tokenFile string) (*api, error) {
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return nil, fmt.Errorf("reading the analyzer's token: %w", err)
	}
	client := &http.Client{Timeout: apiTimeout, Transport: &http.Transport{IdleConnTimeout: apiTimeout}}
	auth := connect.WithInterceptors(bearer.Interceptor(bearer.Token(strings.TrimSpace(string(token)))))
	return &api{
		client: client,
		graph:  graphv1connect.NewGraphServiceClient(client, url, auth),
		slo:    slov1connect.NewSLOServiceClient(client, url, auth),
		alert:  alertv1connect.NewAlertServiceClient(client, url, auth),
		tune:   tunev1connect.NewTuneServiceClient(client, url, auth),
		status: statusv1connect.NewStatusServiceClient(client, url, auth),
	}, nil
}

// edges returns the graph of a window, with latency bins.
func (a *api) edges(ctx context.Context, from, to time.Time) (*graphv1.GetGraphResponse, error) {
	resp, err := a.graph.GetGraph(ctx, connect.NewRequest(&graphv1.GetGraphRequest{
		From: timestamppb.New(from), To: timestamppb.New(to), WithBins: true,
	}))
	if err != nil {
		return nil, fmt.Errorf("asking for the graph: %w", err)
	}
	return resp.Msg, nil
}

// slos returns the objectives as of a moment, the zero time meaning now.
func (a *api) slos(ctx context.Context, at time.Time) ([]*slov1.SLOStatus, error) {
	req := &slov1.ListSLOsRequest{}
	if !at.IsZero() {
		req.At = timestamppb.New(at)
	}
	resp, err := a.slo.ListSLOs(ctx, connect.NewRequest(req))
	if err != nil {
		return nil, fmt.Errorf("asking for the SLOs: %w", err)
	}
	return resp.Msg.GetSlos(), nil
}

// accounts returns what Plimsoll says of each proxy's telemetry in a window, by
// the name of the proxy.
func (a *api) accounts(ctx context.Context, from, to time.Time) (map[string]*statusv1.ProxyAccount, error) {
	resp, err := a.status.ListProxyAccounts(ctx, connect.NewRequest(&statusv1.ListProxyAccountsRequest{
		From: timestamppb.New(from), To: timestamppb.New(to),
	}))
	if err != nil {
		return nil, fmt.Errorf("asking for the accounts of the proxies: %w", err)
	}
	list := map[string]*statusv1.ProxyAccount{}
	for _, x := range resp.Msg.GetAccounts() {
		list[x.GetProxy()] = x
	}
	return list, nil
}

func (a *api) alerts(ctx context.Context) ([]*alertv1.Alert, error) {
	resp, err := a.alert.ListAlerts(ctx, connect.NewRequest(&alertv1.ListAlertsRequest{}))
	if err != nil {
		return nil, fmt.Errorf("asking for the alerts: %w", err)
	}
	return resp.Msg.GetAlerts(), nil
}

// watermark returns the time up to which everything is stored.
func (a *api) watermark(ctx context.Context) (time.Time, error) {
	resp, err := a.status.GetStatus(ctx, connect.NewRequest(&statusv1.GetStatusRequest{}))
	if err != nil {
		return time.Time{}, fmt.Errorf("asking for the watermark: %w", err)
	}
	return resp.Msg.GetWatermark().AsTime(), nil
}

// awaitWatermark waits until everything up to a moment is stored.
func (a *api) awaitWatermark(ctx context.Context, until time.Time) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		mark, err := a.watermark(ctx)
		if err == nil {
			if !mark.Before(until) {
				return nil
			}
			err = fmt.Errorf("the watermark stands at %s", mark.UTC().Format(time.TimeOnly))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until rows up to %s are stored: %w; last: %w", until.UTC().Format(time.TimeOnly), context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}

// plan asks for a judgement of an edge.
func (a *api) plan(ctx context.Context, edge *typesv1.EdgeRef) (*tunev1.Plan, error) {
	resp, err := a.tune.Plan(ctx, connect.NewRequest(&tunev1.PlanRequest{Edge: edge}))
	if err != nil {
		return nil, fmt.Errorf("asking for a plan: %w", err)
	}
	return resp.Msg.GetPlan(), nil
}

// apply applies a plan and returns it with what the proxies said.
func (a *api) apply(ctx context.Context, id string) (*tunev1.Plan, []*meshv1.ProxyChange, error) {
	resp, err := a.tune.Apply(ctx, connect.NewRequest(&tunev1.ApplyRequest{PlanId: id}))
	if err != nil {
		return nil, nil, fmt.Errorf("applying plan %s: %w", id, err)
	}
	return resp.Msg.GetPlan(), resp.Msg.GetResult().GetChanges(), nil
}

func (a *api) rollback(ctx context.Context) error {
	if _, err := a.tune.Rollback(ctx, connect.NewRequest(&tunev1.RollbackRequest{})); err != nil {
		return fmt.Errorf("rolling back: %w", err)
	}
	return nil
}
