package filexds

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1/meshv1connect"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf/envoytest"
)

var ratingsEdge = &typesv1.EdgeRef{Namespace: "default", SrcService: "reviews", DstService: "ratings"}

// client talks to a plane's API with a token.
type client struct {
	t *testing.T
	meshv1connect.MeshServiceClient
}

func newClient(t *testing.T, p *Plane, token string) client {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(p.Handler())
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	bearer := connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
			r.Header().Set("Authorization", "Bearer "+token)
			return next(ctx, r)
		}
	})
	return client{t, meshv1connect.NewMeshServiceClient(s.Client(), s.URL, connect.WithInterceptors(bearer))}
}

func (c client) get(e *typesv1.EdgeRef) *meshv1.GetTrafficPolicyResponse {
	c.t.Helper()
	r, err := c.GetTrafficPolicy(c.t.Context(), connect.NewRequest(&meshv1.GetTrafficPolicyRequest{Edge: e}))
	if err != nil {
		c.t.Fatal(err)
	}
	return r.Msg
}

// apply returns each proxy's error by its workload's name.
func (c client) apply(e *typesv1.EdgeRef, policy *meshv1.TrafficPolicy) map[string]string {
	c.t.Helper()
	r, err := c.ApplyTrafficPolicy(c.t.Context(), connect.NewRequest(&meshv1.ApplyTrafficPolicyRequest{Edge: e, Policy: policy}))
	if err != nil {
		c.t.Fatal(err)
	}
	return errorsOf(r.Msg)
}

func (c client) reset(e *typesv1.EdgeRef) map[string]string {
	c.t.Helper()
	r, err := c.ResetTrafficPolicy(c.t.Context(), connect.NewRequest(&meshv1.ResetTrafficPolicyRequest{Edge: e}))
	if err != nil {
		c.t.Fatal(err)
	}
	return errorsOf(r.Msg)
}

func errorsOf(r *meshv1.ApplyTrafficPolicyResponse) map[string]string {
	out := map[string]string{}
	for _, c := range r.GetChanges() {
		out[c.GetProxy()[strings.LastIndex(c.GetProxy(), "/")+1:]] = c.GetError()
	}
	return out
}

// fakes starts a fake of each caller of ratings.
func fakes(t *testing.T, p *Plane) (v2, v3 *fakeProxy) {
	t.Helper()
	return startFake(t, p.proxies[2].paths), startFake(t, p.proxies[3].paths)
}

// tuned is what the demo's tuner would set.
func tuned() *meshv1.TrafficPolicy {
	return &meshv1.TrafficPolicy{
		Timeout:       durationpb.New(900 * time.Millisecond),
		PerTryTimeout: durationpb.New(400 * time.Millisecond),
		Retries:       proto.Uint32(1),
		RetryBudget:   &meshv1.RetryBudget{Percent: 20, MinConcurrency: 3},
		MaxRequests:   proto.Uint32(21),
	}
}

var both = map[string]string{"reviews-v2": "", "reviews-v3": ""}

func TestApplyAndReset(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	fakes(t, p)
	c := newClient(t, p, token)
	before, files := c.get(ratingsEdge), contents(t, p)

	if diff := cmp.Diff(both, c.apply(ratingsEdge, tuned())); diff != "" {
		t.Error("apply:", diff)
	}
	after := c.get(ratingsEdge)
	want := tuned()
	want.RetryOn = proto.String("gateway-error,connect-failure,refused-stream,429") // not touched
	if diff := cmp.Diff(want, after.GetEffective(), protocmp.Transform()); diff != "" {
		t.Error("effective:", diff)
	}
	if diff := cmp.Diff(before.GetConfigured(), after.GetConfigured(), protocmp.Transform()); diff != "" {
		t.Error("configured moved:", diff)
	}
	named := proto.CloneOf(ratingsEdge)
	named.Route = "ratings"
	if got := c.get(named).GetEffective().GetMaxRequests(); got != 21 {
		t.Errorf("max_requests seen from one route = %d, want 21", got)
	}
	// 21 in all are 11 for each of two callers, rounded up.
	runtime := contents(t, p)["reviews-v2.default/runtime.json"]
	for _, key := range []string{
		`"circuit_breakers.outbound|80||ratings.default.default.max_requests": 11`,
		`"circuit_breakers.outbound|80||ratings.default.default.retry_budget.budget_percent": 20`,
		`"circuit_breakers.outbound|80||ratings.default.default.retry_budget.min_retry_concurrency": 3`,
	} {
		if !strings.Contains(runtime, key) {
			t.Errorf("runtime.json lacks %s:\n%s", key, runtime)
		}
	}

	if diff := cmp.Diff(map[string]string{}, c.apply(ratingsEdge, tuned())); diff != "" {
		t.Error("the same again is no change:", diff)
	}
	if diff := cmp.Diff(both, c.reset(ratingsEdge)); diff != "" {
		t.Error("reset:", diff)
	}
	if diff := cmp.Diff(files, contents(t, p)); diff != "" {
		t.Error("files after the reset:", diff)
	}
	if diff := cmp.Diff(before, c.get(ratingsEdge), protocmp.Transform()); diff != "" {
		t.Error("answer after the reset:", diff)
	}
}

