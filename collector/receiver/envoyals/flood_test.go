package envoyals

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	servicev3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
)

// rawStream opens a stream that sends bytes as they are.
func rawStream(ctx context.Context, t *testing.T, r *alsReceiver) (*grpc.ClientConn, grpc.ClientStream) {
	t.Helper()
	conn, err := grpc.NewClient(r.listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawBytes{})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn, openRaw(ctx, t, conn)
}

func openRaw(ctx context.Context, t *testing.T, conn *grpc.ClientConn) grpc.ClientStream {
	t.Helper()
	stream, err := servicev3.NewAccessLogServiceClient(conn).StreamAccessLogs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// heap returns the bytes that are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestManyStreams has 500 streams at once, each with an identifier as large as
// Envoy's.
func TestManyStreams(t *testing.T) {
	const streams, perConn, perStream = 500, 100, 4
	store := newFakeStore()
	r := start(t, store)
	id := alstest.Identifier("mesh.request")
	for i := range 600 { // 60 KB
		id.Node.Extensions = append(id.Node.Extensions, &corev3.Extension{
			Name: fmt.Sprintf("envoy.filters.http.extension_number_%d", i), Category: "envoy.filters.http", TypeUrls: []string{"envoy.extensions.filters.http.X"},
		})
	}
	before := heap()
	var conn *grpc.ClientConn
	var open []grpc.ClientStream
	for i := range streams {
		var s grpc.ClientStream
		if i%perConn == 0 {
			conn, s = rawStream(t.Context(), t, r)
		} else {
			s = openRaw(t.Context(), t, conn)
		}
		id.Node.Id = fmt.Sprint("proxy ", i)
		if err := s.SendMsg(encode(t, alstest.Message(id, alstest.Outbound(), alstest.Inbound(), alstest.Try()))); err != nil {
			t.Fatal(err)
		}
		if err := s.SendMsg(encode(t, alstest.TCPMessage(nil, alstest.Connection()))); err != nil {
			t.Fatal(err)
		}
		open = append(open, s)
	}
	await(t, store, streams*perStream)
	if n := r.telemetry.streams.Load(); n != streams {
		t.Errorf("%d streams are open, want %d", n, streams)
	}
	grown := heap() - before // of both ends, and the kept rows
	t.Logf("%d streams take %d KiB each", streams, grown>>10/streams)
	if grown > 256<<20 {
		t.Errorf("%d streams take %d MiB", streams, grown>>20)
	}
	if n := len(r.proxies.live(r.now())); n != streams {
		t.Errorf("%d proxies are known, want %d", n, streams)
	}
	shutdown(t, r)
	for _, s := range open {
		if err := s.RecvMsg(nil); err != nil {
			t.Fatalf("a stream ended with %v, want OK", err)
		}
	}
}

// TestFlood sends more than the store has room for: the streams stop, memory
// stays bounded, and once there is room every row arrives.
func TestFlood(t *testing.T) {
	const streams = 8
	store := newFakeStore()
	store.arrived = make(chan struct{}, 1_000_000)
	store.full = make(chan struct{})
	r := start(t, store)
	first := encode(t, alstest.Message(alstest.Identifier("mesh.request"), alstest.Outbound()))
	message := alstest.Message(nil)
	const perMessage = 100
	for range perMessage {
		message.GetHttpLogs().LogEntry = append(message.GetHttpLogs().LogEntry, alstest.Outbound())
	}
	next := encode(t, message)
	before := heap()
	conn, _ := rawStream(t.Context(), t, r)
	end := make(chan struct{})
	var (
		sent    atomic.Int64 // messages
		senders sync.WaitGroup
	)
	for range streams {
		s := openRaw(t.Context(), t, conn)
		senders.Go(func() {
			if err := s.SendMsg(first); err != nil {
				t.Error(err)
				return
			}
			for {
				select {
				case <-end:
					_ = s.CloseSend()
					return
				default:
				}
				if err := s.SendMsg(next); err != nil {
					t.Error(err)
					return
				}
				sent.Add(1)
			}
		})
	}
	awaitStill(t, &sent)
	bound := int64(streams * (streamWindow + 2*(len(next)+64<<10))) // a window and a message on either side
	if held := sent.Load() * int64(len(next)); held > bound {
		t.Errorf("%d KiB were taken without room, want at most %d", held>>10, bound>>10)
	}
	if grown := heap() - before; grown > 4*bound {
		t.Errorf("memory grew by %d KiB, want at most %d", grown>>10, 4*bound>>10)
	}
	close(end)
	close(store.full)
	senders.Wait()
	await(t, store, streams+int(sent.Load())*perMessage)
	shutdown(t, r)
}

// awaitStill waits until a counter has moved and then stays.
func awaitStill(t *testing.T, n *atomic.Int64) {
	t.Helper()
	const calm = 500 * time.Millisecond
	limit := time.After(deadline)
	last := n.Load()
	for {
		select {
		case <-time.After(calm): // how long is still
		case <-limit:
			t.Fatalf("it still moves after %v", deadline)
		}
		if now := n.Load(); now == last && now > 0 {
			return
		} else {
			last = now
		}
	}
}

// TestOversized refuses a message above the limit by counting it and ending its
// stream; the other streams of the connection go on.
func TestOversized(t *testing.T) {
	store := newFakeStore()
	r := start(t, store)
	conn, large := rawStream(t.Context(), t, r)
	other := openRaw(t.Context(), t, conn)
	if err := large.SendMsg(make([]byte, maxMessage+1)); err != nil {
		t.Fatal(err)
	}
	if err := large.RecvMsg(nil); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("the stream ended with %v, want ResourceExhausted", err)
	}
	if n := r.telemetry.refused[rows.Oversized].Load(); n != 1 {
		t.Errorf("%d messages are counted as oversized, want 1", n)
	}
	if err := other.SendMsg(encode(t, alstest.Message(alstest.Identifier("mesh.request"), alstest.Outbound()))); err != nil {
		t.Fatal(err)
	}
	await(t, store, 1)
	shutdown(t, r)
}

