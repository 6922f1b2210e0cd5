package meshstore

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// receive starts a real otlp receiver before the exporters of all signals, until
// the test ends.
func receive(t *testing.T, store *fakeStore, protocols map[string]any) {
	t.Helper()
	factory := otlpreceiver.NewFactory()
	cfg := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(map[string]any{"protocols": protocols}).Unmarshal(cfg); err != nil {
		t.Fatal(err)
	}
	set := receivertest.NewNopSettings(factory.Type())
	traces, logs, metrics := startedTraces(t, store), startedLogs(t, store), startedMetrics(t, store)
	for _, b := range []*base{traces.base, logs.base, metrics.base} {
		b.now = time.Now
	}
	_, errTraces := factory.CreateTraces(t.Context(), set, cfg, traces)
	_, errMetrics := factory.CreateMetrics(t.Context(), set, cfg, metrics)
	shared, errLogs := factory.CreateLogs(t.Context(), set, cfg, logs) // one receiver for all three
	if err := errors.Join(errTraces, errMetrics, errLogs); err != nil {
		t.Fatal(err)
	}
	if err := shared.Start(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
}

// receiveBoth is receive on two sockets, and returns clients of them.
func receiveBoth(t *testing.T, store *fakeStore) (*grpc.ClientConn, *http.Client) {
	t.Helper()
	dir := socketDir(t)
	grpcSocket, httpSocket := filepath.Join(dir, "grpc.sock"), filepath.Join(dir, "http.sock")
	receive(t, store, map[string]any{
		"grpc": map[string]any{"transport": "unix", "endpoint": grpcSocket},
		"http": map[string]any{"transport": "unix", "endpoint": httpSocket},
	})
	conn, err := grpc.NewClient("unix://"+grpcSocket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", httpSocket)
	}}
	return conn, &http.Client{Transport: transport, Timeout: deadline}
}

// TestAnswersOfOTLP sees what a sender sees, over both protocols of a real
// receiver.
func TestAnswersOfOTLP(t *testing.T) {
	broken := errors.New("disk on fire")
	for name, test := range map[string]struct {
		store      *fakeStore
		data       ptrace.Traces
		code       codes.Code
		message    string
		retry      time.Duration
		http       int
		retryAfter string
	}{
		"stored": {store: &fakeStore{}, data: spans(2), code: codes.OK, http: 200},
		"no room": {
			store: &fakeStore{full: true}, data: spans(2), code: codes.Unavailable, message: "no room",
			retry: 2 * time.Second, http: 503, retryAfter: "2",
		},
		"commit fails": {
			store: &fakeStore{commit: fails(broken)}, data: spans(2), code: codes.Unavailable, message: "disk on fire",
			retry: 2 * time.Second, http: 503, retryAfter: "2",
		},
		"commit fails for good": {
			store: &fakeStore{commit: fails(consumererror.NewPermanent(broken))}, data: spans(2), code: codes.Internal,
			message: "disk on fire", http: 500,
		},
		"unstorable": {
			store: &fakeStore{}, data: withBad(ptrace.NewTraces()), code: codes.InvalidArgument, message: "no_trace_id 1", http: 400,
		},
	} {
		t.Run(name, func(t *testing.T) {
			conn, client := receiveBoth(t, test.store)
			request := ptraceotlp.NewExportRequestFromTraces(test.data)
			_, err := ptraceotlp.NewGRPCClient(conn).Export(t.Context(), request)
			s, _ := status.FromError(err)
			if s.Code() != test.code || !strings.Contains(s.Message(), test.message) || retryDelay(s) != test.retry {
				t.Errorf("gRPC: got %v, come again after %v; want %v %q, %v", err, retryDelay(s), test.code, test.message, test.retry)
			}
			body, err := request.MarshalProto()
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Post("http://otlp/v1/traces", "application/x-protobuf", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if after := resp.Header.Get("Retry-After"); resp.StatusCode != test.http || after != test.retryAfter {
				t.Errorf("HTTP: got %d, Retry-After %q; want %d, %q", resp.StatusCode, after, test.http, test.retryAfter)
			}
		})
	}
}

// TestSkippedIsNoError: a sender of logs that this store does not keep is not
// told to stop, nor to repeat.
func TestSkippedIsNoError(t *testing.T) {
	store := &fakeStore{}
	conn, _ := receiveBoth(t, store)
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("hello")
	if _, err := plogotlp.NewGRPCClient(conn).Export(t.Context(), plogotlp.NewExportRequestFromLogs(ld)); err != nil {
		t.Error(err)
	}
	if got := store.take(); len(got) != 0 || store.commits != 0 {
		t.Errorf("stored %q with %d commits, want nothing", got, store.commits)
	}
}
