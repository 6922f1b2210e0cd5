package envoyals

import (
	"testing"

	servicev3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"google.golang.org/grpc"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
)

// dropExtension is a dropStore as an extension, and the host that holds it.
type dropExtension struct {
	component.StartFunc
	component.ShutdownFunc
	dropStore
}

func (d *dropExtension) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("meshstore"): d}
}

// BenchmarkStream sends messages of 256 entries over a real connection. The
// client encodes its message once.
func BenchmarkStream(b *testing.B) {
	const perMessage = 256
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoint = "127.0.0.1:0"
	r, err := newReceiver(cfg, componenttest.NewNopTelemetrySettings())
	if err != nil {
		b.Fatal(err)
	}
	store := &dropExtension{}
	if err := r.Start(b.Context(), store); err != nil {
		b.Fatal(err)
	}
	stream := dial(b, r)
	message := alstest.Message(nil)
	for range perMessage {
		message.GetHttpLogs().LogEntry = append(message.GetHttpLogs().LogEntry, alstest.Outbound())
	}
	var prepared grpc.PreparedMsg
	if err := stream.Send(alstest.Message(alstest.Identifier("mesh.request"))); err != nil {
		b.Fatal(err)
	}
	if err := prepared.Encode(stream, message); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := stream.SendMsg(&prepared); err != nil {
			b.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		b.Fatal(err)
	}
	if err := stream.RecvMsg(new(servicev3.StreamAccessLogsResponse)); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(store.requests)/b.Elapsed().Seconds(), "entries/s")
	b.ReportAllocs()
	if err := r.Shutdown(b.Context()); err != nil {
		b.Fatal(err)
	}
	if want := b.N * perMessage; store.requests != want {
		b.Errorf("%d rows, want %d", store.requests, want)
	}
}
