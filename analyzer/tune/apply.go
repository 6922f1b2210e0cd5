package tune

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/plans"
	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/verdict"
	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
)

// maxAge is from when on a plan must be made anew before it may be applied.
const maxAge = 15 * time.Minute

// Apply sets a plan's values through the mesh. Errors: NotFound;
// FailedPrecondition for a plan that is too old, was followed by a newer one of
// its edge, was applied before or sets nothing, without a mesh, and when every
// proxy refused. A change that some proxies refused is applied; the result
// names them.
func (s *Service) Apply(ctx context.Context, req *connect.Request[tunev1.ApplyRequest]) (*connect.Response[tunev1.ApplyResponse], error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	r, err := s.applicable(ctx, req.Msg.GetPlanId())
	if err != nil {
		return nil, err
	}
	policy := policyToApply(r.Plan, req.Msg.GetWithoutProbes())
	if proto.Size(policy) == 0 {
		return nil, refuse("plan %s sets nothing", r.Plan.GetId())
	}
	result, err := s.set(ctx, r, policy)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&tunev1.ApplyResponse{Plan: r.Plan, Result: result}), nil
}

// applicable returns a plan that may be applied now.
func (s *Service) applicable(ctx context.Context, id string) (*plans.Record, error) {
	if s.use.Mesh == nil {
		return nil, errNoMesh()
	}
	r, err := s.get(ctx, id)
	if err != nil {
		return nil, err
	}
	if r.Plan.GetAppliedAt() != nil {
		return nil, refuse("plan %s was applied at %s: make a new plan", id, r.Plan.GetAppliedAt().AsTime().Format(time.RFC3339))
	}
	if age := s.use.Now().Sub(r.Plan.GetCreatedAt().AsTime()); age > maxAge {
		return nil, refuse("plan %s is %s old, older than %s: make a new plan", id, age.Round(time.Second), maxAge)
	}
	latest, err := s.plans.Latest(ctx, r.Plan.GetEdge())
	if err != nil {
		return nil, err
	}
	if latest.Plan.GetId() != id {
		return nil, refuse("plan %s was followed by %s: apply that one", id, latest.Plan.GetId())
	}
	return r, nil
}

// set asks the mesh to set a policy and records it.
func (s *Service) set(ctx context.Context, r *plans.Record, policy *meshv1.TrafficPolicy) (*meshv1.ApplyTrafficPolicyResponse, error) {
	id, edge := r.Plan.GetId(), r.Plan.GetEdge()
	if err := s.plans.Log(ctx, plans.Event{At: s.use.Now(), Plan: id, Event: plans.Applying, Detail: edgeText(edge)}); err != nil {
		return nil, err
	}
	answer, err := s.use.Mesh.ApplyTrafficPolicy(ctx, connect.NewRequest(&meshv1.ApplyTrafficPolicyRequest{Edge: edge, Policy: policy}))
	if err != nil {
		return nil, s.refused(ctx, id, meshError("applying plan "+id, err))
	}
	if all, why := refusals(answer.Msg); all {
		return nil, s.refused(ctx, id, refuse("applying plan %s: every proxy refused it: %s", id, why))
	}
	// The mesh has changed: that must be recorded even if the caller has left.
	ctx = context.WithoutCancel(ctx)
	now := s.use.Now()
	if err := s.plans.MarkApplied(ctx, id, now, policy, changesText(answer.Msg)); err != nil {
		return nil, err
	}
	r.Plan.AppliedAt, r.Applied = timestamppb.New(now), policy
	s.use.Log.InfoContext(ctx, "plan applied", "plan", id, "edge", edgeText(edge), "changes", changesText(answer.Msg))
	return answer.Msg, nil
}

// refused writes the line of the trail and passes the error on.
func (s *Service) refused(ctx context.Context, id string, err error) error {
	logged := s.plans.Log(context.WithoutCancel(ctx), plans.Event{At: s.use.Now(), Plan: id, Event: plans.Refused, Detail: err.Error()})
	if logged != nil {
		s.use.Log.ErrorContext(ctx, "writing audit trail failed", "plan", id, "error", logged)
	}
	return err
}

// policyToApply returns the values to set.
func policyToApply(p *tunev1.Plan, withoutProbes bool) *meshv1.TrafficPolicy {
	policy := &meshv1.TrafficPolicy{}
	proto.Merge(policy, p.GetPolicy())
	for _, r := range p.GetRecommendations() {
		if withoutProbes && r.GetVerdict() == verdict.Probe {
			verdict.Unset(policy, r.GetKnob())
		}
	}
	return policy
}

// refusals tells whether all proxies refused a change, and why some did.
func refusals(result *meshv1.ApplyTrafficPolicyResponse) (all bool, why string) {
	var errs []string
	for _, c := range result.GetChanges() {
		if c.GetError() != "" {
			errs = append(errs, c.GetProxy()+": "+c.GetError())
		}
	}
	return len(errs) > 0 && len(errs) == len(result.GetChanges()), strings.Join(errs, "; ")
}

// changesText sums up a result for the trail.
func changesText(result *meshv1.ApplyTrafficPolicyResponse) string {
	text := fmt.Sprintf("%d proxies", len(result.GetChanges()))
	if _, why := refusals(result); why != "" {
		text += ", refused by " + why
	}
	return text
}

func (s *Service) get(ctx context.Context, id string) (*plans.Record, error) {
	r, err := s.plans.Get(ctx, id)
	if errors.Is(err, plans.ErrNotFound) {
		return nil, connect.NewError(connect.CodeNotFound, err)
	}
	return r, err
}

func refuse(format string, args ...any) error {
	return connect.NewError(connect.CodeFailedPrecondition, fmt.Errorf(format, args...))
}

func errNoMesh() error {
	return refuse("the analyzer has no mesh to change: set mesh.url and mesh.token_file in its configuration")
}
