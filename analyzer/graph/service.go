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
	if err := checkShown(req.Msg); err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	answer, err := s.answer(ctx, req.Msg, w)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(answer), nil
}

// answer reads counts first, and latencies of the edges that are shown only.
func (s *Service) answer(ctx context.Context, req *graphv1.GetGraphRequest, w window) (*graphv1.GetGraphResponse, error) {
	answer := &graphv1.GetGraphResponse{Window: w.proto()}
	segments := Split(w.from, w.to)
	if len(segments) == 0 {
		return answer, nil
	}
	f := filter{namespace: req.GetNamespace(), service: req.GetService()}
	if req.GetDepth() > 1 {
		f.service = "" // its neighbours' edges do not name it
	}
	counts, err := readCounts(ctx, s.conn, segments, f)
	if err != nil {
		return nil, err
	}
	proxies, err := query.Completeness(ctx, s.conn, w.from, w.to)
	if err != nil {
		return nil, err
	}
	o := options{
		length: w.length(), withBins: req.GetWithBins(), within: req.GetWithinUs(), groupBy: req.GetGroupBy(),
		completeness: completenessOf(proxies),
	}
	ends, all := count(counts, o)
	nodes, all, left := shown(ends, all, req)
	var latencies []latencyRow
	if !req.GetCountsOnly() && len(all) > 0 {
		if left > 0 || req.GetErrorsOnly() {
			f.pairs = pairsOf(all)
		}
		if latencies, err = readLatencies(ctx, s.conn, segments, f); err != nil {
			return nil, err
		}
	}
	answer.Nodes, answer.Edges, answer.EdgesLeftOut = nodes, finish(all, latencies, o), uint32(left)
	return answer, nil
}
