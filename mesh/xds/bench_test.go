package xds

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
)

// Size of the fleet in the benchmarks; the environment variable PLIMSOLL_FLEET
// makes it smaller.
const (
	benchServices = 1000
	benchProxies  = 1000
)

// fleet are proxies that take and acknowledge everything.
type fleet struct {
	b       *testing.B
	server  *Server
	address string
	pool    Pool
	n       int
	shared  []proto.Message
	arrived chan arrival
}

type arrival struct {
	proxy int
	url   string
	bytes int
	gen   string
	at    time.Time
}

// BenchmarkPush1000 measures one changed endpoint that 1,000 proxies with 1,000
// services each acknowledge: from the first Set to the last response that
// carries it (p99 over proxies), and bytes per proxy. Each proxy has maps of its
// own, as after scoping. The clients run in the same process.
func BenchmarkPush1000(b *testing.B) {
	f := newFleet(b)
	f.fill(1, 1)
	full := f.startAll()
	memory := rss(b)
	debug.FreeOSMemory()
	settled := rss(b)
	var worst []time.Duration
	bytes := 0
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		f.fill(uint64(i+2), uint32(i+2))
		took := make([]time.Duration, 0, f.n)
		for len(took) < f.n {
			a := <-f.arrived
			if a.url == EndpointType && a.gen == strconv.Itoa(i+2) {
				took = append(took, a.at.Sub(start))
				bytes = max(bytes, a.bytes)
			}
		}
		slices.Sort(took)
		worst = append(worst, took[len(took)*99/100])
		f.settle()
	}
	slices.Sort(worst)
	b.ReportMetric(full.Seconds(), "s/full_push")
	b.ReportMetric(float64(memory)/(1<<20), "MiB/rss_with_clients")
	b.ReportMetric(worst[len(worst)/2].Seconds()*1000, "ms/p99_of_proxies")
	b.ReportMetric(float64(settled)/(1<<20), "MiB/rss_settled")
	b.ReportMetric(float64(bytes), "B/proxy")
}

func newFleet(b *testing.B) *fleet {
	f := &fleet{b: b, n: benchProxies, arrived: make(chan arrival, 100_000)}
	if n, err := strconv.Atoi(os.Getenv("PLIMSOLL_FLEET")); err == nil {
		f.n = n
	}
	f.server, f.address = serve(b)
	names := make([]string, benchServices)
	for i := range names {
		names[i] = fmt.Sprintf("outbound|80||service-%04d.default.svc.cluster.local", i)
		f.shared = append(f.shared, cluster(names[i], ""), assignment(names[i], 1, 2, 3))
	}
	f.shared = append(f.shared, httpListener("outbound", 80, "80"), routes("80", "", names...))
	return f
}

// fill gives each proxy a snapshot of its own maps, in which one assignment has
// the port.
func (f *fleet) fill(generation uint64, port uint32) {
	resources := make([]*Resource, 0, len(f.shared))
	for i, m := range f.shared {
		if i == 1 {
			m = assignment(m.(interface{ GetClusterName() string }).GetClusterName(), 1, 2, 1000+port)
		}
		r, err := f.pool.Resource(m, 0)
		if err != nil {
			f.b.Fatal(err)
		}
		resources = append(resources, r)
	}
	for p := range f.n {
		s := &Snapshot{Generation: generation, Types: map[string]map[string]*Resource{}}
		for _, r := range resources {
			if s.Types[r.Any.TypeUrl] == nil {
				s.Types[r.Any.TypeUrl] = make(map[string]*Resource, benchServices)
			}
			s.Types[r.Any.TypeUrl][r.Name] = r
		}
		f.server.Set(strconv.Itoa(p), s)
	}
}

// startAll connects every proxy and returns how long until all have everything.
func (f *fleet) startAll() time.Duration {
	start := time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	f.b.Cleanup(func() { cancel(); running.Wait() })
	for p := range f.n {
		running.Go(func() { f.proxy(ctx, p) })
	}
	f.settle()
	for len(f.arrived) > 0 {
		<-f.arrived
	}
	return time.Since(start)
}

// settle waits until every proxy acknowledged everything.
func (f *fleet) settle() {
	eventually(f.b, "all proxies synced", func() bool {
		for _, st := range f.server.Status() {
			if !st.Synced() || len(st.Types) < 4 {
				time.Sleep(10 * time.Millisecond)
				return false
			}
		}
		return true
	})
}

// proxy subscribes as Envoy does and acknowledges all it gets.
func (f *fleet) proxy(ctx context.Context, id int) {
	conn, err := grpc.NewClient(f.address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(32<<20)))
	if err != nil {
		f.b.Error(err)
		return
	}
	defer conn.Close()
	stream, err := discoveryv3.NewAggregatedDiscoveryServiceClient(conn).DeltaAggregatedResources(ctx)
	if err != nil {
		f.b.Error(err)
		return
	}
	node := &corev3.Node{Id: strconv.Itoa(id)}
	_ = stream.Send(&discoveryv3.DeltaDiscoveryRequest{Node: node, TypeUrl: ClusterType})
	asked := false
	for {
		r, err := stream.Recv()
		if err != nil {
			return
		}
		f.arrived <- arrival{id, r.TypeUrl, proto.Size(r), r.SystemVersionInfo, time.Now()}
		ack := &discoveryv3.DeltaDiscoveryRequest{TypeUrl: r.TypeUrl, ResponseNonce: r.Nonce}
		if r.TypeUrl == ClusterType {
			q := &discoveryv3.DeltaDiscoveryRequest{TypeUrl: EndpointType}
			for _, x := range r.Resources {
				q.ResourceNamesSubscribe = append(q.ResourceNamesSubscribe, x.Name)
			}
			_ = stream.Send(ack)
			_ = stream.Send(q)
			if asked {
				continue
			}
			asked = true
			_ = stream.Send(&discoveryv3.DeltaDiscoveryRequest{TypeUrl: ListenerType})
			_ = stream.Send(&discoveryv3.DeltaDiscoveryRequest{TypeUrl: RouteType, ResourceNamesSubscribe: []string{"80"}})
			continue
		}
		_ = stream.Send(ack)
	}
}

// rss is the resident memory of this process, in bytes.
func rss(b *testing.B) int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize()
}
