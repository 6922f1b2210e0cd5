package meshstore

import (
	"path/filepath"
	"testing"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// The fuzz tests send whatever a receiver can decode. Nothing panics, and every
// record is either a row or counted with a reason: none vanishes.

func FuzzTraces(f *testing.F) {
	for _, text := range scripts(f, "traces") {
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(text)
		seed(f, err, ptraceotlp.NewExportRequestFromTraces(td).MarshalProto)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		request := ptraceotlp.NewExportRequest()
		if request.UnmarshalProto(data) != nil {
			return
		}
		e := newTraces(started(t, &fakeStore{}, "traces", componenttest.NewNopTelemetrySettings()))
		_ = e.ConsumeTraces(t.Context(), request.Traces())
		accounted(t, e.telemetry, request.Traces().SpanCount())
	})
}

func FuzzLogs(f *testing.F) {
	for _, text := range scripts(f, "logs") {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(text)
		seed(f, err, plogotlp.NewExportRequestFromLogs(ld).MarshalProto)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		request := plogotlp.NewExportRequest()
		if request.UnmarshalProto(data) != nil {
			return
		}
		e := newLogs(started(t, &fakeStore{}, "logs", componenttest.NewNopTelemetrySettings()))
		_ = e.ConsumeLogs(t.Context(), request.Logs())
		accounted(t, e.telemetry, request.Logs().LogRecordCount())
	})
}

func FuzzMetrics(f *testing.F) {
	for _, text := range scripts(f, "metrics") {
		md, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(text)
		seed(f, err, pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		request := pmetricotlp.NewExportRequest()
		if request.UnmarshalProto(data) != nil {
			return
		}
		e := newMetrics(started(t, &fakeStore{}, "metrics", componenttest.NewNopTelemetrySettings()))
		_ = e.ConsumeMetrics(t.Context(), request.Metrics())
		accounted(t, e.telemetry, request.Metrics().DataPointCount())
	})
}

// scripts returns the requests of the golden scripts.
func scripts(f *testing.F, signal string) (requests [][]byte) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", signal, "*.yaml"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no scripts (%v)", err)
	}
	for _, file := range files {
		requests = append(requests, requestsOf(f, file)...)
	}
	return requests
}

func seed(f *testing.F, err error, marshal func() ([]byte, error)) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
	data, err := marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
}

func accounted(t *testing.T, tel *telemetry, records int) {
	t.Helper()
	var sum uint64
	for i := range tel.rows {
		sum += tel.rows[i].Load()
	}
	for i := range tel.unkept {
		sum += tel.unkept[i].Load()
	}
	if sum != uint64(records) {
		t.Errorf("%d of %d records are accounted for", sum, records)
	}
}
