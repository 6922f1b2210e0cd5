package collector

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	servicev3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// deadline bounds what should happen within seconds.
const deadline = 30 * time.Second

func TestRun(t *testing.T) {
	dsn := enginetest.Start(t)
	t.Run("delivers", func(t *testing.T) { testDelivers(t, dsn) })
	t.Run("stores otlp", func(t *testing.T) { testStoresOTLP(t, dsn) })
	t.Run("fails to start", func(t *testing.T) { testFailsToStart(t, dsn) })
}

// testDelivers runs the distribution between an Envoy, played by the generated
// client, and a real ClickHouse. It ends the collector right after the last
// message: what was sent is stored all the same.
func testDelivers(t *testing.T, dsn string) {
	socket := filepath.Join(enginetest.Dir(t), "als.sock")
	environment(t, dsn, "unix://"+socket)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, "test", []string{"testdata/config.yaml"}) }()
	awaitSocket(t, socket, ended)

	const messages = 200
	stream := dial(t, socket)
	for i := range messages {
		m := alstest.Message(nil, alstest.Outbound(), alstest.Inbound(), alstest.Try())
		if i == 0 {
			m.Identifier = alstest.Identifier("mesh.request")
		}
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	awaitRows(t, dsn)
	stop()
	if _, err := stream.CloseAndRecv(); err != nil {
		t.Errorf("the stream ended with %v, want OK", err)
	}
	if err := <-ended; err != nil {
		t.Fatalf("the collector ended with %v", err)
	}
	for text, want := range map[string]uint64{
		"SELECT count() FROM requests":                                   2 * messages,
		"SELECT count() FROM requests WHERE vantage = 'client'":          messages,
		"SELECT count() FROM attempts WHERE outcome = 'timeout'":         messages,
		"SELECT sum(requests) FROM edge_counts_10s":                      2 * messages,
		"SELECT max(requests) FROM heartbeats WHERE proxy != ''":         2 * messages,
		"SELECT max(requests) FROM heartbeats WHERE proxy = ''":          2 * messages,
		"SELECT uniqExact(collector) FROM heartbeats":                    1,
		"SELECT countIf(collector = 'test') > 0 FROM heartbeats":         1,
		"SELECT sum(refused) FROM heartbeats":                            0,
		"SELECT uniqExact(proxy) FROM heartbeats WHERE proxy LIKE 'si%'": 1,
	} {
		if got := scalar(t, dsn, text); got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
}

func testFailsToStart(t *testing.T, dsn string) {
	environment(t, dsn, "unix:///nowhere/to/be/found/als.sock")
	err := Run(t.Context(), "test", []string{"testdata/config.yaml"})
	if want := "listening on unix:///nowhere/to/be/found/als.sock"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want one that contains %q", err, want)
	}
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	environment(t, dsn, busy.Addr().String())
	err = Run(t.Context(), "test", []string{"testdata/config.yaml"})
	for _, want := range []string{busy.Addr().String(), "address already in use: stop what listens there"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that contains %q", err, want)
		}
	}
	if err := Run(t.Context(), "test", nil); err == nil {
		t.Error("a collector without config ran")
	}
}

// dial opens an access log stream.
func dial(t *testing.T, socket string) servicev3.AccessLogService_StreamAccessLogsClient {
	t.Helper()
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	stream, err := servicev3.NewAccessLogServiceClient(conn).StreamAccessLogs(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// awaitSocket waits until the collector listens.
func awaitSocket(t *testing.T, socket string, ended <-chan error) {
	t.Helper()
	poll(t, func() bool {
		select {
		case err := <-ended:
			t.Fatalf("the collector ended with %v", err)
		default:
		}
		conn, err := net.Dial("unix", socket)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// awaitRows waits until the store has rows: the stream is being read.
func awaitRows(t *testing.T, dsn string) {
	t.Helper()
	poll(t, func() bool { return scalar(t, dsn, "SELECT count() FROM requests") > 0 })
}

func poll(t *testing.T, done func() bool) {
	t.Helper()
	limit := time.After(deadline)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("waited in vain")
		}
	}
}

// scalar returns the number that a query answers.
func scalar(t *testing.T, dsn, text string) (n uint64) {
	t.Helper()
	conn, err := query.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.QueryRow(t.Context(), "SELECT toUInt64(("+text+"))").Scan(&n); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n
}
