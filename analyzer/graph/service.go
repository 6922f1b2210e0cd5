package graph

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// Service implements graphv1connect.GraphServiceHandler.
type Service struct {
	conn driver.Conn
	now  func() time.Time
}

// New returns a Service that reads from conn; now tells the time of a call.
func New(conn driver.Conn, now func() time.Time) *Service {
	return &Service{conn: conn, now: now}
}

// GetGraph answers for the window of the request, cut at the watermark. Errors:
// InvalidArgument for an impossible window, Unavailable before any collector
// has reported. While none is live the answer ends where the last one's rows do,
// and Window.watermark says when that was.
func (s *Service) GetGraph(ctx context.Context, req *connect.Request[graphv1.GetGraphRequest]) (*connect.Response[graphv1.GetGraphResponse], error) {
	now := s.now()
	mark, err := query.Watermark(ctx, s.conn, now)
	if err != nil {
		return nil, err
	}
	if mark.At.IsZero() {
		return nil, connect.NewError(connect.CodeUnavailable, errors.New(mark.Reason))
	}
	w, err := resolve(req.Msg, mark.At, now)
	if err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	answer := &graphv1.GetGraphResponse{Window: w.proto()}
	segments := Split(w.from, w.to)
	if len(segments) == 0 {
		return connect.NewResponse(answer), nil
	}
	f := filter{namespace: req.Msg.GetNamespace(), service: req.Msg.GetService()}
	counts, err := readCounts(ctx, s.conn, segments, f)
	if err != nil {
		return nil, err
	}
	latencies, err := readLatencies(ctx, s.conn, segments, f)
	if err != nil {
		return nil, err
	}
	proxies, err := query.Completeness(ctx, s.conn, w.from, w.to)
	if err != nil {
		return nil, err
	}
	answer.Nodes, answer.Edges = build(counts, latencies, options{
		length: w.length(), withBins: req.Msg.GetWithBins(), completeness: completenessOf(proxies),
	})
	return connect.NewResponse(answer), nil
}
