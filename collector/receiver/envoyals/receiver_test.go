package envoyals

import (
	"context"
	"testing"
	"time"

	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	servicev3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// deadline bounds what should happen at once.
const deadline = 10 * time.Second

// start runs a receiver on a free port with a clock that shows the time of the
// test entries.
func start(t *testing.T, store *fakeStore) *alsReceiver {
	t.Helper()
	return startAt(t, store, "127.0.0.1:0", componenttest.NewNopTelemetrySettings())
}

func startAt(t *testing.T, store *fakeStore, endpoint string, set component.TelemetrySettings) *alsReceiver {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoint = endpoint
	r, err := newReceiver(cfg, set)
	if err != nil {
		t.Fatal(err)
	}
	r.now = func() time.Time { return alstest.Start().Add(time.Second) }
	if err := r.Start(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	return r
}

// dial opens a stream to the receiver, as an Envoy would.
func dial(t testing.TB, r *alsReceiver) servicev3.AccessLogService_StreamAccessLogsClient {
	t.Helper()
	return dialContext(context.Background(), t, r)
}

func dialContext(ctx context.Context, t testing.TB, r *alsReceiver) servicev3.AccessLogService_StreamAccessLogsClient {
	t.Helper()
	network := r.listener.Addr().Network()
	target := r.listener.Addr().String()
	if network == "unix" {
		target = "unix://" + target
	}
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	stream, err := servicev3.NewAccessLogServiceClient(conn).StreamAccessLogs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func send(t *testing.T, stream servicev3.AccessLogService_StreamAccessLogsClient, messages ...*servicev3.StreamAccessLogsMessage) {
	t.Helper()
	for _, m := range messages {
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
	}
}

// await waits until the store has n more rows.
func await(t *testing.T, store *fakeStore, n int) {
	t.Helper()
	limit := time.After(deadline)
	for i := range n {
		select {
		case <-store.arrived:
		case <-limit:
			t.Fatalf("%d of %d rows arrived", i, n)
		}
	}
}

func shutdown(t *testing.T, r *alsReceiver) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := r.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestRowsOfAClient(t *testing.T) {
	store := newFakeStore()
	r := start(t, store)
	stream := dial(t, r)
	send(t, stream,
		alstest.Message(alstest.Identifier("mesh.request"), alstest.Outbound(), alstest.Inbound()),
		alstest.Message(nil, alstest.Outbound()))
	tries := dial(t, r)
	send(t, tries, alstest.Message(alstest.Identifier("mesh.try"), alstest.Try()))
	await(t, store, 4)
	for _, s := range []servicev3.AccessLogService_StreamAccessLogsClient{stream, tries} {
		if _, err := s.CloseAndRecv(); err != nil {
			t.Errorf("closing a stream: %v", err)
		}
	}
	shutdown(t, r)

	requests, attempts := store.rows()
	if len(requests) != 3 || len(attempts) != 1 {
		t.Fatalf("got %d requests and %d attempts, want 3 and 1", len(requests), len(attempts))
	}
	if got, want := requests[0].Dst.ID, "bookinfo/local/shop/ratings-v1"; got != want {
		t.Errorf("outbound request goes to %q, want %q", got, want)
	}
	if got, want := requests[1].Src.ID, "bookinfo/local/shop/productpage-v1"; got != want {
		t.Errorf("inbound request comes from %q, want %q", got, want)
	}
	if got, want := attempts[0].Outcome, record.OutcomeTimeout; got != want {
		t.Errorf("try ended with %v, want %v", got, want)
	}
	beat, ok := store.lastBeat(alstest.Node().Id)
	if !ok || beat.Requests != 3 || beat.Attempts != 1 || beat.Refused != 0 {
		t.Errorf("last heartbeat of the proxy: %+v, want 3 requests and 1 attempt", beat)
	}
}

// TestBadInput sends what no Envoy should: it is counted, and the good entries
// around it are stored.
func TestBadInput(t *testing.T) {
	store := newFakeStore()
	r := start(t, store)
	stream := dial(t, r)
	nothing := alstest.Outbound()
	nothing.CommonProperties = nil
	send(t, stream,
		alstest.Message(nil, alstest.Outbound()), // before any identifier
		alstest.Message(alstest.Identifier("mesh.request"), nothing, alstest.Outbound()),
		alstest.TCPMessage(nil, &datav3.TCPAccessLogEntry{}, &datav3.TCPAccessLogEntry{}, &datav3.TCPAccessLogEntry{}),
		alstest.Message(nil, alstest.Outbound()))
	await(t, store, 2)
	shutdown(t, r)
	beat, _ := store.lastBeat(alstest.Node().Id)
	if beat.Requests != 2 || beat.Refused != 4 {
		t.Errorf("the proxy has %d requests and %d refused entries, want 2 and 4", beat.Requests, beat.Refused)
	}
	if got := r.telemetry.refused[rows.NoIdentifier].Load(); got != 1 {
		t.Errorf("%d entries without identifier, want 1", got)
	}
}
