package alert

import (
	"context"
	"fmt"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1"
)

// ListSilences returns silences, a page at a time. The token of a page is the
// last id before it.
func (h *Handler) ListSilences(ctx context.Context, req *connect.Request[alertv1.ListSilencesRequest]) (*connect.Response[alertv1.ListSilencesResponse], error) {
	size, err := pageSize(req.Msg.GetPageSize())
	if err != nil {
		return nil, err
	}
	list, err := readSilences(ctx, h.ledger.db, `WHERE id > ? ORDER BY id LIMIT ?`, req.Msg.GetPageToken(), size+1)
	if err != nil {
		return nil, connect.NewError(connect.CodeInternal, err)
	}
	resp := &alertv1.ListSilencesResponse{}
	if len(list) > size {
		list = list[:size]
		resp.NextPageToken = list[size-1].ID
	}
	for _, s := range list {
		resp.Silences = append(resp.Silences, silenceProto(s, h.now()))
	}
	return connect.NewResponse(resp), nil
}

// CreateSilence checks and stores a silence.
func (h *Handler) CreateSilence(ctx context.Context, req *connect.Request[alertv1.CreateSilenceRequest]) (*connect.Response[alertv1.CreateSilenceResponse], error) {
	s := silenceOf(req.Msg.GetSilence())
	s.CreatedAt = h.now().UTC()
	if err := s.Check(); err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	s, err := h.ledger.addSilence(ctx, s)
	if err != nil {
		return nil, connect.NewError(connect.CodeInternal, err)
	}
	return connect.NewResponse(&alertv1.CreateSilenceResponse{Silence: silenceProto(s, h.now())}), nil
}

// EndSilence ends a silence now.
func (h *Handler) EndSilence(ctx context.Context, req *connect.Request[alertv1.EndSilenceRequest]) (*connect.Response[alertv1.EndSilenceResponse], error) {
	ok, err := h.ledger.endSilence(ctx, req.Msg.GetId(), h.now())
	switch {
	case err != nil:
		return nil, connect.NewError(connect.CodeInternal, err)
	case !ok:
		return nil, connect.NewError(connect.CodeNotFound, fmt.Errorf("no silence that lasts has the id %q", req.Msg.GetId()))
	}
	return connect.NewResponse(&alertv1.EndSilenceResponse{}), nil
}

func silenceOf(p *alertv1.Silence) Silence {
	s := Silence{Rule: p.GetRule(), Zone: p.GetZone(), Duration: p.GetDuration().AsDuration(), CreatedBy: p.GetCreatedBy(), Comment: p.GetComment()}
	if p.GetStartsAt().IsValid() && p.GetEndsAt().IsValid() {
		s.StartsAt, s.EndsAt = p.StartsAt.AsTime(), p.EndsAt.AsTime()
	}
	for _, m := range p.GetMatchers() {
		s.Matchers = append(s.Matchers, Matcher{Name: m.GetName(), Value: m.GetValue(), IsRegex: m.GetRegex(), Negate: m.GetNegate()})
	}
	return s
}

func silenceProto(s Silence, now time.Time) *alertv1.Silence {
	p := &alertv1.Silence{
		Id: s.ID, StartsAt: timestamppb.New(s.StartsAt), EndsAt: timestamppb.New(s.EndsAt), Rule: s.Rule, Zone: s.Zone,
		CreatedBy: s.CreatedBy, Comment: s.Comment, CreatedAt: timestamppb.New(s.CreatedAt), Active: s.Active(now),
	}
	if s.Duration > 0 {
		p.Duration = durationpb.New(s.Duration)
	}
	if !s.EndedAt.IsZero() {
		p.EndedAt = timestamppb.New(s.EndedAt)
	}
	for _, m := range s.Matchers {
		p.Matchers = append(p.Matchers, &alertv1.Matcher{Name: m.Name, Value: m.Value, Regex: m.IsRegex, Negate: m.Negate})
	}
	return p
}