func TestGetFillsDefaults(t *testing.T) {
	c := newClient(t, newPlane(t, envoytest.Mesh()), token)
	got := c.get(&typesv1.EdgeRef{Namespace: "default", SrcService: "productpage", DstService: "reviews", Route: "split"})
	want := &meshv1.TrafficPolicy{
		Timeout:       durationpb.New(0),
		PerTryTimeout: durationpb.New(0),
		Retries:       proto.Uint32(2),
		RetryOn:       proto.String("connect-failure,refused-stream,unavailable,cancelled"),
		MaxRequests:   proto.Uint32(4294967295),
	}
	if diff := cmp.Diff(want, got.GetConfigured(), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"demo/local/default/productpage"}, got.GetProxies()); diff != "" {
		t.Error(diff)
	}
}

// TestApplyMerges sees that a field which is not named keeps the value that an
// earlier override gave it.
func TestApplyMerges(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	fakes(t, p)
	c := newClient(t, p, token)
	c.apply(ratingsEdge, &meshv1.TrafficPolicy{Retries: proto.Uint32(1)})
	c.apply(ratingsEdge, &meshv1.TrafficPolicy{Timeout: durationpb.New(time.Second)})
	got := c.get(ratingsEdge).GetEffective()
	if got.GetRetries() != 1 || got.GetTimeout().AsDuration() != time.Second {
		t.Errorf("effective = %v, want 1 retry and 1s", got)
	}
}

// TestApplyToOneRoute sees that routes of other names keep their timeouts, and
// that the limit reaches every cluster of the service.
func TestApplyToOneRoute(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	startFake(t, p.proxies[0].paths)
	c := newClient(t, p, token)
	jason := &typesv1.EdgeRef{Namespace: "default", SrcService: "productpage", DstService: "reviews", Route: "jason"}
	c.apply(jason, &meshv1.TrafficPolicy{Timeout: durationpb.New(3 * time.Second), MaxRequests: proto.Uint32(7)})
	files := contents(t, p)
	if routes := files["productpage.default/routes/reviews.default.json"]; strings.Count(routes, `"timeout": "3s"`) != 1 {
		t.Errorf("3 s must stand on one route:\n%s", routes)
	}
	for _, cluster := range p.started.Service("default", "reviews").ClusterNames() {
		if key := `"circuit_breakers.` + cluster + `.default.max_requests": 7`; !strings.Contains(files["productpage.default/runtime.json"], key) {
			t.Errorf("runtime.json lacks %s", key)
		}
	}
}

// TestRefusal sees that whatever one proxy does not take is put back on all,
// and that nothing of it is remembered.
func TestRefusal(t *testing.T) {
	for name, tc := range map[string]struct {
		mood mood
		want string
	}{
		"runtime refused": {refusesRuntime, "the proxy refused tune"},
		"routes refused":  {refusesRoutes, "the proxy refused outbound|80||ratings.default"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlane(t, envoytest.Mesh())
			_, v3 := fakes(t, p)
			c := newClient(t, p, token)
			c.apply(ratingsEdge, &meshv1.TrafficPolicy{MaxRequests: proto.Uint32(50), Retries: proto.Uint32(2)})
			before, files := c.get(ratingsEdge), contents(t, p)

			v3.is(tc.mood)
			got := c.apply(ratingsEdge, tuned())
			if !strings.Contains(got["reviews-v3"], tc.want) || got["reviews-v2"] != putBack("reviews-v3") {
				t.Errorf("errors = %v, want %q and %q", got, tc.want, putBack("reviews-v3"))
			}
			if diff := cmp.Diff(files, contents(t, p)); diff != "" {
				t.Error("files:", diff)
			}
			if diff := cmp.Diff(before, c.get(ratingsEdge), protocmp.Transform()); diff != "" {
				t.Error("answer:", diff)
			}
			v3.is(willing)
			if diff := cmp.Diff(both, c.apply(ratingsEdge, tuned())); diff != "" {
				t.Error("afterwards:", diff)
			}
		})
	}
}

