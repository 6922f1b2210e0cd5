package meshmetrics

import (
	"fmt"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
)

// TestWorkerLog has one message when a target goes down and one when it comes
// back, which says how long the gap was, however many scrapes failed.
func TestWorkerLog(t *testing.T) {
	f := newFakeTarget(t)
	core, logs := observer.New(zapcore.DebugLevel)
	settings := componenttest.NewNopTelemetrySettings()
	settings.Logger = zap.New(core)
	r, err := newReceiver(createDefaultConfig().(*Config), settings)
	if err != nil {
		t.Fatal(err)
	}
	clk := newClock()
	r.sink, r.now = newFakeStore(), clk.now
	w, err := r.newWorker(placed(t, target.Target{URL: f.URL, Proxy: "p"}))
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	for _, status := range []int32{0, 0, 500, 500, 500, 0, 0, 404, 0} {
		clk.passSeconds(5)
		f.status.Store(status)
		w.scrape(t.Context())
	}
	var got []string
	for _, entry := range logs.All() {
		fields := entry.ContextMap()
		if fields["target"] != f.URL {
			t.Errorf("a message of target %v", fields["target"])
		}
		got = append(got, fmt.Sprint(entry.Level, " ", entry.Message, " ", fields["gap"]))
	}
	want := []string{
		"info target is up <nil>",
		"warn target is down; what it counts meanwhile is seen when it answers <nil>",
		"info target is up again 20s",
		"warn target is down; what it counts meanwhile is seen when it answers <nil>",
		"info target is up again 10s",
	}
	if !slices.Equal(got, want) {
		t.Errorf("log:\n%q\nwant:\n%q", got, want)
	}
	shutdown(t, r)
}
