package handler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/ClickHouse/clickhouse-go/v2"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1/graphv1connect"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1/tunev1connect"
)

// graphFunc and tuneService are services whose answers a test scripts.
type graphFunc func(context.Context) (*graphv1.GetGraphResponse, error)

func (f graphFunc) GetGraph(ctx context.Context, _ *connect.Request[graphv1.GetGraphRequest]) (*connect.Response[graphv1.GetGraphResponse], error) {
	answer, err := f(ctx)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(answer), nil
}

type tuneService struct {
	tunev1connect.UnimplementedTuneServiceHandler
	applied int
}

func (s *tuneService) Apply(context.Context, *connect.Request[tunev1.ApplyRequest]) (*connect.Response[tunev1.ApplyResponse], error) {
	s.applied++
	return connect.NewResponse(&tunev1.ApplyResponse{}), nil
}

func (s *tuneService) ListPlans(context.Context, *connect.Request[tunev1.ListPlansRequest]) (*connect.Response[tunev1.ListPlansResponse], error) {
	return connect.NewResponse(&tunev1.ListPlansResponse{}), nil
}

// fixture is a served handler with its tokens and its log.
type fixture struct {
	url              string
	viewer, operator string
	log              *bytes.Buffer
	healthy          error
}

func serve(t *testing.T, services Services) *fixture {
	t.Helper()
	dir := t.TempDir()
	tokens, err := LoadTokens(dir)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{viewer: read(t, dir, "viewer.token"), operator: read(t, dir, "operator.token"), log: new(bytes.Buffer)}
	server := httptest.NewServer(New(services, Settings{
		Tokens:  tokens,
		Healthy: func(context.Context) error { return f.healthy },
		Log:     slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}))
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

func authorized[T any](msg *T, header string) *connect.Request[T] {
	req := connect.NewRequest(msg)
	if header != "" {
		req.Header().Set("Authorization", header)
	}
	return req
}

func (f *fixture) graph(header string, options ...connect.ClientOption) error {
	client := graphv1connect.NewGraphServiceClient(http.DefaultClient, f.url, options...)
	_, err := client.GetGraph(context.Background(), authorized(&graphv1.GetGraphRequest{}, header))
	return err
}

func empty(context.Context) (*graphv1.GetGraphResponse, error) {
	return &graphv1.GetGraphResponse{}, nil
}

func TestTokens(t *testing.T) {
	tune := &tuneService{}
	f := serve(t, Services{Graph: graphFunc(empty), Tune: tune})
	client := tunev1connect.NewTuneServiceClient(http.DefaultClient, f.url)
	read := f.graph
	list := func(header string) error {
		_, err := client.ListPlans(context.Background(), authorized(&tunev1.ListPlansRequest{}, header))
		return err
	}
	apply := func(header string) error {
		_, err := client.Apply(context.Background(), authorized(&tunev1.ApplyRequest{}, header))
		return err
	}
	plain := func(header string) error { return read(header) }
	for _, c := range []struct {
		name   string
		call   func(string) error
		header string
		want   connect.Code // 0: the call passes
	}{
		{"no token", plain, "", connect.CodeUnauthenticated},
		{"empty token", plain, "Bearer ", connect.CodeUnauthenticated},
		{"wrong token", plain, "Bearer 0123456789abcdef", connect.CodeUnauthenticated},
		{"wrong scheme", plain, "Basic " + f.viewer, connect.CodeUnauthenticated},
		{"no scheme", plain, f.viewer, connect.CodeUnauthenticated},
		{"viewer reads", plain, "Bearer " + f.viewer, 0},
		{"scheme in any case", plain, "bearer " + f.viewer, 0},
		{"operator reads", plain, "Bearer " + f.operator, 0},
		{"viewer lists plans", list, "Bearer " + f.viewer, 0},
		{"viewer applies", apply, "Bearer " + f.viewer, connect.CodePermissionDenied},
		{"nobody applies", apply, "", connect.CodeUnauthenticated},
		{"operator applies", apply, "Bearer " + f.operator, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.call(c.header)
			if c.want == 0 && err != nil || c.want != 0 && connect.CodeOf(err) != c.want {
				t.Errorf("error %v, want code %v", err, c.want)
			}
		})
	}
	if tune.applied != 1 {
		t.Errorf("applied %d times, want once, by the operator", tune.applied)
	}
	if strings.Contains(f.log.String(), f.viewer) || strings.Contains(f.log.String(), f.operator) {
		t.Error("the log shows a token")
	}
}

func TestTokenOverGRPCWebAndJSON(t *testing.T) {
	f := serve(t, Services{Graph: graphFunc(empty)})
	for name, option := range map[string]connect.ClientOption{"grpc-web": connect.WithGRPCWeb(), "json": connect.WithProtoJSON()} {
		if err := f.graph("", option); connect.CodeOf(err) != connect.CodeUnauthenticated {
			t.Errorf("%s without token: error %v, want unauthenticated", name, err)
		}
		if err := f.graph("Bearer "+f.viewer, option); err != nil {
			t.Errorf("%s with token: %v", name, err)
		}
	}
}

