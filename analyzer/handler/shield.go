package handler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"connectrpc.com/connect"
)

// shield bounds the time of a call, logs it, and keeps the text of internal
// errors from the caller.
func shield(log *slog.Logger, timeout time.Duration) connect.UnaryInterceptorFunc {
	return func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			start := time.Now()
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			answer, err := next(ctx, req)
			log.DebugContext(ctx, "call answered", "procedure", req.Spec().Procedure, "peer", req.Peer().Addr,
				"duration", time.Since(start), "code", codeName(err))
			return answer, conceal(ctx, log, req.Spec().Procedure, err)
		}
	}
}

// conceal passes errors on that were made for the caller (a *connect.Error
// with a code of its own) and replaces all others: by Unavailable where the store
// is to blame, else by a bare internal error.
func conceal(ctx context.Context, log *slog.Logger, procedure string, err error) error {
	var told *connect.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &told) && told.Code() != connect.CodeUnknown && told.Code() != connect.CodeInternal:
		return err
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return connect.NewError(connect.CodeDeadlineExceeded, errors.New("the answer took too long: ask for a shorter window"))
	case errors.Is(ctx.Err(), context.Canceled):
		return connect.NewError(connect.CodeCanceled, errors.New("the caller left"))
	}
	if why := blame(err); why != "" {
		log.WarnContext(ctx, "call failed for the store's sake", "procedure", procedure, "error", err)
		return connect.NewError(connect.CodeUnavailable, errors.New(why))
	}
	log.ErrorContext(ctx, "call failed", "procedure", procedure, "error", err)
	return connect.NewError(connect.CodeInternal, errors.New("internal error: see the analyzer's log"))
}

func codeName(err error) string {
	if err == nil {
		return "ok"
	}
	return connect.CodeOf(err).String()
}

// recovered is called by Connect with what a handler panicked with.
func recovered(log *slog.Logger) func(context.Context, connect.Spec, http.Header, any) error {
	return func(ctx context.Context, spec connect.Spec, _ http.Header, panicked any) error {
		log.ErrorContext(ctx, "call panicked", "procedure", spec.Procedure, "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
		return connect.NewError(connect.CodeInternal, errors.New("internal error: see the analyzer's log"))
	}
}