// putBack is what a proxy says that another one held back.
func putBack(by string) string {
	return "put back, because demo/local/default/" + by + " did not take the change"
}

// TestProxyAway sees that a proxy which does not run holds nobody back, is named
// as one that does not run, and starts with the change.
func TestProxyAway(t *testing.T) {
	for name, leave := range map[string]func(*testing.T, Paths){
		"never started": func(*testing.T, Paths) {},
		"ended":         leaveSocket,
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlane(t, envoytest.Mesh())
			startFake(t, p.proxies[2].paths)
			leave(t, p.proxies[3].paths)
			c := newClient(t, p, token)
			want := map[string]string{"reviews-v2": "", "reviews-v3": errAway.Error()}
			if diff := cmp.Diff(want, c.apply(ratingsEdge, tuned())); diff != "" {
				t.Error("apply:", diff)
			}
			if got := c.get(ratingsEdge).GetEffective().GetRetries(); got != 1 {
				t.Errorf("effective retries = %d, want 1", got)
			}
			files := contents(t, p)
			if diff := cmp.Diff(files["reviews-v2.default/runtime.json"], files["reviews-v3.default/runtime.json"]); diff != "" {
				t.Error("limits of the one that runs and of the one that does not:", diff)
			}
			if routes := files["reviews-v3.default/routes/ratings.default.json"]; !strings.Contains(routes, `"timeout": "0.900s"`) {
				t.Errorf("the proxy that is away will not start with the change:\n%s", routes)
			}
			_ = os.Remove(p.proxies[3].paths.AdminSocket)
			startFake(t, p.proxies[3].paths)
			if diff := cmp.Diff(both, c.reset(ratingsEdge)); diff != "" {
				t.Error("reset, once it runs:", diff)
			}
		})
	}
}

// leaveSocket leaves the socket of a proxy that was killed.
func leaveSocket(t *testing.T, paths Paths) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: paths.AdminSocket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

// TestProxyAwayAndRefusal sees that one that refuses has all put back, also the
// files of one that does not run: it must not start with a change that was
// refused.
func TestProxyAwayAndRefusal(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	startFake(t, p.proxies[2].paths).is(refusesRoutes)
	before := contents(t, p)
	got := newClient(t, p, token).apply(ratingsEdge, tuned())
	want := map[string]string{
		"reviews-v2": "the proxy refused outbound|80||ratings.default; its log says why",
		"reviews-v3": putBack("reviews-v2"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, contents(t, p)); diff != "" {
		t.Error("files:", diff)
	}
}

// TestNoProxyRuns sees that a change which takes effect nowhere is none.
func TestNoProxyRuns(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	before := contents(t, p)
	c := newClient(t, p, token)
	want := map[string]string{"reviews-v2": errNobody.Error(), "reviews-v3": errNobody.Error()}
	if diff := cmp.Diff(want, c.apply(ratingsEdge, tuned())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, contents(t, p)); diff != "" {
		t.Error("files:", diff)
	}
	if got := c.get(ratingsEdge); !proto.Equal(got.GetEffective(), got.GetConfigured()) {
		t.Errorf("effective = %v, want what is configured", got.GetEffective())
	}
}

// TestProxyStuck has a proxy that answers but never takes what it is given.
func TestProxyStuck(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	v2, _ := fakes(t, p)
	c := newClient(t, p, token)
	c.apply(ratingsEdge, &meshv1.TrafficPolicy{Retries: proto.Uint32(2)})
	before := contents(t, p)
	v2.is(stuck)
	p.patience = 50 * time.Millisecond
	got := c.apply(ratingsEdge, tuned())
	want := "the proxy runs but did not confirm the change within 50ms; look into its log, or stop it and apply the change again: "
	if !strings.HasPrefix(got["reviews-v2"], want) || got["reviews-v3"] != putBack("reviews-v2") {
		t.Errorf("errors = %v, want %q of reviews-v2", got, want)
	}
	if diff := cmp.Diff(before, contents(t, p)); diff != "" {
		t.Error(diff)
	}
	if got := c.get(ratingsEdge).GetEffective().GetRetries(); got != 2 {
		t.Errorf("effective retries = %d, want the former override's 2", got)
	}
}

// TestProxySilent has a proxy that takes connections and says nothing.
func TestProxySilent(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	startFake(t, p.proxies[2].paths)
	l, err := net.Listen("unix", p.proxies[3].paths.AdminSocket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p.patience = 50 * time.Millisecond
	got := newClient(t, p, token).apply(ratingsEdge, tuned())
	if !strings.Contains(got["reviews-v3"], "the proxy runs but did not confirm the change within 50ms") {
		t.Errorf("errors = %v, want a deadline of reviews-v3", got)
	}
}

// TestApplyBeforeWrite sees that an early caller learns that no proxy runs.
func TestApplyBeforeWrite(t *testing.T) {
	p, err := New(envoytest.Mesh(), t.TempDir(), Options{Collector: "127.0.0.1:1", SocketDir: shortDir(t), Token: token})
	if err != nil {
		t.Fatal(err)
	}
	got := newClient(t, p, token).apply(ratingsEdge, tuned())
	for _, name := range []string{"reviews-v2", "reviews-v3"} {
		if got[name] != errNobody.Error() {
			t.Errorf("error of %s = %q", name, got[name])
		}
	}
}

func TestToken(t *testing.T) {
	for name, tc := range map[string]struct{ plane, caller string }{
		"wrong":            {token, "guess"},
		"none given":       {token, ""},
		"none set":         {"", ""},
		"none set, guess":  {"", "guess"},
		"prefix of it":     {token, token[:3]},
		"longer than it":   {token, token + "x"},
		"wrong upper case": {token, strings.ToUpper(token)},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlane(t, envoytest.Mesh())
			p.options.Token = tc.plane
			_, err := newClient(t, p, tc.caller).GetTrafficPolicy(t.Context(),
				connect.NewRequest(&meshv1.GetTrafficPolicyRequest{Edge: ratingsEdge}))
			if got := connect.CodeOf(err); got != connect.CodeUnauthenticated {
				t.Errorf("code = %v, want unauthenticated", got)
			}
		})
	}
}

