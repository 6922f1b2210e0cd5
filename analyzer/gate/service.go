package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"google.golang.org/protobuf/types/known/timestamppb"

	gatev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/gate/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// Service implements gatev1connect.GateServiceHandler.
type Service struct {
	store store
	mark  func(ctx context.Context, now time.Time) (query.Mark, error)
	now   func() time.Time
}

// New returns a Service that reads from conn; now tells the time of a call.
func New(conn driver.Conn, now func() time.Time) *Service {
	return &Service{
		store: store{conn}, now: now,
		mark: func(ctx context.Context, now time.Time) (query.Mark, error) { return query.Watermark(ctx, conn, now) },
	}
}

// Check judges the window up to the watermark. Errors: InvalidArgument for a
// question that makes no sense or a window that is no longer kept, NotFound for
// a service that nobody called within three days, Unavailable before any
// collector has reported. A version without requests is no error: it may come.
func (s *Service) Check(ctx context.Context, req *connect.Request[gatev1.CheckRequest]) (*connect.Response[gatev1.CheckResponse], error) {
	q, err := ask(req.Msg)
	if err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	now := s.now()
	mark, err := s.mark(ctx, now)
	if err != nil {
		return nil, err
	}
	if mark.At.IsZero() {
		return nil, connect.NewError(connect.CodeUnavailable, errors.New(mark.Reason))
	}
	if q.from.IsZero() {
		if err := s.begin(ctx, &q, mark.At, now); err != nil {
			return nil, err
		}
	}
	if oldest := now.Add(-kept); q.from.Before(oldest) {
		return nil, connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("from %s is before %s: buckets of 10 s are kept for three days",
			q.from.UTC().Format(time.RFC3339), oldest.UTC().Format(time.RFC3339)))
	}
	a, err := s.answer(ctx, q, mark, now)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(a), nil
}

// begin sets the window's begin to that of the canary's present run, or to the
// watermark while it has not come.
func (s *Service) begin(ctx context.Context, q *question, watermark, now time.Time) error {
	seen, err := s.store.seen(ctx, q.service, q.canary, now.Add(-kept+bucket), watermark)
	if err != nil {
		return err
	}
	if q.from = runBegan(seen); q.from.IsZero() {
		q.from = ceil(watermark)
	}
	return nil
}

func (s *Service) answer(ctx context.Context, q question, mark query.Mark, now time.Time) (*gatev1.CheckResponse, error) {
	end := q.from.Add(q.length)
	to := mark.At.Truncate(bucket)
	if to.After(end) {
		to = end
	}
	if to.Before(q.from) {
		to = q.from
	}
	a := &gatev1.CheckResponse{
		Service: q.service, Canary: q.canary, Baseline: q.baseline, Alpha: q.alpha, EndsAt: timestamppb.New(end),
		Window: &typesv1.Window{From: timestamppb.New(q.from), To: timestamppb.New(to), Watermark: timestamppb.New(mark.At)},
	}
	if mark.Reason != "" {
		a.Notes = append(a.Notes, mark.Reason)
	}
	c, err := s.read(ctx, &q, to, now)
	if err != nil {
		return nil, err
	}
	a.Namespace = q.namespace
	judge(a, q, c)
	finish(a, mark.At)
	return a, nil
}

// read reads all counts of the window, and settles namespace and threshold.
func (s *Service) read(ctx context.Context, q *question, to, now time.Time) (c counted, err error) {
	if c.counts, err = s.store.counts(ctx, q.service, q.from, to); err != nil {
		return c, err
	}
	if len(c.counts) == 0 {
		if err := s.known(ctx, q.service, now); err != nil {
			return c, err
		}
	}
	if err := q.settle(c.counts); err != nil {
		return c, err
	}
	c.counts = within(c.counts, q.namespace)
	if err := s.threshold(ctx, q, &c); err != nil || c.noThreshold != "" {
		return c, err
	}
	c.slow, err = s.store.slow(ctx, q.service, c.threshold, q.from, to)
	c.slow = within(c.slow, q.namespace)
	return c, err
}

// settle finds the namespace of the service where the question names none.
func (q *question) settle(rows []row) error {
	names := namespaces(rows)
	switch {
	case q.namespace != "" || len(names) == 0:
		return nil
	case len(names) == 1:
		q.namespace = names[0]
		return nil
	}
	return connect.NewError(connect.CodeInvalidArgument,
		fmt.Errorf("service %q is in the namespaces %s: name one", q.service, strings.Join(names, ", ")))
}

// known refuses a service that nobody called, which is more often a wrong name
// than a silent service.
func (s *Service) known(ctx context.Context, service string, now time.Time) error {
	names, err := s.store.services(ctx, now.Add(-kept))
	if err != nil || slices.Contains(names, service) {
		return err
	}
	return connect.NewError(connect.CodeNotFound,
		fmt.Errorf("no service %q took requests within three days; there are %s", service, strings.Join(names, ", ")))
}

// threshold takes the question's threshold, or the baseline's p95 of the hour
// before the window.
func (s *Service) threshold(ctx context.Context, q *question, c *counted) error {
	if q.threshold >= 0 {
		c.threshold, c.thresholdSource = q.threshold, "asked for, at the next edge of a latency bin"
		return nil
	}
	edges, err := s.store.history(ctx, q.service, q.baseline, q.from.Add(-time.Hour), q.from)
	if err != nil {
		return err
	}
	edges = slices.DeleteFunc(edges, func(p past) bool { return q.namespace != "" && namespaceOf(p.dst) != q.namespace })
	bin, n, ok := percentile95(edges)
	if !ok {
		c.noThreshold = fmt.Sprintf("%s has %d requests in the hour before, too few for a threshold: name one", q.baseline, n)
		return nil
	}
	c.threshold, c.thresholdSource = bin, fmt.Sprintf("p95 of %d requests of %s in the hour before", n, q.baseline)
	return nil
}
