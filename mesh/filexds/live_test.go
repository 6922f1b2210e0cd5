package filexds

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf"
	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf/envoytest"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// The tests of this file start real Envoys. Where the callee's proxy is not
// what is tested, a plain HTTP/2 server stands on its port.

// handle serves on a port until the test ends: HTTP/1.1, and HTTP/2 without
// TLS as sidecars speak it among themselves.
func handle(t *testing.T, port int, h http.HandlerFunc) {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, Protocols: new(http.Protocols)}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close(); <-ended })
}

// start starts the proxy of a workload.
func start(t *testing.T, p *Plane, workload string) *envoytest.Proxy {
	t.Helper()
	paths, ok := p.Paths(p.started.Workload("default", workload))
	if !ok {
		t.Fatalf("no workload %s", workload)
	}
	return envoytest.Start(t, paths.Bootstrap, paths.AdminSocket)
}

// caller calls a workload's first upstream, as its application does.
type caller struct {
	t      *testing.T
	url    string
	client *http.Client
}

func newCaller(t *testing.T, m *model.Mesh, workload string) caller {
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	port := m.Workload("default", workload).Upstreams[0].LocalPort
	return caller{t, fmt.Sprintf("http://127.0.0.1:%d", port), &http.Client{Transport: transport}}
}

// call returns status and body.
func (c caller) call(path string, headers ...string) (int, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.url+path, nil)
	if err != nil {
		c.t.Error(err)
		return 0, ""
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.client.Do(r)
	if err != nil {
		c.t.Error(err)
		return 0, ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Error(err)
	}
	return response.StatusCode, string(body)
}

func TestLiveRouting(t *testing.T) {
	m := envoytest.FreePorts(t, envoytest.Mesh())
	p := newPlane(t, m)
	for _, name := range []string{"reviews-v1", "reviews-v2", "reviews-v3"} {
		w := m.Workload("default", name)
		handle(t, w.InboundPort, func(out http.ResponseWriter, _ *http.Request) { fmt.Fprint(out, w.Version) })
	}
	start(t, p, "productpage")
	c := newCaller(t, m, "productpage")
	answers := map[string]int{}
	for range 400 {
		if status, version := c.call("/"); status == http.StatusOK {
			answers[version]++
		}
	}
	// 10 % of 400 with a standard deviation of 6: seven of them are no accident.
	if answers["v1"]+answers["v3"] != 400 || answers["v3"] < 1 || answers["v3"] > 82 {
		t.Errorf("answers = %v, want about 360 of v1 and 40 of v3", answers)
	}
	for range 20 {
		if _, version := c.call("/", "end-user", "jason"); version != "v2" {
			t.Fatalf("jason got %s, want v2", version)
		}
	}
}

