package xds

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server that lets every node in as its id, except "eve".
func serve(t testing.TB) (*Server, string) {
	t.Helper()
	s := NewServer(Options{
		Log: slog.New(slog.DiscardHandler),
		Authorize: func(_ context.Context, node *corev3.Node) (string, error) {
			if node.GetId() == "eve" {
				return "", errors.New("the certificate is for another node")
			}
			return node.GetId(), nil
		},
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(ServerOptions()...)
	s.Register(g)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = g.Serve(l) }()
	t.Cleanup(func() { g.Stop(); <-ended })
	return s, l.Addr().String()
}

// client is a proxy's side of a stream.
type client struct {
	t      testing.TB
	stream discoveryv3.AggregatedDiscoveryService_DeltaAggregatedResourcesClient
}

func dial(t testing.TB, address string) *client {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(32<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	stream, err := discoveryv3.NewAggregatedDiscoveryServiceClient(conn).DeltaAggregatedResources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &client{t, stream}
}

func (c *client) send(q *discoveryv3.DeltaDiscoveryRequest) {
	c.t.Helper()
	if err := c.stream.Send(q); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) ask(node, url string, names ...string) {
	c.t.Helper()
	c.send(&discoveryv3.DeltaDiscoveryRequest{Node: &corev3.Node{Id: node}, TypeUrl: url, ResourceNamesSubscribe: names})
}

// receive returns the next response, acknowledged.
func (c *client) receive() *response {
	c.t.Helper()
	r, err := c.stream.Recv()
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(&discoveryv3.DeltaDiscoveryRequest{TypeUrl: r.TypeUrl, ResponseNonce: r.Nonce})
	return r
}

func (c *client) fails(code codes.Code, words string) {
	c.t.Helper()
	r, err := c.stream.Recv()
	if status.Code(err) != code || !strings.Contains(err.Error(), words) {
		c.t.Errorf("the stream gave %v, %v; want %v with %q", r, err, code, words)
	}
}

// eventually waits for what another goroutine does.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within two minutes: %s", what)
		}
	}
}

func TestServeOneProxy(t *testing.T) {
	s, address := serve(t)
	var pool Pool
	c := dial(t, address)
	c.ask("a", ClusterType)
	s.Set("a", snapshotOf(t, &pool, 1, cluster("x", "1"), assignment("x", 1)))
	if r := c.receive(); len(r.Resources) != 1 || r.Resources[0].Name != "x" || r.SystemVersionInfo != "1" {
		t.Errorf("got %v", r)
	}
	c.ask("a", EndpointType, "x")
	c.receive()
	eventually(t, "generation 1", func() bool { st := s.Status(); return len(st) == 1 && st[0].Synced() })
	s.Set("a", snapshotOf(t, &pool, 2, cluster("x", "1"), assignment("x", 2)))
	if r := c.receive(); r.TypeUrl != EndpointType {
		t.Errorf("a change of endpoints brought %v", r)
	}
	s.Remove("a")
	c.fails(codes.Unavailable, "removed from the mesh")
	eventually(t, "no proxy", func() bool { return len(s.Status()) == 0 })
}

func TestNewStreamReplacesTheOld(t *testing.T) {
	s, address := serve(t)
	first := dial(t, address)
	first.ask("a", ClusterType)
	eventually(t, "connected", func() bool { st := s.Status(); return len(st) == 1 && st[0].Connected })
	second := dial(t, address)
	second.ask("a", ClusterType)
	first.fails(codes.Aborted, "another stream")
	var pool Pool
	s.Set("a", snapshotOf(t, &pool, 1, cluster("x", "1")))
	second.receive()
}

func TestRefusals(t *testing.T) {
	large, err := structpb.NewStruct(map[string]any{"x": strings.Repeat("x", maxNodeBytes)})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		node  *corev3.Node
		url   string
		code  codes.Code
		words string
	}{
		"another's node": {&corev3.Node{Id: "eve"}, ClusterType, codes.PermissionDenied, "for another node"},
		"no type":        {&corev3.Node{Id: "a"}, "", codes.InvalidArgument, "no type_url"},
		"a huge node":    {&corev3.Node{Id: "a", Metadata: large}, ClusterType, codes.InvalidArgument, "bytes, more than"},
	} {
		t.Run(name, func(t *testing.T) {
			s, address := serve(t)
			c := dial(t, address)
			c.send(&discoveryv3.DeltaDiscoveryRequest{Node: test.node, TypeUrl: test.url})
			c.fails(test.code, test.words)
			if s.Refused() != 1 {
				t.Errorf("%d refusals counted", s.Refused())
			}
			eventually(t, "nothing kept", func() bool { return len(s.Status()) == 0 })
		})
	}
}

