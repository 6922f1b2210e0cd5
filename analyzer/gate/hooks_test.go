package gate

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"connectrpc.com/connect"
)

// FuzzReadHook: no body panics, and what is taken names only known fields.
func FuzzReadHook(f *testing.F) {
	f.Add(`{"name":"s","namespace":"n","metadata":{"canary":"v2","for":"10m"}}`, "latency=300ms")
	f.Add("", "service=a&alpha=0.1&from=2026-03-01T12:00:00Z")
	f.Add("[]", "error_margin=NaN")
	f.Fuzz(func(t *testing.T, body, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Skip()
		}
		if req, err := readHook(strings.NewReader(body), values); err == nil {
			ask(req) // must not panic either
		}
	})
}

func TestQueryWinsOverBody(t *testing.T) {
	req, err := readHook(strings.NewReader(`{"name":"s","namespace":"n","metadata":{"canary":"v2","baseline":"v1"}}`), url.Values{"canary": {"v3"}})
	if err != nil || req.Service != "s" || req.Namespace != "n" || req.Canary != "v3" || req.Baseline != "v1" {
		t.Errorf("%v, error %v", req, err)
	}
}

func TestStatusOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{connect.NewError(connect.CodeInvalidArgument, errors.New("x")), http.StatusBadRequest},
		{connect.NewError(connect.CodeNotFound, errors.New("x")), http.StatusNotFound},
		{connect.NewError(connect.CodeUnavailable, errors.New("x")), http.StatusServiceUnavailable},
		{errors.New("dial unix /secret"), http.StatusServiceUnavailable},
	} {
		if got, text := statusOf(c.err); got != c.want || strings.Contains(text, "secret") {
			t.Errorf("%v: status %d %q, want %d", c.err, got, text, c.want)
		}
	}
}