func TestLiveRetries(t *testing.T) {
	m := envoytest.FreePorts(t, envoytest.Mesh())
	p := newPlane(t, m)
	var tries atomic.Int64
	handle(t, m.Workload("default", "ratings-v1").InboundPort, func(out http.ResponseWriter, r *http.Request) {
		if tries.Add(1) < 3 {
			out.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(out, r.Header.Get("x-envoy-attempt-count"), " ", r.Header.Get("x-mesh-peer"))
	})
	start(t, p, "reviews-v2")
	status, body := newCaller(t, m, "reviews-v2").call("/", "x-mesh-peer", "forged", "x-mesh-call", "forged")
	want := "3 m=demo;c=local;n=default;w=reviews-v2;s=reviews;v=v2;r=ratings"
	if status != http.StatusOK || body != want {
		t.Errorf("answer = %d %q, want 200 %q", status, body, want)
	}
}

// TestLiveRouteOfArrivals sees that the callee's rows say by which of the
// caller's routes each call came, whatever its application put into the header
// and whatever characters the route's name has.
func TestLiveRouteOfArrivals(t *testing.T) {
	m := envoytest.FreePorts(t, envoytest.Mesh())
	ratings := m.Service("default", "ratings")
	gold := *ratings.Routes[0]
	gold.Name, gold.Matches = "gold; 100 %REQ(x)%", []model.Match{{Path: model.PathMatch{Prefix: "/gold"}}}
	ratings.Routes = append([]*model.Route{&gold}, ratings.Routes...)
	collector := envoytest.StartCollector(t)
	p, err := New(m, t.TempDir(), Options{Collector: collector.Address, SocketDir: shortDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	handle(t, m.Workload("default", "ratings-v1").AppPort, func(http.ResponseWriter, *http.Request) {})
	start(t, p, "reviews-v2")
	start(t, p, "ratings-v1")
	c := newCaller(t, m, "reviews-v2")
	c.call("/gold", "x-mesh-peer", "forged")
	c.call("/silver", "x-mesh-peer", "forged")
	got := map[string]string{}
	for _, r := range collector.Wait(t, 6) { // of each call a request, a try and an arrival
		if r.Entry.GetCommonProperties().GetCustomTags()["mesh.direction"] == "inbound" {
			got[r.Entry.GetRequest().GetPath()] = r.Entry.GetRequest().GetRequestHeaders()["x-mesh-peer"]
		}
	}
	const who = "m=demo;c=local;n=default;w=reviews-v2;s=reviews;v=v2;r="
	want := map[string]string{"/gold": who + "gold%3B%20100%20%25REQ%28x%29%25", "/silver": who + "ratings"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLiveRows follows calls through both proxies into the access-log stream,
// and compares its durations with those of the files.
func TestLiveRows(t *testing.T) {
	m := envoytest.FreePorts(t, envoytest.Mesh())
	collector := envoytest.StartCollector(t)
	p, err := New(m, t.TempDir(), Options{Collector: collector.Address, AccessLogs: true, SocketDir: shortDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	handle(t, m.Workload("default", "ratings-v1").AppPort, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-release
		}
	})
	proxies := []*envoytest.Proxy{start(t, p, "reviews-v2"), start(t, p, "ratings-v1")}
	c := newCaller(t, m, "reviews-v2")
	for range 10 {
		c.call("/")
	}
	if status, _ := c.call("/slow"); status != http.StatusGatewayTimeout {
		t.Errorf("status of the slow call = %d, want 504", status)
	}
	close(release)

	// Ten calls of one try and one of four, each seen by both proxies.
	rows := collector.Wait(t, 10*3+1+2*4)
	checkRows(t, rows)
	checkFiles(t, p, proxies, rows)
}

func checkRows(t *testing.T, rows []envoytest.Row) {
	t.Helper()
	kinds := map[string]int{}
	for _, r := range rows {
		common := r.Entry.GetCommonProperties()
		tags := common.GetCustomTags()
		kinds[r.Node+" "+r.LogName+" "+common.GetAccessLogType().String()+" "+tags["mesh.direction"]]++
		if r.Entry.GetRequest().GetRequestHeaders()["x-mesh-call"] == "" || common.GetDuration().AsDuration() == 0 {
			t.Errorf("row without call id or duration: %v", r.Entry)
		}
		if tags["mesh.direction"] == "outbound" {
			want := map[string]string{
				"mesh.direction": "outbound", "dst.service": "ratings", "dst.namespace": "default",
				"dst.workload": "ratings-v1", "dst.version": "v1",
			}
			if diff := cmp.Diff(want, tags); diff != "" {
				t.Errorf("tags of %s: %s", r.LogName, diff)
			}
		}
	}
	want := map[string]int{
		"sidecar~127.0.0.1~reviews-v2.default~demo mesh.request DownstreamEnd outbound": 11,
		"sidecar~127.0.0.1~reviews-v2.default~demo mesh.try UpstreamEnd outbound":       14,
		"sidecar~127.0.0.1~ratings-v1.default~demo mesh.request DownstreamEnd inbound":  14,
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error("rows:", diff)
	}
}

// TestLiveApply changes limit, budget and timeout under traffic.
func TestLiveApply(t *testing.T) {
	m := envoytest.FreePorts(t, envoytest.Mesh())
	p := newPlane(t, m)
	release, arrived := make(chan struct{}), make(chan struct{}, 100)
	handle(t, m.Workload("default", "ratings-v1").InboundPort, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			arrived <- struct{}{}
			<-release
		}
	})
	proxies := map[string]*envoytest.Proxy{"reviews-v2": start(t, p, "reviews-v2"), "reviews-v3": start(t, p, "reviews-v3")}
	c := newCaller(t, m, "reviews-v2")
	c.call("/")
	api := newClient(t, p, token)

	policy := tuned()
	policy.Timeout, policy.PerTryTimeout = durationpb.New(time.Minute), durationpb.New(0)
	policy.MaxRequests = proto.Uint32(10)
	if diff := cmp.Diff(both, api.apply(ratingsEdge, policy)); diff != "" {
		t.Fatal("apply:", diff)
	}
	// Five may wait at the server; the sixth is refused at once.
	var calls sync.WaitGroup
	for range 5 {
		calls.Go(func() {
			if status, _ := c.call("/wait"); status != http.StatusOK {
				t.Errorf("status of a call within the limit = %d", status)
			}
		})
	}
	for range 5 {
		<-arrived
	}
	if status, _ := c.call("/"); status != http.StatusServiceUnavailable {
		t.Errorf("status of the sixth call = %d, want 503", status)
	}
	// The calls in flight outlive the change back.
	if diff := cmp.Diff(both, api.reset(ratingsEdge)); diff != "" {
		t.Fatal("reset:", diff)
	}
	if status, _ := c.call("/"); status != http.StatusOK {
		t.Errorf("status after the reset = %d", status)
	}
	close(release)
	calls.Wait()
	checkUntouched(t, p, proxies["reviews-v2"])
}

// checkUntouched sees that changes cost no connection and no cluster.
func checkUntouched(t *testing.T, p *Plane, e *envoytest.Proxy) {
	t.Helper()
	cluster := "cluster." + envoyconf.ClusterStats(p.started.Service("default", "ratings").ClusterName(""))
	for name, want := range map[string]int{
		cluster + ".upstream_cx_total":           1,
		cluster + ".upstream_cx_destroy":         0,
		cluster + ".upstream_rq_active_overflow": 1,
		"cluster_manager.cluster_modified":       0,
		"listener_manager.listener_modified":     0,
		"runtime.update_rejected":                0,
	} {
		if got := e.Stat(t, name); got != want {
			t.Errorf("%s = %d, want %d", name, got, want)
		}
	}
}

// TestLiveTimeout cuts a call that would otherwise never end.
func TestLiveTimeout(t *testing.T) {
	m := envoytest.FreePorts(t, envoytest.Mesh())
	m.Service("default", "ratings").Routes = []*model.Route{model.DefaultRoute()}
	p := newPlane(t, m)
	handle(t, m.Workload("default", "ratings-v1").InboundPort, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	start(t, p, "reviews-v2")
	start(t, p, "reviews-v3")
	policy := &meshv1.TrafficPolicy{Timeout: durationpb.New(50 * time.Millisecond)}
	if diff := cmp.Diff(both, newClient(t, p, token).apply(ratingsEdge, policy)); diff != "" {
		t.Fatal("apply:", diff)
	}
	if status, _ := newCaller(t, m, "reviews-v2").call("/"); status != http.StatusGatewayTimeout {
		t.Errorf("status = %d, want 504", status)
	}
}

// TestLiveProxyAway changes limits while one of two callers is down, and sees
// that it starts with them.
func TestLiveProxyAway(t *testing.T) {
	m := envoytest.FreePorts(t, envoytest.Mesh())
	m.Service("default", "ratings").Routes = []*model.Route{model.DefaultRoute()}
	p := newPlane(t, m)
	handle(t, m.Workload("default", "ratings-v1").InboundPort, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	start(t, p, "reviews-v2")
	policy := tuned()
	policy.Timeout = durationpb.New(50 * time.Millisecond)
	want := map[string]string{"reviews-v2": "", "reviews-v3": errAway.Error()}
	if diff := cmp.Diff(want, newClient(t, p, token).apply(ratingsEdge, policy)); diff != "" {
		t.Fatal("apply:", diff)
	}
	late := start(t, p, "reviews-v3")
	if status, _ := newCaller(t, m, "reviews-v3").call("/"); status != http.StatusGatewayTimeout {
		t.Errorf("status = %d, want 504: the proxy did not start with the timeout", status)
	}
	if runtime := late.Admin(t, "/runtime"); !strings.Contains(runtime, "ratings.default.default.max_requests") {
		t.Errorf("the proxy did not start with the limits:\n%s", runtime)
	}
}

// TestLiveResets lets a caller cut two thousand tries. Without the limits that
// the inbound listener lifts, Envoy takes them for an attack and drops the
// connection with every call on it.
func TestLiveResets(t *testing.T) {
	m := envoytest.FreePorts(t, envoytest.Mesh())
	m.Service("default", "ratings").Policy = model.DefaultPolicy()
	m.Service("default", "ratings").Routes[0].Retry.PerTryTimeout = 5 * time.Millisecond
	p := newPlane(t, m)
	handle(t, m.Workload("default", "ratings-v1").AppPort, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	in, out := start(t, p, "ratings-v1"), start(t, p, "reviews-v2")
	c := newCaller(t, m, "reviews-v2")
	var calls sync.WaitGroup
	for range 50 {
		calls.Go(func() {
			for range 10 {
				c.call("/")
			}
		})
	}
	calls.Wait()
	cluster := "cluster." + envoyconf.ClusterStats(m.Service("default", "ratings").ClusterName(""))
	if got := out.Stat(t, cluster+".upstream_rq_per_try_timeout"); got != 2000 {
		t.Errorf("%d tries were cut, want 2000: the test proves nothing", got)
	}
	for name, got := range map[string]int{
		"premature resets":    in.Stat(t, "http.inbound.downstream_rq_too_many_premature_resets"),
		"connections dropped": in.Stat(t, "http.inbound.downstream_cx_destroy_local"),
		"connections lost":    out.Stat(t, cluster+".upstream_cx_destroy_remote"),
		"protocol errors":     out.Stat(t, cluster+".upstream_cx_protocol_error"),
	} {
		if got != 0 {
			t.Errorf("%s = %d, want 0", name, got)
		}
	}
}

// TestLiveQuiet sees that Envoy has nothing to say about what it is given.
func TestLiveQuiet(t *testing.T) {
	m := envoytest.FreePorts(t, envoytest.Mesh())
	p := newPlane(t, m)
	e := start(t, p, "productpage")
	if text := e.Log.String(); text != "" {
		t.Errorf("Envoy warns:\n%s", text)
	}
	for _, name := range []string{"runtime.deprecated_feature_use", "server.static_unknown_fields", "server.wip_protos", "server.debug_assertion_failures"} {
		if got := e.Stat(t, name); got != 0 {
			t.Errorf("%s = %d", name, got)
		}
	}
}

// TestLiveRefusal hands Envoy routes that it cannot take.
func TestLiveRefusal(t *testing.T) {
	m := envoytest.FreePorts(t, envoytest.Mesh())
	p := newPlane(t, m)
	handle(t, m.Workload("default", "ratings-v1").InboundPort, func(http.ResponseWriter, *http.Request) {})
	start(t, p, "reviews-v2")
	before := contents(t, p)
	x := p.proxies[2]
	good := x.files
	bad := fileSet{runtime: good.runtime, routes: []file{good.routes[0]}}
	bad.routes[0].version = "vbad"
	bad.routes[0].content = []byte(`{"version_info": "vbad", "resources": [{
		"@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration", "name": "` + good.routes[0].name + `",
		"virtual_hosts": [{"name": "x", "domains": ["*"], "routes": [{"match": {"safe_regex": {"regex": "["}}, "direct_response": {"status": 200}}]}]}]}`)
	step := &move{proxy: x, to: bad, patience: confirmWithin}
	if commit(t.Context(), []*move{step}) {
		t.Fatal("took a broken regular expression")
	}
	want := "the proxy refused outbound|80||ratings.default; its log says why"
	if step.change.Err == nil || step.change.Err.Error() != want {
		t.Errorf("error = %v, want %s", step.change.Err, want)
	}
	if diff := cmp.Diff(before, contents(t, p)); diff != "" {
		t.Error("files:", diff)
	}
	if status, _ := newCaller(t, m, "reviews-v2").call("/"); status != http.StatusOK {
		t.Errorf("status after the refusal = %d", status)
	}
}
