package bearer

import (
	"context"
	"errors"
	"testing"

	"connectrpc.com/connect"
)

func TestInterceptor(t *testing.T) {
	missing := errors.New("no such file")
	for name, tc := range map[string]struct {
		token func() (string, error)
		want  string
		err   error
	}{
		"token": {Token("s3cret"), "Bearer s3cret", nil},
		"empty": {Token(""), "", nil},
		"none":  {func() (string, error) { return "", missing }, "", missing},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			call := Interceptor(tc.token)(func(_ context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
				got = r.Header().Get("Authorization")
				return nil, nil
			})
			_, err := call(context.Background(), connect.NewRequest(&struct{}{}))
			if got != tc.want || !errors.Is(err, tc.err) {
				t.Errorf("sent %q, %v; want %q, %v", got, err, tc.want, tc.err)
			}
			if tc.err != nil && connect.CodeOf(err) != connect.CodeUnauthenticated {
				t.Errorf("code %v", connect.CodeOf(err))
			}
		})
	}
}

// TestTokenIsReadAtEachCall: a token that was changed holds from the next call.
func TestTokenIsReadAtEachCall(t *testing.T) {
	value := "old"
	var got []string
	call := Interceptor(func() (string, error) { return value, nil })(func(_ context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		got = append(got, r.Header().Get("Authorization"))
		return nil, nil
	})
	for _, value = range []string{"old", "new"} {
		if _, err := call(context.Background(), connect.NewRequest(&struct{}{})); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 2 || got[0] != "Bearer old" || got[1] != "Bearer new" {
		t.Errorf("sent %q", got)
	}
}