// TestLargest takes a message of the largest size, filled up with a field that
// nobody reads.
func TestLargest(t *testing.T) {
	store := newFakeStore()
	r := start(t, store)
	_, s := rawStream(t.Context(), t, r)
	m := encode(t, alstest.Message(alstest.Identifier("mesh.request"), alstest.Outbound()))
	fill := maxMessage - len(m) - 1 - 4 // a key of one byte, a length of four
	m = append(m, 0x7a, byte(fill&0x7f|0x80), byte(fill>>7&0x7f|0x80), byte(fill>>14&0x7f|0x80), byte(fill>>21))
	m = append(m, make([]byte, fill)...)
	if err := s.SendMsg(m); err != nil {
		t.Fatal(err)
	}
	await(t, store, 1)
	shutdown(t, r)
}

// TestSilentStream never says who it is: its entries are refused and counted,
// and nothing of it is kept.
func TestSilentStream(t *testing.T) {
	store := newFakeStore()
	r := start(t, store)
	stream := dial(t, r)
	for range 50 {
		send(t, stream, alstest.Message(nil, alstest.Outbound()), alstest.TCPMessage(nil, alstest.Connection()))
	}
	if _, err := stream.CloseAndRecv(); err != nil {
		t.Errorf("the stream ended with %v, want OK", err)
	}
	idle := dial(t, r) // says nothing at all
	shutdown(t, r)
	if _, err := idle.CloseAndRecv(); err != nil && !errors.Is(err, context.Canceled) && status.Code(err) != codes.Unavailable {
		t.Errorf("the idle stream ended with %v", err)
	}
	requests, _ := store.rows()
	if n := r.telemetry.refused[rows.NoIdentifier].Load(); n != 100 || len(requests) != 0 || len(r.proxies.live(r.now())) != 0 {
		t.Errorf("%d entries are refused, %d stored, %d proxies known; want 100, 0, 0", n, len(requests), len(r.proxies.live(r.now())))
	}
}
