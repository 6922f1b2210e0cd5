package alert

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"connectrpc.com/connect"

	alertv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1"
)

// defaultPage is the size of a page that nobody asked a size for.
const defaultPage = 100

// pageSize bounds what was asked for.
func pageSize(asked int32) (int, error) {
	switch {
	case asked < 0:
		return 0, connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("page_size %d is below zero", asked))
	case asked == 0:
		return defaultPage, nil
	}
	return min(int(asked), maxListed), nil
}

// ListDeliveries returns messages in the order of their making, a page at a
// time. The token of a page is the number of the last message before it.
func (h *Handler) ListDeliveries(ctx context.Context, req *connect.Request[alertv1.ListDeliveriesRequest]) (*connect.Response[alertv1.ListDeliveriesResponse], error) {
	size, err := pageSize(req.Msg.GetPageSize())
	if err != nil {
		return nil, err
	}
	after := int64(-1)
	if token := req.Msg.GetPageToken(); token != "" {
		if after, err = strconv.ParseInt(token, 10, 64); err != nil {
			return nil, connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("page_token %q is none that this server gave", token))
		}
	}
	list, numbers, err := readDeliveries(ctx, h.ledger.db,
		`WHERE seq > ?1 AND (?2 = '' OR target = ?2) AND (?3 = '' OR state = ?3) ORDER BY seq, event LIMIT ?4`,
		after, req.Msg.GetTarget(), req.Msg.GetState(), size+1)
	if err != nil {
		return nil, connect.NewError(connect.CodeInternal, err)
	}
	resp := &alertv1.ListDeliveriesResponse{Deliveries: list}
	if len(list) > size {
		resp.Deliveries, resp.NextPageToken = list[:size], strconv.FormatInt(numbers[size-1], 10)
	}
	return connect.NewResponse(resp), nil
}

// ReplayDelivery sends a dead message again.
func (h *Handler) ReplayDelivery(ctx context.Context, req *connect.Request[alertv1.ReplayDeliveryRequest]) (*connect.Response[alertv1.ReplayDeliveryResponse], error) {
	ids, err := h.ledger.replay(ctx, req.Msg.GetId(), h.now())
	switch {
	case errors.Is(err, errNotDead):
		return nil, connect.NewError(connect.CodeNotFound, fmt.Errorf("no dead message has the id %q", req.Msg.GetId()))
	case err != nil:
		return nil, connect.NewError(connect.CodeInternal, err)
	}
	return connect.NewResponse(&alertv1.ReplayDeliveryResponse{Ids: ids}), nil
}
