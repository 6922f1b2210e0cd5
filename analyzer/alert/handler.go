package alert

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
	alertv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1/alertv1connect"
	slov1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1/slov1connect"
)

// Handler serves SLOService and AlertService.
type Handler struct {
	ledger    ledger
	evaluator Evaluator
	now       func() time.Time
}

var (
	_ slov1connect.SLOServiceHandler     = (*Handler)(nil)
	_ alertv1connect.AlertServiceHandler = (*Handler)(nil)
)

// NewHandler returns a handler over the analyzer's state and an evaluator.
func NewHandler(db *sql.DB, evaluator Evaluator) *Handler {
	return &Handler{ledger: ledger{db: db}, evaluator: evaluator, now: time.Now}
}

// ListSLOs evaluates the SLOs as of the time asked for, or of now, and never
// later than that.
func (h *Handler) ListSLOs(ctx context.Context, req *connect.Request[slov1.ListSLOsRequest]) (*connect.Response[slov1.ListSLOsResponse], error) {
	at, err := h.at(req.Msg.GetAt())
	if err != nil {
		return nil, err
	}
	list, err := h.evaluator.Statuses(ctx, at)
	if err != nil {
		return nil, err // what fails is the store: the front of the API says so
	}
	open, err := openAt(ctx, h.ledger.db, at)
	if err != nil {
		return nil, connect.NewError(connect.CodeInternal, err)
	}
	resp := &slov1.ListSLOsResponse{}
	for _, st := range list {
		if name := req.Msg.GetName(); name != "" && name != st.SLO.Name {
			continue
		}
		if st.State == slo.OK && open[st.SLO.Name] {
			st.State = slo.Burning // calm, but not for long enough to resolve the incident
		}
		resp.Slos = append(resp.Slos, statusProto(st))
	}
	if req.Msg.GetName() != "" && resp.Slos == nil {
		return nil, connect.NewError(connect.CodeNotFound, fmt.Errorf("no SLO is named %q", req.Msg.GetName()))
	}
	return connect.NewResponse(resp), nil
}

// at reads an optional time; one in the future is now.
func (h *Handler) at(ts *timestamppb.Timestamp) (time.Time, error) {
	now := h.now()
	if ts == nil {
		return now, nil
	}
	if err := ts.CheckValid(); err != nil {
		return time.Time{}, connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("reading at: %w", err))
	}
	if at := ts.AsTime(); at.Before(now) {
		return at, nil
	}
	return now, nil
}

// openAt returns the SLOs that had an open incident at a time.
func openAt(ctx context.Context, q querier, at time.Time) (map[string]bool, error) {
	list, err := readIncidents(ctx, q, `WHERE fired_at <= ?1 AND (resolved_at IS NULL OR resolved_at > ?1)`, at.UnixMicro())
	if err != nil {
		return nil, err
	}
	open := map[string]bool{}
	for _, in := range list {
		open[in.SLO] = true
	}
	return open, nil
}

// maxListed bounds an answer of ListAlerts.
const maxListed = 1000

// ListAlerts returns the incidents that were open at or after the given time,
// the latest first, at most a thousand, with their deliveries.
func (h *Handler) ListAlerts(ctx context.Context, req *connect.Request[alertv1.ListAlertsRequest]) (*connect.Response[alertv1.ListAlertsResponse], error) {
	var from int64
	if ts := req.Msg.GetFrom(); ts != nil {
		if err := ts.CheckValid(); err != nil {
			return nil, connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("reading from: %w", err))
		}
		from = ts.AsTime().UnixMicro()
	}
	list, err := readIncidents(ctx, h.ledger.db,
		`WHERE resolved_at IS NULL OR resolved_at >= ? ORDER BY fired_at DESC, id LIMIT ?`, from, maxListed)
	if err != nil {
		return nil, connect.NewError(connect.CodeInternal, err)
	}
	resp := &alertv1.ListAlertsResponse{}
	for _, in := range list {
		deliveries, err := h.ledger.deliveries(ctx, in.ID)
		if err != nil {
			return nil, connect.NewError(connect.CodeInternal, err)
		}
		resp.Alerts = append(resp.Alerts, incidentProto(in, deliveries))
	}
	return connect.NewResponse(resp), nil
}
