package tune

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/plans"
	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/rows"
	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/verdict"
	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

// Plan judges an edge and stores the plan. Errors: InvalidArgument for an
// impossible edge, window or deadline; Unavailable before any collector has reported
// or the mesh does not answer. Too few rows are no error: the verdicts say so.
func (s *Service) Plan(ctx context.Context, req *connect.Request[tunev1.PlanRequest]) (*connect.Response[tunev1.PlanResponse], error) {
	edge, err := checkEdge(req.Msg.GetEdge())
	if err != nil {
		return nil, err
	}
	now := s.use.Now()
	mark, reason, err := s.use.Watermark(ctx, now)
	if err != nil {
		return nil, err
	}
	if mark.IsZero() {
		return nil, connect.NewError(connect.CodeUnavailable, errors.New(reason))
	}
	scope, err := s.scope(ctx, edge, req.Msg, now, mark)
	if err != nil {
		return nil, err
	}
	in, err := s.input(ctx, edge, scope)
	if err != nil {
		return nil, err
	}
	plan := verdict.Judge(in)
	plan.Id, plan.Edge, plan.CreatedAt = newID(), edge, timestamppb.New(now)
	plan.Healthy = windowProto(in.Healthy.From, in.Healthy.To, mark)
	plan.Stressed = windowProto(in.Stressed.From, in.Stressed.To, mark)
	if err := s.plans.Insert(ctx, &plans.Record{Plan: plan, Deadline: in.Deadline}); err != nil {
		return nil, err
	}
	s.use.Log.InfoContext(ctx, "plan made", "plan", plan.GetId(), "edge", edgeText(edge),
		"healthy_tries", len(in.Healthy.Tries), "stressed_tries", len(in.Stressed.Tries))
	return connect.NewResponse(&tunev1.PlanResponse{Plan: plan}), nil
}

// input reads all that the judge looks at.
func (s *Service) input(ctx context.Context, edge *typesv1.EdgeRef, c scope) (verdict.Input, error) {
	in := verdict.Input{Deadline: c.deadline}
	var err error
	if in.Current, err = s.current(ctx, edge); err != nil {
		return in, err
	}
	if in.Healthy, err = rows.Read(ctx, s.use.Conn, edge, c.healthy, rows.Limit); err != nil {
		return in, err
	}
	if in.Stressed, err = rows.Read(ctx, s.use.Conn, edge, c.stressed, rows.Limit); err != nil {
		return in, err
	}
	in.Outside, err = rows.Outside(ctx, s.use.Conn, edge, c.healthy)
	return in, err
}

// current asks the mesh for the policy in force; nil without a mesh.
func (s *Service) current(ctx context.Context, edge *typesv1.EdgeRef) (*meshv1.TrafficPolicy, error) {
	if s.use.Mesh == nil {
		return nil, nil
	}
	answer, err := s.use.Mesh.GetTrafficPolicy(ctx, connect.NewRequest(&meshv1.GetTrafficPolicyRequest{Edge: edge}))
	if err != nil {
		return nil, meshError("asking the mesh for the policy of "+edgeText(edge), err)
	}
	if policy := answer.Msg.GetEffective(); policy != nil {
		return policy, nil
	}
	return &meshv1.TrafficPolicy{}, nil
}

// meshError passes on what the caller can act on; everything else means that
// the mesh could not be used.
func meshError(doing string, err error) error {
	code := connect.CodeOf(err)
	switch code {
	case connect.CodeNotFound, connect.CodeInvalidArgument, connect.CodeFailedPrecondition, connect.CodeCanceled, connect.CodeDeadlineExceeded:
	default:
		code = connect.CodeUnavailable
	}
	return connect.NewError(code, fmt.Errorf("%s: %w", doing, err))
}

// newID returns an id that a person can type.
func newID() string {
	var b [4]byte
	rand.Read(b[:]) // never fails: crypto/rand
	return "plan-" + hex.EncodeToString(b[:])
}
