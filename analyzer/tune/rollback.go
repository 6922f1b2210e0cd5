package tune

import (
	"context"
	"errors"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/plans"
	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
)

// Rollback takes a plan back: to the values of the plan in force before it on
// the edge, or to the configuration. Errors: NotFound; FailedPrecondition for a
// plan that is not in force, or below one that was applied later, and without a
// mesh.
func (s *Service) Rollback(ctx context.Context, req *connect.Request[tunev1.RollbackRequest]) (*connect.Response[tunev1.RollbackResponse], error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	r, err := s.reversible(ctx, req.Msg.GetPlanId())
	if err != nil {
		return nil, err
	}
	result, err := s.restore(ctx, r)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&tunev1.RollbackResponse{Plan: r.Plan, Result: result}), nil
}

// reversible returns the plan to take back; an empty id means the one applied
// last.
func (s *Service) reversible(ctx context.Context, id string) (*plans.Record, error) {
	if s.use.Mesh == nil {
		return nil, errNoMesh()
	}
	if id == "" {
		r, err := s.plans.LastApplied(ctx)
		if errors.Is(err, plans.ErrNotFound) {
			return nil, refuse("no plan is in force")
		}
		return r, err
	}
	r, err := s.get(ctx, id)
	if err != nil {
		return nil, err
	}
	if !r.InForce() {
		return nil, refuse("plan %s is not in force", id)
	}
	top, err := s.plans.InForce(ctx, r.Plan.GetEdge())
	if err != nil {
		return nil, err
	}
	if top.Plan.GetId() != id {
		return nil, refuse("plan %s was applied after %s: roll that back first", top.Plan.GetId(), id)
	}
	return r, nil
}

// restore brings back what was in force before r and records it.
func (s *Service) restore(ctx context.Context, r *plans.Record) (*meshv1.ApplyTrafficPolicyResponse, error) {
	id := r.Plan.GetId()
	before, err := s.plans.Before(ctx, r)
	if err != nil && !errors.Is(err, plans.ErrNotFound) {
		return nil, err
	}
	to := "the configuration"
	if before != nil {
		to = "plan " + before.Plan.GetId()
	}
	if err := s.plans.Log(ctx, plans.Event{At: s.use.Now(), Plan: id, Event: plans.RollingBack, Detail: "to " + to}); err != nil {
		return nil, err
	}
	result, err := s.unset(ctx, r, before)
	if err != nil {
		return nil, s.refused(ctx, id, meshError("rolling back plan "+id, err))
	}
	if all, why := refusals(result); all {
		return nil, s.refused(ctx, id, refuse("rolling back plan %s: every proxy refused it: %s", id, why))
	}
	ctx = context.WithoutCancel(ctx) // as in set
	now := s.use.Now()
	if err := s.plans.MarkRolledBack(ctx, id, now, "to "+to+", "+changesText(result)); err != nil {
		return nil, err
	}
	r.Plan.RolledBackAt = timestamppb.New(now)
	s.use.Log.InfoContext(ctx, "plan rolled back", "plan", id, "edge", edgeText(r.Plan.GetEdge()), "to", to)
	return result, nil
}

// unset makes the mesh forget r. The override is removed only if before does
// not set all that r sets: that way no limit lapses in between.
func (s *Service) unset(ctx context.Context, r, before *plans.Record) (*meshv1.ApplyTrafficPolicyResponse, error) {
	edge := r.Plan.GetEdge()
	if before == nil || !covers(before.Applied, r.Applied) {
		answer, err := s.use.Mesh.ResetTrafficPolicy(ctx, connect.NewRequest(&meshv1.ResetTrafficPolicyRequest{Edge: edge}))
		if err != nil {
			return nil, err
		}
		if before == nil {
			return answer.Msg, nil
		}
	}
	answer, err := s.use.Mesh.ApplyTrafficPolicy(ctx, connect.NewRequest(&meshv1.ApplyTrafficPolicyRequest{Edge: edge, Policy: before.Applied}))
	if err != nil {
		return nil, err
	}
	return answer.Msg, nil
}

// covers tells whether every field that b sets is set in a.
func covers(a, b *meshv1.TrafficPolicy) bool {
	set := true
	proto.Message(b).ProtoReflect().Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		set = a.ProtoReflect().Has(f)
		return set
	})
	return set
}
