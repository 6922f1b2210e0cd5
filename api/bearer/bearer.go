// Package bearer lets a client of the API present its token.
package bearer

import (
	"context"

	"connectrpc.com/connect"
)

// Interceptor adds "Authorization: Bearer <token>" to every unary call. The
// token is asked for at each call, so that a new one holds at once; if there is
// none the call ends with CodeUnauthenticated and that reason. An empty token is
// not sent: the service says what it wants.
func Interceptor(token func() (string, error)) connect.UnaryInterceptorFunc {
	return func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			value, err := token()
			if err != nil {
				return nil, connect.NewError(connect.CodeUnauthenticated, err)
			}
			if value != "" {
				req.Header().Set("Authorization", "Bearer "+value)
			}
			return next(ctx, req)
		}
	}
}

// Token is a token that does not change.
func Token(value string) func() (string, error) {
	return func() (string, error) { return value, nil }
}
