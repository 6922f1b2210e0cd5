package observe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	observev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// kept is how long rows are kept (store/schema).
const kept = 3 * 24 * time.Hour

// Service implements observev1connect.ObserveServiceHandler.
type Service struct {
	store store
	now   func() time.Time
	stop  <-chan struct{}
}

// New returns a Service that reads from conn; now tells the time of a call.
// Streams end when stop is closed, so that the analyzer can stop while someone
// watches; nil is never.
func New(conn driver.Conn, now func() time.Time, stop <-chan struct{}) *Service {
	return &Service{store: store{conn}, now: now, stop: stop}
}

// Observe streams rows. Errors: InvalidArgument for an impossible filter,
// Unavailable before any collector has reported and when the store goes away.
func (s *Service) Observe(ctx context.Context, req *connect.Request[observev1.ObserveRequest], out *connect.ServerStream[observev1.ObserveResponse]) error {
	c, err := where(req.Msg.GetFilter())
	if err == nil {
		err = checkLimits(req.Msg)
	}
	if err != nil {
		return connect.NewError(connect.CodeInvalidArgument, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return told(s.observe(ctx, req.Msg, c, out.Send))
}

func (s *Service) observe(ctx context.Context, req *observev1.ObserveRequest, c condition, send func(*observev1.ObserveResponse) error) error {
	mark, err := s.mark(ctx)
	if err != nil {
		return err
	}
	since := mark.At.Add(-LateFor)
	if req.GetSince() != nil {
		since = req.GetSince().AsTime()
	}
	if since.Before(s.now().Add(-kept)) {
		return connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("since %s is too long ago: rows are kept for three days", since.UTC().Format(time.RFC3339)))
	}
	st := &stream{rows: s.store, where: c, rate: DefaultRate, send: send, mark: s.mark}
	if req.GetMaxRate() > 0 {
		st.rate = int(req.GetMaxRate())
	}
	if err := st.begin(ctx, mark, since, int(req.GetLast())); err != nil || !req.GetFollow() {
		return err
	}
	return st.follow(ctx)
}

func checkLimits(req *observev1.ObserveRequest) error {
	if req.GetLast() > MaxLast {
		return fmt.Errorf("last %d is more than %d", req.GetLast(), MaxLast)
	}
	if req.GetMaxRate() > MaxRate {
		return fmt.Errorf("max_rate %d is more than %d rows per second", req.GetMaxRate(), MaxRate)
	}
	return nil
}

// mark returns the watermark, Unavailable where there is none.
func (s *Service) mark(ctx context.Context) (query.Mark, error) {
	mark, err := query.Watermark(ctx, s.store.conn, s.now())
	if err == nil && mark.At.IsZero() {
		err = connect.NewError(connect.CodeUnavailable, errors.New(mark.Reason))
	}
	return mark, err
}

// told keeps errors that were made for the caller and replaces all others: no
// interceptor does that for a stream.
func told(err error) error {
	var made *connect.Error
	switch {
	case err == nil, errors.As(err, &made):
		return err
	case errors.Is(err, context.Canceled):
		return connect.NewError(connect.CodeUnavailable, errors.New("the stream was ended"))
	}
	return connect.NewError(connect.CodeUnavailable, errors.New(`the store does not answer: "plimsoll doctor" says more`))
}