func TestInternalErrorsStayInside(t *testing.T) {
	const secret = "dial unix /run/secret.sock"
	for _, c := range []struct {
		name   string
		answer graphFunc
		want   connect.Code
		text   string // what the caller reads
		logged bool
	}{
		{
			"plain error", func(context.Context) (*graphv1.GetGraphResponse, error) { return nil, errors.New(secret) },
			connect.CodeInternal, "internal error", true,
		},
		{"internal connect error", func(context.Context) (*graphv1.GetGraphResponse, error) {
			return nil, connect.NewError(connect.CodeInternal, errors.New(secret))
		}, connect.CodeInternal, "internal error", true},
		{
			"panic", func(context.Context) (*graphv1.GetGraphResponse, error) { panic(secret) },
			connect.CodeInternal, "internal error", true,
		},
		{"store is down", func(context.Context) (*graphv1.GetGraphResponse, error) {
			return nil, fmt.Errorf("reading: %w", &url.Error{Op: "Post", URL: secret, Err: &net.OpError{Op: "dial", Net: "unix", Err: errors.New(secret)}})
		}, connect.CodeUnavailable, "the store does not answer", true},
		{"store died", func(context.Context) (*graphv1.GetGraphResponse, error) {
			return nil, fmt.Errorf("reading %s: %w", secret, io.ErrUnexpectedEOF)
		}, connect.CodeUnavailable, "the store does not answer", true},
		{"no tables", func(context.Context) (*graphv1.GetGraphResponse, error) {
			return nil, fmt.Errorf("reading: %w", &clickhouse.Exception{Code: 60, Message: secret})
		}, connect.CodeUnavailable, "start a collector", true},
		{"wrong query", func(context.Context) (*graphv1.GetGraphResponse, error) {
			return nil, fmt.Errorf("reading: %w", &clickhouse.Exception{Code: 62, Message: secret})
		}, connect.CodeInternal, "internal error", true},
		{"told error", func(context.Context) (*graphv1.GetGraphResponse, error) {
			return nil, connect.NewError(connect.CodeInvalidArgument, errors.New("from is not before to"))
		}, connect.CodeInvalidArgument, "from is not before to", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := serve(t, Services{Graph: c.answer})
			err := f.graph("Bearer " + f.viewer)
			if connect.CodeOf(err) != c.want || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v, want %v with %q", err, c.want, c.text)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the caller reads %v", err)
			}
			if got := strings.Contains(f.log.String(), secret); got != c.logged {
				t.Errorf("log holds the cause: %v, want %v:\n%s", got, c.logged, f.log)
			}
		})
	}
}

// TestCallsAreBounded: what a service asks of the store ends with the call's
// deadline, even if the caller sets none.
func TestCallsAreBounded(t *testing.T) {
	var left time.Duration
	f := serve(t, Services{Graph: graphFunc(func(ctx context.Context) (*graphv1.GetGraphResponse, error) {
		if deadline, ok := ctx.Deadline(); ok {
			left = time.Until(deadline)
		}
		return &graphv1.GetGraphResponse{}, nil
	})})
	if err := f.graph("Bearer " + f.viewer); err != nil {
		t.Fatal(err)
	}
	if left <= 0 || left > callTimeout {
		t.Errorf("a call may take %s, want at most %s", left, callTimeout)
	}
}

func TestCallerThatLeavesIsNoError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := serve(t, Services{Graph: graphFunc(func(server context.Context) (*graphv1.GetGraphResponse, error) {
		cancel()
		<-server.Done()
		return nil, server.Err()
	})})
	client := graphv1connect.NewGraphServiceClient(http.DefaultClient, f.url)
	_, err := client.GetGraph(ctx, authorized(&graphv1.GetGraphRequest{}, "Bearer "+f.viewer))
	if connect.CodeOf(err) != connect.CodeCanceled {
		t.Errorf("error %v, want canceled", err)
	}
}

func TestRequestSizeIsLimited(t *testing.T) {
	f := serve(t, Services{Graph: graphFunc(empty)})
	client := graphv1connect.NewGraphServiceClient(http.DefaultClient, f.url)
	req := authorized(&graphv1.GetGraphRequest{Service: strings.Repeat("x", maxRequestBytes+1)}, "Bearer "+f.viewer)
	if _, err := client.GetGraph(t.Context(), req); connect.CodeOf(err) != connect.CodeResourceExhausted {
		t.Errorf("error %v, want resource_exhausted", err)
	}
}

func TestServicesThatAreMissingAreNotMounted(t *testing.T) {
	f := serve(t, Services{})
	if err := f.graph("Bearer " + f.viewer); connect.CodeOf(err) != connect.CodeUnimplemented {
		t.Errorf("error %v, want unimplemented", err)
	}
}

func TestHealthz(t *testing.T) {
	f := serve(t, Services{})
	check := func(want int) {
		t.Helper()
		resp, err := http.Get(f.url + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != want {
			t.Errorf("status %d, want %d", resp.StatusCode, want)
		}
		if strings.Contains(string(body), "secret") {
			t.Errorf("the answer shows the cause: %s", body)
		}
	}
	check(http.StatusOK)
	f.healthy = errors.New("secret")
	check(http.StatusServiceUnavailable)
}