func TestTooManyTypesAndOversizedMessages(t *testing.T) {
	_, address := serve(t)
	c := dial(t, address)
	for i := range maxTypes + 1 {
		c.ask("a", strings.Repeat("x", i+1), "name")
	}
	c.fails(codes.InvalidArgument, "more than 16 types")
	c = dial(t, address)
	_ = c.stream.Send(&discoveryv3.DeltaDiscoveryRequest{TypeUrl: ClusterType, ResourceNamesSubscribe: []string{strings.Repeat("x", maxMessage)}})
	c.fails(codes.ResourceExhausted, "larger than max")
}

// TestRejectionIsReported checks that a NACK names proxy, resource and reason.
func TestRejectionIsReported(t *testing.T) {
	s, address := serve(t)
	var pool Pool
	s.Set("a", snapshotOf(t, &pool, 5, cluster("x", "1")))
	c := dial(t, address)
	c.ask("a", ClusterType)
	r, err := c.stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	q := &discoveryv3.DeltaDiscoveryRequest{TypeUrl: ClusterType, ResponseNonce: r.Nonce}
	q.ErrorDetail = status.New(codes.Internal, "no such thing").Proto()
	c.send(q)
	eventually(t, "a rejection", func() bool { return s.Status()[0].Rejected == 1 })
	got := s.Status()[0]
	if len(got.NACKs) != 1 || got.NACKs[0].Names[0] != "x" || got.NACKs[0].Message != "no such thing" || got.NACKs[0].Generation != 5 || got.Synced() {
		t.Errorf("status is %+v", got)
	}
	s.Set("a", snapshotOf(t, &pool, 6, cluster("x", "2")))
	c.receive()
	eventually(t, "recovery", func() bool { st := s.Status()[0]; return st.Synced() && len(st.NACKs) == 0 })
}

// TestDebounce shows when changes are delivered.
func TestDebounce(t *testing.T) {
	start := time.Unix(100, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	for name, test := range map[string]struct {
		changes []int
		slow    bool
		due     int
	}{
		"endpoints go after 20 ms":         {[]int{0}, false, 20},
		"anything else after 100 ms":       {[]int{0}, true, 100},
		"each change begins the wait anew": {[]int{0, 50, 120}, true, 220},
		"but none waits for more than 1 s": {[]int{0, 90, 180, 990}, true, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			var d debounce
			for _, ms := range test.changes {
				d.add(at(ms), !test.slow)
			}
			if d.take(at(test.due - 1)) {
				t.Errorf("delivered before %d ms", test.due)
			}
			if !d.take(at(test.due)) || !d.due().IsZero() || d.take(at(5000)) {
				t.Errorf("not delivered once at %d ms", test.due)
			}
		})
	}
}

func TestPoolSharesEqualResources(t *testing.T) {
	var pool Pool
	one, err := pool.Resource(cluster("a", "1"), 0)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := pool.Resource(cluster("a", "1"), 0)
	other, _ := pool.Resource(cluster("a", "2"), 0)
	leased, _ := pool.Resource(cluster("a", "1"), time.Second)
	if one != again || one == other || one == leased || one.Version != leased.Version {
		t.Errorf("%p %p %p %p", one, again, other, leased)
	}
	if _, err := pool.Resource(cluster("", "1"), 0); err == nil || !strings.Contains(err.Error(), "no name") {
		t.Errorf("a cluster without a name gave %v", err)
	}
	if _, err := pool.Resource(&corev3.Node{}, 0); err == nil || !strings.Contains(err.Error(), "not a type") {
		t.Errorf("a node gave %v", err)
	}
}

func TestOnlyQuick(t *testing.T) {
	var pool Pool
	before := snapshotOf(t, &pool, 1, cluster("a", "1"), assignment("a", 1))
	if !snapshotOf(t, &pool, 2, cluster("a", "1"), assignment("a", 2)).onlyQuick(before) {
		t.Error("endpoints are not quick")
	}
	if snapshotOf(t, &pool, 2, cluster("a", "2"), assignment("a", 1)).onlyQuick(before) || before.onlyQuick(nil) {
		t.Error("clusters are quick")
	}
	if snapshotOf(t, &pool, 2, assignment("a", 1)).onlyQuick(before) {
		t.Error("a removal of a cluster is quick")
	}
}
