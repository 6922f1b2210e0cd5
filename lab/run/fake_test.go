package run

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/goleak"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1/alertv1connect"
	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1/graphv1connect"
	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	slov1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1/slov1connect"
	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1/statusv1connect"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1/tunev1connect"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

// misbehave names what the fake children do wrong, as "child:what", parted by
// spaces. They inherit it.
const misbehave = "LAB_TEST_MISBEHAVE"

// TestMain makes the test binary also the programs that a lab starts: the real
// process set carries fakes of Plimsoll's parts and of Envoy.
func TestMain(m *testing.M) {
	if play, ok := fakes(os.Args[1:]); ok {
		if err := play(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func fakes(args []string) (play func() error, ok bool) {
	switch {
	case len(args) == 0:
		return nil, false
	case args[0] == "--version":
		return func() error { fmt.Println("envoy  version: 0a1b/1.40.0/Clean/RELEASE/BoringSSL"); return nil }, true
	case args[0] == "--config-path":
		return func() error { return playEnvoy(args[1]) }, true
	case args[0] == "clickhouse":
		return func() error { return playStore(option(args, "--data"), option(args, "--socket")) }, true
	case args[0] == "collector":
		return func() error { return playCollector(option(args, "--config")) }, true
	case args[0] == "analyzer":
		return func() error { return playAnalyzer(option(args, "--config")) }, true
	}
	return nil, false
}

func option(args []string, name string) string {
	if i := slices.Index(args, name); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

func told(what string) bool { return slices.Contains(strings.Fields(os.Getenv(misbehave)), what) }

// playServers serves until SIGTERM. A child may be told to fail before it
// serves, never to be ready, or to die some time later.
func playServers(name string, servers map[net.Listener]http.Handler) error {
	switch {
	case told(name + ":fails"):
		return fmt.Errorf("%s: told to fail", name)
	case told(name + ":hangs"):
		servers = nil
	case told(name + ":dies"):
		time.AfterFunc(time.Second, func() { fmt.Println(name, "was told to die"); os.Exit(3) })
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	for l, h := range servers {
		go func() { _ = (&http.Server{Handler: h, ReadHeaderTimeout: time.Second}).Serve(l) }()
	}
	<-ctx.Done()
	return nil
}

func playStore(data, socket string) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	pid := []byte(fmt.Sprint(os.Getpid()))
	if err := os.WriteFile(filepath.Join(data, "engine.pid"), pid, 0o600); err != nil {
		return err
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	return playServers("store", map[net.Listener]http.Handler{l: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, _ := io.ReadAll(r.Body)
		if strings.Contains(string(query), "version()") {
			_, _ = io.WriteString(w, "26.7\n")
			return
		}
		_, _ = io.WriteString(w, "x\t5\t5\t0\t10\n")
	})})
}

func ok(http.ResponseWriter, *http.Request) {}

// settings are what the fakes read of a configuration file.
type settings struct {
	Extensions struct {
		Health struct {
			Endpoint string `yaml:"endpoint"`
		} `yaml:"health_check"`
	} `yaml:"extensions"`
	Listen string   `yaml:"listen"`
	State  string   `yaml:"state"`
	SLOs   []string `yaml:"slos"`
}

func readSettings(file string) (settings, error) {
	var c settings
	text, err := os.ReadFile(file)
	if err != nil {
		return c, err
	}
	return c, yaml.Unmarshal(text, &c)
}

func playCollector(file string) error {
	c, err := readSettings(file)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.Extensions.Health.Endpoint)
	if err != nil {
		return err
	}
	return playServers("collector", map[net.Listener]http.Handler{l: http.HandlerFunc(ok)})
}

func playAnalyzer(file string) error {
	c, err := readSettings(file)
	if err != nil {
		return err
	}
	for _, role := range []string{"viewer", "operator"} {
		if err := os.WriteFile(filepath.Join(c.State, role+".token"), []byte("secret\n"), 0o600); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	f := &fakeAnalyzer{stuck: told("analyzer:stuck"), blind: told("analyzer:blind")}
	for i := range c.SLOs {
		left := 0.5
		f.slos = append(f.slos, &slov1.SLOStatus{Name: fmt.Sprintf("slo-%d", i), State: "ok", Good: 9, Total: 10, BudgetRemaining: &left})
	}
	return playServers("analyzer", map[net.Listener]http.Handler{l: f.handler()})
}

// fakeAnalyzer answers as an analyzer would, from its fields.
type fakeAnalyzer struct {
	graphv1connect.UnimplementedGraphServiceHandler
	slov1connect.UnimplementedSLOServiceHandler
	alertv1connect.UnimplementedAlertServiceHandler
	tunev1connect.UnimplementedTuneServiceHandler
	statusv1connect.UnimplementedStatusServiceHandler

	stuck   bool // the watermark stands still
	blind   bool // the graph has no edges
	slos    []*slov1.SLOStatus
	alerts  []*alertv1.Alert
	plan    *tunev1.Plan
	applied []*meshv1.ProxyChange
	account []*statusv1.ProxyAccount
	refuse  map[string]error // by method
	asked   chan string      // methods, if not nil
}

func (f *fakeAnalyzer) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(graphv1connect.NewGraphServiceHandler(f))
	mux.Handle(slov1connect.NewSLOServiceHandler(f))
	mux.Handle(alertv1connect.NewAlertServiceHandler(f))
	mux.Handle(tunev1connect.NewTuneServiceHandler(f))
	mux.Handle(statusv1connect.NewStatusServiceHandler(f))
	mux.HandleFunc("/healthz", ok)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" && r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, "no token", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (f *fakeAnalyzer) note(method string) error {
	if f.asked != nil {
		f.asked <- method
	}
	return f.refuse[method]
}

func (f *fakeAnalyzer) GetGraph(_ context.Context, req *connect.Request[graphv1.GetGraphRequest]) (*connect.Response[graphv1.GetGraphResponse], error) {
	g := &graphv1.GetGraphResponse{Window: &typesv1.Window{From: req.Msg.From, To: req.Msg.To}}
	if !f.blind {
		g.Edges = []*graphv1.Edge{{Src: "unknown/default", Dst: "small/local/default/front", Route: "default", Requests: 7}}
	}
	return connect.NewResponse(g), f.note("GetGraph")
}

func (f *fakeAnalyzer) ListSLOs(context.Context, *connect.Request[slov1.ListSLOsRequest]) (*connect.Response[slov1.ListSLOsResponse], error) {
	return connect.NewResponse(&slov1.ListSLOsResponse{Slos: f.slos}), f.note("ListSLOs")
}

func (f *fakeAnalyzer) ListAlerts(context.Context, *connect.Request[alertv1.ListAlertsRequest]) (*connect.Response[alertv1.ListAlertsResponse], error) {
	return connect.NewResponse(&alertv1.ListAlertsResponse{Alerts: f.alerts}), f.note("ListAlerts")
}

func (f *fakeAnalyzer) GetStatus(context.Context, *connect.Request[statusv1.GetStatusRequest]) (*connect.Response[statusv1.GetStatusResponse], error) {
	mark := time.Now().Add(time.Hour)
	if f.stuck {
		mark = time.Unix(0, 0)
	}
	return connect.NewResponse(&statusv1.GetStatusResponse{Watermark: timestamppb.New(mark)}), f.note("GetStatus")
}

func (f *fakeAnalyzer) ListProxyAccounts(context.Context, *connect.Request[statusv1.ListProxyAccountsRequest]) (*connect.Response[statusv1.ListProxyAccountsResponse], error) {
	return connect.NewResponse(&statusv1.ListProxyAccountsResponse{Accounts: f.account}), f.note("ListProxyAccounts")
}

func (f *fakeAnalyzer) Plan(context.Context, *connect.Request[tunev1.PlanRequest]) (*connect.Response[tunev1.PlanResponse], error) {
	return connect.NewResponse(&tunev1.PlanResponse{Plan: f.plan}), f.note("Plan")
}

func (f *fakeAnalyzer) Apply(context.Context, *connect.Request[tunev1.ApplyRequest]) (*connect.Response[tunev1.ApplyResponse], error) {
	return connect.NewResponse(&tunev1.ApplyResponse{
		Plan: f.plan, Result: &meshv1.ApplyTrafficPolicyResponse{Changes: f.applied},
	}), f.note("Apply")
}

func (f *fakeAnalyzer) Rollback(context.Context, *connect.Request[tunev1.RollbackRequest]) (*connect.Response[tunev1.RollbackResponse], error) {
	return connect.NewResponse(&tunev1.RollbackResponse{}), f.note("Rollback")
}

// bootstrap is what the fake Envoy reads of its start-up file.
type bootstrap struct {
	Admin struct {
		Address struct {
			Pipe struct {
				Path string `json:"path"`
			} `json:"pipe"`
		} `json:"address"`
	} `json:"admin"`
	Static struct {
		Listeners []struct {
			Name    string       `json:"name"`
			Address envoyAddress `json:"address"`
		} `json:"listeners"`
		Clusters []struct {
			Name       string `json:"name"`
			Assignment struct {
				Endpoints []struct {
					LB []struct {
						Endpoint struct {
							Address envoyAddress `json:"address"`
						} `json:"endpoint"`
					} `json:"lb_endpoints"`
				} `json:"endpoints"`
			} `json:"load_assignment"`
		} `json:"clusters"`
	} `json:"static_resources"`
}

type envoyAddress struct {
	Socket struct {
		Port int `json:"port_value"`
	} `json:"socket_address"`
}

// playEnvoy passes requests on: from the inbound listener to the application,
// from an outbound listener to the first endpoint of the cluster of its name.
func playEnvoy(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var b bootstrap
	if err := json.Unmarshal(text, &b); err != nil {
		return err
	}
	targets := map[string]int{}
	for _, c := range b.Static.Clusters {
		name, _, _ := strings.Cut(c.Name, "|")
		if name == "outbound" {
			name = c.Name
		}
		targets[name] = c.Assignment.Endpoints[0].LB[0].Endpoint.Address.Socket.Port
	}
	_ = os.Remove(b.Admin.Address.Pipe.Path)
	admin, err := net.Listen("unix", b.Admin.Address.Pipe.Path)
	if err != nil {
		return err
	}
	base := filepath.Join(filepath.Dir(file), "access.request.json")
	if err := os.WriteFile(base, nil, 0o600); err != nil {
		return err
	}
	servers := map[net.Listener]http.Handler{admin: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "access_logs.grpc_access_log.logs_written: 5\n")
	})}
	for _, x := range b.Static.Listeners {
		l, err := net.Listen("tcp", loopback(x.Address.Socket.Port))
		if err != nil {
			return err
		}
		servers[l] = httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: loopback(targets[x.Name])})
	}
	return playServers("envoy", servers)
}
