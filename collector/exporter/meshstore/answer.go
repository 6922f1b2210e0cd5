package meshstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// retryAfter is what a sender is told to wait. OTLP over HTTP tells it in whole
// seconds.
const retryAfter = 2 * time.Second

// errNoRoom says that the store's memory or disk budget is used up.
var errNoRoom = errors.New("the store has no room: its budget for rows that wait is used up")

// unavailable returns err as OTLP's answer "send it again, after a while": gRPC
// UNAVAILABLE with RetryInfo, which the otlp receiver turns into HTTP 503 with
// Retry-After (OTLP specification, "OTLP/gRPC throttling").
func unavailable(err error) error {
	s := status.New(codes.Unavailable, err.Error())
	if detailed, detailErr := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryAfter)}); detailErr == nil {
		s = detailed
	}
	return s.Err()
}

// unstorable returns the answer "never send it again" for a request of which
// nothing could be stored.
func unstorable(signal string, t *tally) error {
	return consumererror.NewPermanent(status.Errorf(codes.InvalidArgument,
		"storing %s: nothing of the request can be stored: %s", signal, t.refusals()))
}

// answer turns what a commit returned into OTLP's terms. When the sender gave up
// waiting, its own error is passed on: nobody reads the answer.
func answer(ctx context.Context, signal string, err error) error {
	switch {
	case err == nil:
		return nil
	case consumererror.IsPermanent(err):
		return consumererror.NewPermanent(status.Errorf(codes.Internal, "storing %s: %v", signal, err))
	case ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Err()
	}
	return unavailable(fmt.Errorf("storing %s: %w", signal, err))
}
