package tune

import (
	"context"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/plans"
	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/rows"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

const (
	// settle is how long after a change rows still show what was before it:
	// tries under way, and a queue to be worked off.
	settle = 5 * time.Second
	// defaultHealthy is judged when nothing burned.
	defaultHealthy = 5 * time.Minute
	// minGreen is how long the green stretch before a new burn must have lasted
	// under the plan in force to speak for it: three buckets of the SLOs.
	minGreen = 30 * time.Second
)

// scope is what a plan is judged from.
type scope struct {
	healthy, stressed rows.Window
	deadline          time.Duration
}

// scope finds the windows and the deadline of a plan. The request's come
// first. Otherwise, where a plan is in force on the edge and nothing burned
// since it was applied, or only so soon that the green stretch before does not
// suffice, healthy is the time since, and the rest is as in that plan: all those
// rows were made under the limits in force, and a disturbed second among them
// only widens the tail, which is the safe side. Else they are those of the latest
// burn; else healthy are the last minutes. No window goes beyond the watermark.
func (s *Service) scope(ctx context.Context, edge *typesv1.EdgeRef, req *tunev1.PlanRequest, now, mark time.Time) (scope, error) {
	asked, err := askedScope(req, mark)
	if err != nil {
		return scope{}, connect.NewError(connect.CodeInvalidArgument, err)
	}
	out, err := s.defaultScope(ctx, edge, now, mark)
	if err != nil {
		return scope{}, err
	}
	if req.GetHealthy() != nil {
		out.healthy = asked.healthy
	}
	if req.GetStressed() != nil {
		out.stressed = asked.stressed
	}
	if req.GetDeadline() != nil {
		out.deadline = asked.deadline
	}
	out.healthy.To, out.stressed.To = earlier(out.healthy.To, mark), earlier(out.stressed.To, mark)
	return out, nil
}

func (s *Service) defaultScope(ctx context.Context, edge *typesv1.EdgeRef, now, mark time.Time) (scope, error) {
	burn, burned, err := s.lastBurn(ctx, now)
	if err != nil {
		return scope{}, fmt.Errorf("looking for the latest burn: %w", err)
	}
	inForce, err := s.plans.InForce(ctx, edge)
	if err != nil && !errors.Is(err, plans.ErrNotFound) {
		return scope{}, err
	}
	since, err := s.plans.LastChange(ctx, edge)
	if err != nil {
		return scope{}, err
	}
	return chooseScope(burn, burned, inForce, since, mark), nil
}

// chooseScope applies the rule of Service.scope. inForce may be nil; since is
// when it came into force, by its application or the end of a later plan.
func chooseScope(burn Burn, burned bool, inForce *plans.Record, since, mark time.Time) scope {
	out := scope{healthy: rows.Window{From: mark.Add(-defaultHealthy), To: mark}}
	if burned {
		out = scope{burn.Healthy, burn.Stressed, burn.Deadline}
	}
	if inForce == nil {
		return out
	}
	if out.deadline == 0 {
		out.deadline = inForce.Deadline
	}
	if burned && !burn.Stressed.From.Before(since) {
		// A new burn under the plan: its green stretch must be under it, too.
		out.healthy.From = later(out.healthy.From, since.Add(settle))
		if out.healthy.To.Sub(out.healthy.From) >= minGreen {
			return out
		}
	}
	out.healthy = rows.Window{From: since.Add(settle), To: mark}
	out.stressed = windowOf(inForce.Plan.GetStressed())
	return out
}

func (s *Service) lastBurn(ctx context.Context, now time.Time) (Burn, bool, error) {
	if s.use.LastBurn == nil {
		return Burn{}, false, nil
	}
	return s.use.LastBurn(ctx, now)
}

// askedScope reads what the request names.
func askedScope(req *tunev1.PlanRequest, mark time.Time) (scope, error) {
	var out scope
	var errHealthy, errStressed, errDeadline error
	out.healthy, errHealthy = askedWindow("healthy", req.GetHealthy(), mark)
	out.stressed, errStressed = askedWindow("stressed", req.GetStressed(), mark)
	if d := req.GetDeadline(); d != nil {
		out.deadline = d.AsDuration()
		if d.CheckValid() != nil || out.deadline <= 0 {
			errDeadline = fmt.Errorf("deadline: %s is not a positive duration", out.deadline)
		}
	}
	return out, errors.Join(errHealthy, errStressed, errDeadline)
}

// askedWindow reads a window of the request; without an end it ends at the
// watermark.
func askedWindow(name string, w *typesv1.Window, mark time.Time) (rows.Window, error) {
	if w == nil {
		return rows.Window{}, nil
	}
	if !w.GetFrom().IsValid() {
		return rows.Window{}, fmt.Errorf("%s: from is missing", name)
	}
	out := rows.Window{From: w.GetFrom().AsTime(), To: mark}
	if w.GetTo() != nil {
		out.To = w.GetTo().AsTime()
	}
	if w.GetTo() != nil && out.Empty() {
		return rows.Window{}, fmt.Errorf("%s: from %s is not before to %s", name, out.From.Format(time.RFC3339Nano), out.To.Format(time.RFC3339Nano))
	}
	return out, nil
}

// windowOf reads a window of a stored plan.
func windowOf(w *typesv1.Window) rows.Window {
	if w == nil {
		return rows.Window{}
	}
	return rows.Window{From: w.GetFrom().AsTime(), To: w.GetTo().AsTime()}
}

// windowProto writes a window into a plan; nil when nothing was judged.
func windowProto(from, to, mark time.Time) *typesv1.Window {
	if !from.Before(to) {
		return nil
	}
	return &typesv1.Window{From: timestamppb.New(from), To: timestamppb.New(to), Watermark: timestamppb.New(mark)}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
