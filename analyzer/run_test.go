package analyzer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/goleak"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert"
	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1/graphv1connect"
	slov1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1/slov1connect"
	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1/statusv1connect"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1/tunev1connect"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs an analyzer until the test ends, and fails the test if it ends
// with an error. The channel is closed at its end.
func start(t *testing.T, cfg *Config) (ended <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	var runErr error
	go func() {
		defer close(done)
		runErr = Run(ctx, cfg, "1.2.3", slog.New(slog.NewTextHandler(t.Output(), nil)))
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		if runErr != nil {
			t.Errorf("Run ended with %v", runErr)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return done
}

// eventually calls f until it returns nil; the last error fails the test, at
// the latest when the analyzer has ended.
func eventually(t *testing.T, ended <-chan struct{}, f func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-ended:
			t.Fatal(err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func get(url string) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

// withToken returns a client option that sends the named token.
func withToken(t *testing.T, cfg *Config, role string) connect.ClientOption {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(cfg.State, role+".token"))
	if err != nil {
		t.Fatal(err)
	}
	return connect.WithInterceptors(connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			req.Header().Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
			return next(ctx, req)
		}
	}))
}

func config(t *testing.T, store string) *Config {
	t.Helper()
	return &Config{
		Store: store, Listen: freeAddress(t), State: filepath.Join(t.TempDir(), "state"),
		SLOs: []string{"testdata/slo.yaml"}, EvaluateEvery: yamlfile.Duration(100 * time.Millisecond),
	}
}

func TestRunServes(t *testing.T) {
	dsn := enginetest.Start(t)
	if err := schema.Ensure(t.Context(), dsn, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	cfg := config(t, dsn)
	ended := start(t, cfg)
	eventually(t, ended, func() error { return get("http://" + cfg.Listen + "/healthz") })

	graph := graphv1connect.NewGraphServiceClient(http.DefaultClient, "http://"+cfg.Listen, withToken(t, cfg, "viewer"))
	ask := func() (*connect.Response[graphv1.GetGraphResponse], error) {
		return graph.GetGraph(t.Context(), connect.NewRequest(&graphv1.GetGraphRequest{}))
	}
	if _, err := ask(); connect.CodeOf(err) != connect.CodeUnavailable {
		t.Errorf("before any heartbeat: error %v, want unavailable", err)
	}
	store(t, dsn)
	answer, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Msg.Edges) != 1 || answer.Msg.Edges[0].Requests != 3 {
		t.Errorf("edges %v, want one of 3 requests", answer.Msg.Edges)
	}

	slos := slov1connect.NewSLOServiceClient(http.DefaultClient, "http://"+cfg.Listen, withToken(t, cfg, "viewer"))
	objectives, err := slos.ListSLOs(t.Context(), connect.NewRequest(&slov1.ListSLOsRequest{}))
	if err != nil {
		t.Fatal(err)
	}
	if s := objectives.Msg.Slos; len(s) != 1 || s[0].Name != "b-availability" {
		t.Errorf("slos %v, want the one of the file", s)
	}

	tune := tunev1connect.NewTuneServiceClient(http.DefaultClient, "http://"+cfg.Listen, withToken(t, cfg, "operator"))
	edge := &typesv1.EdgeRef{Namespace: "n", SrcService: "a", DstService: "b"}
	plan, err := tune.Plan(t.Context(), connect.NewRequest(&tunev1.PlanRequest{Edge: edge}))
	if err != nil {
		t.Fatal(err)
	}
	apply := &tunev1.ApplyRequest{PlanId: plan.Msg.Plan.Id}
	if _, err := tune.Apply(t.Context(), connect.NewRequest(apply)); connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("applying without a mesh: error %v, want failed_precondition", err)
	}

	status := statusv1connect.NewStatusServiceClient(http.DefaultClient, "http://"+cfg.Listen, withToken(t, cfg, "operator"))
	state, err := status.GetStatus(t.Context(), connect.NewRequest(&statusv1.GetStatusRequest{}))
	if err != nil {
		t.Fatal(err)
	}
	if state.Msg.Version != "1.2.3" || len(state.Msg.Checks) < 5 {
		t.Errorf("status %v, want version 1.2.3 and all checks", state.Msg)
	}
}

