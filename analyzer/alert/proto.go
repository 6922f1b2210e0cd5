package alert

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
	alertv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1"
	slov1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

func statusProto(st slo.Status) *slov1.SLOStatus {
	beta := st.SLO.Beta()
	p := &slov1.SLOStatus{
		Name:            st.SLO.Name,
		Service:         st.SLO.Service,
		Objective:       st.SLO.Objective,
		Period:          durationpb.New(st.SLO.Period),
		Window:          windowProto(st),
		Good:            st.Count.Good,
		Total:           st.Count.Total,
		Sli:             optional(st.Count.SLI()),
		BudgetAllowed:   st.Count.Allowed(beta),
		BudgetRemaining: optional(st.Count.Remaining(beta)),
		State:           string(st.State),
		Reason:          st.Reason,
	}
	if low, high, ok := st.Count.Wilson(); ok {
		p.SliInterval = &typesv1.Figure{Estimate: *p.Sli, Low: low, High: high}
	}
	for _, r := range st.Rows {
		p.BurnRates = append(p.BurnRates, rowProto(r, beta))
	}
	return p
}

func rowProto(r slo.RowStatus, beta float64) *slov1.BurnRate {
	return &slov1.BurnRate{
		Severity:    r.Row.Severity,
		LongWindow:  durationpb.New(r.Row.Long),
		ShortWindow: durationpb.New(r.Row.Short),
		LongRate:    optional(r.Long.Count.BurnRate(beta)),
		ShortRate:   optional(r.Short.Count.BurnRate(beta)),
		Factor:      r.Row.Factor,
		Firing:      r.Firing,
		LongBad:     r.Long.Count.Bad(),
		LongTotal:   r.Long.Count.Total,
		ShortBad:    r.Short.Count.Bad(),
		ShortTotal:  r.Short.Count.Total,
	}
}

// windowProto is nil where there is no watermark, and so no window.
func windowProto(st slo.Status) *typesv1.Window {
	if st.Watermark.IsZero() {
		return nil
	}
	return &typesv1.Window{
		From: timestamppb.New(st.Window.From), To: timestamppb.New(st.Window.To), Watermark: timestamppb.New(st.Watermark),
	}
}

func optional(v float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	return &v
}

func incidentProto(in Incident, deliveries []*alertv1.Delivery) *alertv1.Alert {
	a := &alertv1.Alert{
		Id: in.ID, Slo: in.SLO, Service: in.Service, Severity: in.Severity, State: firing,
		FiredAt: timestamppb.New(in.FiredAt), WindowFrom: timestamppb.New(in.WindowFrom), Deliveries: deliveries,
		MutedBy: in.MutedBy, Summary: in.Notes["summary"],
	}
	if !in.ResolvedAt.IsZero() {
		a.State, a.ResolvedAt = resolved, timestamppb.New(in.ResolvedAt)
	}
	return a
}

// deliveries returns the messages about an incident in the order of their
// making.
func (l ledger) deliveries(ctx context.Context, incident string) ([]*alertv1.Delivery, error) {
	list, _, err := readDeliveries(ctx, l.db, `WHERE incident = ? ORDER BY seq, created_at, event`, incident)
	return list, err
}

// readDeliveries selects messages by the rest of a query, with their numbers.
func readDeliveries(ctx context.Context, q querier, rest string, args ...any) ([]*alertv1.Delivery, []int64, error) {
	rows, err := q.QueryContext(ctx, `SELECT seq, id, incident, target, event, state, tries, delivered_at, last_error FROM deliveries `+rest, args...)
	if err != nil {
		return nil, nil, fmt.Errorf("reading deliveries: %w", err)
	}
	defer rows.Close()
	var list []*alertv1.Delivery
	var numbers []int64
	for rows.Next() {
		d := &alertv1.Delivery{}
		var at sql.NullInt64
		var number int64
		if err := rows.Scan(&number, &d.Id, &d.Alert, &d.Target, &d.Event, &d.State, &d.Tries, &at, &d.LastError); err != nil {
			return nil, nil, fmt.Errorf("reading deliveries: %w", err)
		}
		if at.Valid {
			d.DeliveredAt = timestamppb.New(time.UnixMicro(at.Int64))
		}
		list, numbers = append(list, d), append(numbers, number)
	}
	return list, numbers, rows.Err()
}
