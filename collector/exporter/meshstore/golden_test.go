package meshstore

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"
)

// TestGolden sends the requests of each file under testdata to one exporter, and
// compares its answers and the records that the store got with the file beside
// it. The requests are OTLP in its JSON form, written as YAML with three shorthands:
// attributes may be a map, ids may be numbers, and a time may be told as so long
// after now.
func TestGolden(t *testing.T) {
	for _, signal := range []string{"traces", "logs", "metrics"} {
		files, err := filepath.Glob(filepath.Join("testdata", signal, "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files for %s (%v)", signal, err)
		}
		for _, file := range files {
			t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
				golden.Check(t, strings.TrimSuffix(file, ".yaml")+".txt", []byte(play(t, signal, file)))
			})
		}
	}
}

// play sends the requests of a file, and tells what came of them.
func play(t *testing.T, signal, file string) string {
	t.Helper()
	store := &fakeStore{}
	b := started(t, store, signal, componenttest.NewNopTelemetrySettings())
	send := senderOf(t, b)
	var out strings.Builder
	var seen tally
	for i, request := range requestsOf(t, file) {
		at := now.Add(time.Duration(i) * 10 * time.Second)
		b.now = func() time.Time { return at }
		err := send(t.Context(), request)
		fmt.Fprintf(&out, "request %d: %v\n", i+1, err)
		for _, r := range store.take() {
			out.WriteString(r + "\n")
		}
		counted(&out, b.telemetry, &seen)
	}
	return out.String()
}

// counted writes what was not kept since the last call.
func counted(out *strings.Builder, tel *telemetry, seen *tally) {
	for r := range reasonCount {
		if n := tel.unkept[r].Load() - seen.unkept[r]; n != 0 {
			word := "refused"
			if r > firstSkip {
				word = "skipped"
			}
			fmt.Fprintf(out, "%s: %s %d\n", word, reasonNames[r], n)
		}
		seen.unkept[r] = tel.unkept[r].Load()
	}
	if n := tel.clamped.Load() - seen.clamped; n != 0 {
		fmt.Fprintf(out, "clamped: %d\n", n)
	}
	seen.clamped = tel.clamped.Load()
}

// senderOf returns how a signal's requests are sent, as JSON.
func senderOf(t *testing.T, b *base) func(context.Context, []byte) error {
	t.Helper()
	switch b.signal {
	case "traces":
		e := newTraces(b)
		return func(ctx context.Context, text []byte) error {
			td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(text)
			if err != nil {
				t.Fatal(err)
			}
			td.MarkReadOnly() // as with several exporters in one pipeline
			return e.ConsumeTraces(ctx, td)
		}
	case "logs":
		e := newLogs(b)
		return func(ctx context.Context, text []byte) error {
			ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(text)
			if err != nil {
				t.Fatal(err)
			}
			ld.MarkReadOnly()
			return e.ConsumeLogs(ctx, ld)
		}
	}
	e := newMetrics(b)
	return func(ctx context.Context, text []byte) error {
		md, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(text)
		if err != nil {
			t.Fatal(err)
		}
		md.MarkReadOnly()
		return e.ConsumeMetrics(ctx, md)
	}
}

// requestsOf reads the YAML documents of a file as JSON of OTLP.
func requestsOf(t testing.TB, file string) [][]byte {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(read(t, file)))
	var requests [][]byte
	for {
		var request any
		if err := decoder.Decode(&request); err != nil {
			break
		}
		text, err := json.Marshal(spelledOut("", request))
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, text)
	}
	if len(requests) == 0 {
		t.Fatalf("%s has no request", file)
	}
	return requests
}

// spelledOut replaces the shorthands below a key.
func spelledOut(key string, value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = spelledOut(key, v[i])
		}
	case map[string]any:
		if key == "attributes" {
			return attributeList(v)
		}
		for k := range v {
			v[k] = spelledOut(k, v[k])
		}
	case int:
		if digits, ok := map[string]int{"traceId": 32, "spanId": 16, "parentSpanId": 16}[key]; ok {
			return fmt.Sprintf("%0*x", digits, v)
		}
	case string:
		if after, err := time.ParseDuration(v); err == nil && strings.HasSuffix(key, "UnixNano") {
			return strconv.FormatInt(now.Add(after).UnixNano(), 10)
		}
	}
	return value
}

// attributeList is OTLP's form of attributes, in the order of their names.
func attributeList(attrs map[string]any) []any {
	list := make([]any, 0, len(attrs))
	for key, value := range attrs {
		list = append(list, map[string]any{"key": key, "value": anyValue(value)})
	}
	slices.SortFunc(list, func(a, b any) int {
		return strings.Compare(a.(map[string]any)["key"].(string), b.(map[string]any)["key"].(string))
	})
	return list
}

func anyValue(value any) map[string]any {
	switch v := value.(type) {
	case string:
		return map[string]any{"stringValue": v}
	case int:
		return map[string]any{"intValue": v}
	case float64:
		return map[string]any{"doubleValue": v}
	case bool:
		return map[string]any{"boolValue": v}
	case []any:
		values := make([]any, len(v))
		for i := range v {
			values[i] = anyValue(v[i])
		}
		return map[string]any{"arrayValue": map[string]any{"values": values}}
	case map[string]any:
		return map[string]any{"kvlistValue": map[string]any{"values": attributeList(v)}}
	}
	return map[string]any{}
}
