package handler

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"connectrpc.com/connect"
)

// auth is the Connect interceptor that checks token and role.
type auth struct{ tokens *Tokens }

var _ connect.Interceptor = auth{}

func (a auth) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		if err := a.check(req.Spec().Procedure, req.Header()); err != nil {
			return nil, err
		}
		return next(ctx, req)
	}
}

func (a auth) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		if err := a.check(conn.Spec().Procedure, conn.RequestHeader()); err != nil {
			return err
		}
		return next(ctx, conn)
	}
}

func (a auth) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// check returns Unauthenticated without a known token and PermissionDenied
// with one whose role is too low. The texts hold nothing of what was sent.
func (a auth) check(procedure string, header http.Header) error {
	scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return unauthenticated("this call needs a token")
	}
	have := a.tokens.Role(strings.TrimSpace(token))
	if have == RoleNone {
		return unauthenticated("the token is not known to this analyzer")
	}
	need, ok := roleOf(procedure)
	if !ok || have < need {
		return connect.NewError(connect.CodePermissionDenied,
			fmt.Errorf("this call needs the role %s, the token has %s", need, have))
	}
	return nil
}

func unauthenticated(why string) error {
	err := connect.NewError(connect.CodeUnauthenticated,
		errors.New(why+": send the content of viewer.token or operator.token in the analyzer's state directory as bearer token"))
	err.Meta().Set("WWW-Authenticate", `Bearer realm="plimsoll"`)
	return err
}
