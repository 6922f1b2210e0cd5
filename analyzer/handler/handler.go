package handler

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1/alertv1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/gate/v1/gatev1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1/graphv1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1/observev1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1/slov1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1/statusv1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1/tunev1connect"
)

const (
	// maxRequestBytes bounds a request: all of them are a few fields.
	maxRequestBytes = 1 << 20
	// callTimeout bounds the work of one call. An Apply waits for every proxy's
	// confirmation, which takes seconds.
	callTimeout = 30 * time.Second
)

// Services are what the analyzer offers. One that is nil is not mounted.
type Services struct {
	Graph  graphv1connect.GraphServiceHandler
	SLO    slov1connect.SLOServiceHandler
	Alert  alertv1connect.AlertServiceHandler
	Tune   tunev1connect.TuneServiceHandler
	Status statusv1connect.StatusServiceHandler

	Observe observev1connect.ObserveServiceHandler
	Gate    gatev1connect.GateServiceHandler
	// GateHooks serves /gate and the paths below it.
	GateHooks http.Handler
}

// Settings are what a handler is made of besides its services.
type Settings struct {
	Tokens *Tokens
	// Healthy tells whether the store answers.
	Healthy func(context.Context) error
	Log     *slog.Logger
}

// New returns a handler for all services and GET /healthz.
func New(s Services, set Settings) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthz(set))
	options := connect.WithHandlerOptions(
		connect.WithReadMaxBytes(maxRequestBytes),
		connect.WithInterceptors(shield(set.Log, callTimeout), auth{set.Tokens}),
		connect.WithRecover(recovered(set.Log)),
	)
	if s.Graph != nil {
		mux.Handle(graphv1connect.NewGraphServiceHandler(s.Graph, options))
	}
	if s.SLO != nil {
		mux.Handle(slov1connect.NewSLOServiceHandler(s.SLO, options))
	}
	if s.Alert != nil {
		mux.Handle(alertv1connect.NewAlertServiceHandler(s.Alert, options))
	}
	if s.Tune != nil {
		mux.Handle(tunev1connect.NewTuneServiceHandler(s.Tune, options))
	}
	if s.Status != nil {
		mux.Handle(statusv1connect.NewStatusServiceHandler(s.Status, options))
	}
	if s.Observe != nil {
		path, h := observev1connect.NewObserveServiceHandler(s.Observe, options)
		mux.Handle(path, endless(h))
	}
	if s.Gate != nil {
		mux.Handle(gatev1connect.NewGateServiceHandler(s.Gate, options))
	}
	if s.GateHooks != nil {
		hooks := plain(set.Tokens, s.GateHooks)
		mux.Handle("/gate", hooks)
		mux.Handle("/gate/", hooks)
	}
	return mux
}

// healthz answers 200 while the store answers, else 503.
func healthz(set Settings) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := set.Healthy(ctx); err != nil {
			set.Log.WarnContext(ctx, "health check failed", "error", err)
			http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}