func TestApplyErrors(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	c := newClient(t, p, token)
	edge := func(ns, src, dst, route string) *typesv1.EdgeRef {
		return &typesv1.EdgeRef{Namespace: ns, SrcService: src, DstService: dst, Route: route}
	}
	for name, tc := range map[string]struct {
		edge   *typesv1.EdgeRef
		policy *meshv1.TrafficPolicy
		code   connect.Code
		want   string
	}{
		"no service":       {edge("default", "reviews", "stars", ""), tuned(), connect.CodeNotFound, "no service stars in namespace default"},
		"other namespace":  {edge("shop", "reviews", "ratings", ""), tuned(), connect.CodeNotFound, "no service ratings in namespace shop"},
		"not its upstream": {edge("default", "productpage", "ratings", ""), tuned(), connect.CodeNotFound, "no workload of productpage.default calls ratings.default"},
		"no route":         {edge("default", "reviews", "ratings", "x"), tuned(), connect.CodeNotFound, "has no route x"},
		"no edge":          {nil, tuned(), connect.CodeNotFound, "no service"},
		"no policy":        {ratingsEdge, nil, connect.CodeInvalidArgument, "policy: missing"},
		"negative":         {ratingsEdge, &meshv1.TrafficPolicy{Timeout: durationpb.New(-1)}, connect.CodeInvalidArgument, "timeout: -1ns"},
		"no duration":      {ratingsEdge, &meshv1.TrafficPolicy{PerTryTimeout: &durationpb.Duration{Nanos: -1, Seconds: 1}}, connect.CodeInvalidArgument, "per_try_timeout:"},
		"too long":         {ratingsEdge, &meshv1.TrafficPolicy{Timeout: durationpb.New(25 * time.Hour)}, connect.CodeInvalidArgument, "timeout: 25h"},
		"condition":        {ratingsEdge, &meshv1.TrafficPolicy{RetryOn: proto.String("always")}, connect.CodeInvalidArgument, `unknown retry condition "always"`},
		"budget":           {ratingsEdge, &meshv1.TrafficPolicy{RetryBudget: &meshv1.RetryBudget{}}, connect.CodeInvalidArgument, "retry_budget:"},
		"limit":            {ratingsEdge, &meshv1.TrafficPolicy{MaxRequests: proto.Uint32(0)}, connect.CodeInvalidArgument, "max_requests:"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.ApplyTrafficPolicy(t.Context(), connect.NewRequest(&meshv1.ApplyTrafficPolicyRequest{Edge: tc.edge, Policy: tc.policy}))
			if connect.CodeOf(err) != tc.code || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want %v with %q", err, tc.code, tc.want)
			}
		})
	}
}
