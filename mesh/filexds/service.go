package filexds

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1/meshv1connect"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

var errNoToken = errors.New("missing or wrong bearer token")

// Handler returns the path and the handler of MeshService. Callers present
// Options.Token.
func (p *Plane) Handler() (string, http.Handler) {
	path, handler := meshv1connect.NewMeshServiceHandler(&service{p})
	return path, authorized(p.options.Token, handler)
}

// service answers MeshService for a plane.
type service struct{ plane *Plane }

// target is an edge that exists: its service and the proxies that call it.
type target struct {
	edge
	service *model.Service
	callers []*model.Workload
}

// GetTrafficPolicy implements MeshServiceHandler.
func (s *service) GetTrafficPolicy(_ context.Context, r *connect.Request[meshv1.GetTrafficPolicyRequest]) (*connect.Response[meshv1.GetTrafficPolicyResponse], error) {
	p := s.plane
	p.mu.Lock()
	defer p.mu.Unlock()
	t, err := p.target(r.Msg.GetEdge())
	if err != nil {
		return nil, err
	}
	w := t.callers[0] // all callers of one service are configured alike
	effective, err := p.state.effective(w, model.Upstream{Service: t.service.Name, Namespace: t.service.Namespace})
	if err != nil {
		return nil, connect.NewError(connect.CodeInternal, err)
	}
	answer := &meshv1.GetTrafficPolicyResponse{
		Configured: policyOf(t.service, t.route, len(t.callers)),
		Effective:  policyOf(effective, t.route, len(t.callers)),
	}
	if total := p.state.overrides.maxRequests(t.edge); total != nil {
		answer.Effective.MaxRequests = total // as it was said, not as it was rounded
	}
	for _, w := range t.callers {
		answer.Proxies = append(answer.Proxies, proxyName(p.state.configured, w))
	}
	return connect.NewResponse(answer), nil
}

// ApplyTrafficPolicy implements MeshServiceHandler. Fields that are present are
// laid over an override that is already there.
func (s *service) ApplyTrafficPolicy(ctx context.Context, r *connect.Request[meshv1.ApplyTrafficPolicyRequest]) (*connect.Response[meshv1.ApplyTrafficPolicyResponse], error) {
	above, err := overrideOf(r.Msg.GetPolicy())
	if err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	return s.change(ctx, r.Msg.GetEdge(), s.plane.target, func(os overrides, e edge) overrides {
		before, _ := os.find(e)
		return os.with(e, before.Merge(above))
	})
}

// ResetTrafficPolicy implements MeshServiceHandler. What was set for a route can
// be taken back also when the route is gone.
func (s *service) ResetTrafficPolicy(ctx context.Context, r *connect.Request[meshv1.ResetTrafficPolicyRequest]) (*connect.Response[meshv1.ApplyTrafficPolicyResponse], error) {
	return s.change(ctx, r.Msg.GetEdge(), s.plane.overridden, overrides.without)
}

// change rolls out the overrides that edit makes of those in force, for the edge
// that find finds.
func (s *service) change(
	ctx context.Context, ref *typesv1.EdgeRef,
	find func(*typesv1.EdgeRef) (target, error), edit func(overrides, edge) overrides,
) (*connect.Response[meshv1.ApplyTrafficPolicyResponse], error) {
	p := s.plane
	p.mu.Lock()
	defer p.mu.Unlock()
	t, err := find(ref)
	if err != nil {
		return nil, err
	}
	changes, err := p.rollOut(ctx, state{configured: p.state.configured, overrides: edit(p.state.overrides, t.edge)})
	if err != nil {
		return nil, connect.NewError(connect.CodeFailedPrecondition, err)
	}
	answer := &meshv1.ApplyTrafficPolicyResponse{}
	for _, c := range changes {
		answer.Changes = append(answer.Changes, proxyChange(c))
	}
	return connect.NewResponse(answer), nil
}

func proxyChange(c Change) *meshv1.ProxyChange {
	out := &meshv1.ProxyChange{Proxy: c.Proxy}
	if c.Runtime > 0 {
		out.RuntimeLiveAfter = durationpb.New(c.Runtime)
	}
	if c.Routes > 0 {
		out.RoutesLiveAfter = durationpb.New(c.Routes)
	}
	switch {
	case c.Err != nil:
		out.Error = c.Err.Error()
	case c.Away:
		out.Error = errAway.Error()
	}
	return out
}

// target finds the edge and its route; p.mu is held.
func (p *Plane) target(ref *typesv1.EdgeRef) (target, error) {
	t, err := p.reach(ref)
	if err == nil && t.route != "" && t.service.Route(t.route) == nil {
		return missing("service %s has no route %s", t.service.Host(), t.route)
	}
	return t, err
}

// overridden is target, which also finds a route that only an override knows
// still.
func (p *Plane) overridden(ref *typesv1.EdgeRef) (target, error) {
	t, err := p.reach(ref)
	if _, set := p.state.overrides.find(t.edge); err == nil && set {
		return t, nil
	}
	return p.target(ref)
}

// reach finds the service and the callers of an edge.
func (p *Plane) reach(ref *typesv1.EdgeRef) (target, error) {
	e := edge{namespace: ref.GetNamespace(), src: ref.GetSrcService(), dst: ref.GetDstService(), route: ref.GetRoute()}
	s := p.state.configured.Service(e.namespace, e.dst)
	if s == nil {
		return missing("no service %s in namespace %s", e.dst, e.namespace)
	}
	callers := p.state.configured.Callers(e.namespace, e.src, s)
	if len(callers) == 0 {
		return missing("no workload of %s.%s calls %s", e.src, e.namespace, s.Host())
	}
	return target{edge: e, service: s, callers: callers}, nil
}

func missing(format string, args ...any) (target, error) {
	return target{}, connect.NewError(connect.CodeNotFound, fmt.Errorf(format, args...))
}