// store writes three requests and a heartbeat of now.
func store(t *testing.T, dsn string) {
	t.Helper()
	parsed, err := query.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := query.OpenWriter(parsed)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	now := time.Now().UnixMicro()
	for _, sql := range []string{
		`INSERT INTO requests_in (ts, vantage, src, dst, route, outcome, duration_us, duration_bin)
			SELECT fromUnixTimestamp64Micro(%d - 10000000, 'UTC'), 'client', 'm/c/n/a', 'm/c/n/b', 'r', 'ok', 100, 100 FROM numbers(3)`,
		`INSERT INTO heartbeats_in (ts, collector, complete_through)
			SELECT fromUnixTimestamp64Micro(%[1]d, 'UTC'), 'c1', fromUnixTimestamp64Micro(%[1]d, 'UTC')`,
	} {
		if err := conn.Exec(t.Context(), fmt.Sprintf(sql, now)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRunWaitsForStore starts the analyzer before its store: the API answers,
// says what is wrong, and a stop is clean.
func TestRunWaitsForStore(t *testing.T) {
	cfg := config(t, "unix://"+filepath.Join(t.TempDir(), "none.sock"))
	ended := start(t, cfg)
	status := func() (*connect.Response[statusv1.GetStatusResponse], error) {
		client := statusv1connect.NewStatusServiceClient(http.DefaultClient, "http://"+cfg.Listen, withToken(t, cfg, "viewer"))
		return client.GetStatus(t.Context(), connect.NewRequest(&statusv1.GetStatusRequest{}))
	}
	eventually(t, ended, func() error {
		if err := get("http://" + cfg.Listen + "/healthz"); err == nil || !strings.Contains(err.Error(), "503") {
			return fmt.Errorf("health: %w, want 503", err)
		}
		return nil
	})
	answer, err := status()
	if err != nil {
		t.Fatal(err)
	}
	graph := graphv1connect.NewGraphServiceClient(http.DefaultClient, "http://"+cfg.Listen, withToken(t, cfg, "viewer"))
	_, err = graph.GetGraph(t.Context(), connect.NewRequest(&graphv1.GetGraphRequest{}))
	if connect.CodeOf(err) != connect.CodeUnavailable || !strings.Contains(err.Error(), "the store does not answer") {
		t.Errorf("graph: error %v, want that the store does not answer", err)
	}
	if c := answer.Msg.Checks; len(c) != 1 || c[0].Code != "PLM001" || c[0].Result != "error" {
		t.Errorf("checks %v, want the store's error alone", c)
	}
}

// TestRunWithoutTables asks before any collector has made the tables: each call
// says what is missing, and none fails for good.
func TestRunWithoutTables(t *testing.T) {
	dsn := enginetest.Start(t)
	cfg := config(t, dsn)
	ended := start(t, cfg)
	eventually(t, ended, func() error { return get("http://" + cfg.Listen + "/healthz") })
	client := withToken(t, cfg, "viewer")
	graph := graphv1connect.NewGraphServiceClient(http.DefaultClient, "http://"+cfg.Listen, client)
	slos := slov1connect.NewSLOServiceClient(http.DefaultClient, "http://"+cfg.Listen, client)
	tune := tunev1connect.NewTuneServiceClient(http.DefaultClient, "http://"+cfg.Listen, client)
	edge := &typesv1.EdgeRef{Namespace: "n", SrcService: "a", DstService: "b"}
	calls := map[string]func() error{
		"graph": func() error {
			_, err := graph.GetGraph(t.Context(), connect.NewRequest(&graphv1.GetGraphRequest{}))
			return err
		},
		"slos": func() error {
			_, err := slos.ListSLOs(t.Context(), connect.NewRequest(&slov1.ListSLOsRequest{}))
			return err
		},
		"plan": func() error {
			_, err := tune.Plan(t.Context(), connect.NewRequest(&tunev1.PlanRequest{Edge: edge}))
			return err
		},
	}
	for name, call := range calls {
		if err := call(); connect.CodeOf(err) != connect.CodeUnavailable || !strings.Contains(err.Error(), "start a collector") {
			t.Errorf("%s: error %v, want unavailable with the remedy", name, err)
		}
	}
	if err := schema.Ensure(t.Context(), dsn, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	store(t, dsn)
	for name, call := range calls {
		if err := call(); err != nil {
			t.Errorf("%s after a collector came: %v", name, err)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open := t.TempDir()
	if err := os.WriteFile(filepath.Join(open, "viewer.token"), []byte("0123456789abcdef0123"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"busy port", func(c *Config) { c.Listen = busy.Addr().String() }, "address already in use"},
		{"state is a file", func(c *Config) { c.State = file }, "state folder"},
		{"readable token", func(c *Config) { c.State = open }, "chmod 600"},
		{"missing SLO file", func(c *Config) { c.SLOs = []string{"testdata/none.yaml"} }, "none.yaml"},
		{"missing secret", func(c *Config) {
			c.Webhooks = []alert.Target{{Name: "a", URL: "http://127.0.0.1:1", SecretFile: "testdata/none"}}
		}, "testdata/none"},
		{"not a dsn", func(c *Config) { c.Store = "nonsense" }, "store dsn"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config(t, "unix:///nowhere.sock")
			c.change(cfg)
			err := Run(t.Context(), cfg, "", slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
