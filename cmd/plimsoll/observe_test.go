package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/plimsoll-mesh/plimsoll/analyzer/handler"
	"github.com/plimsoll-mesh/plimsoll/api/apijson"
	gatev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/gate/v1"
	observev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1"
)

// fakeObserve sends two rows, what it skipped, and a watermark that stands still;
// nothing for the destination "nothing".
type fakeObserve struct {
	asked strings.Builder
	err   error
}

const fakeCall, fakeTrace = "5c0a1f64-94b6-4f0c-9d8e-0b6a3c1f2d47", "4bf92f3577b34da6a3ce929d0e0e4736"

func observedRow() *observev1.RequestRow {
	return &observev1.RequestRow{
		At: noon(0), Source: "als", Vantage: "client", Src: "shop/local/default/web", SrcService: "web", Dst: "shop/local/default/reviews-v1",
		DstService: "reviews", DstVersion: "v1", Proxy: "sidecar~web", Route: "evil\n\x1b[31mroute", Method: "GET", Upstream: "127.0.0.1:9080", Code: 504,
		Outcome: "timeout", Flags: []string{"UT"}, Details: "upstream_per_try_timeout", DurationUs: 250_300, Attempts: 2, CallId: fakeCall, TraceId: fakeTrace,
	}
}

func (f *fakeObserve) Observe(_ context.Context, req *connect.Request[observev1.ObserveRequest], out *connect.ServerStream[observev1.ObserveResponse]) error {
	text, err := apijson.Marshal(req.Msg)
	f.asked.Write(append(text, '\n'))
	if err != nil || f.err != nil || req.Msg.Filter.GetTo() == "nothing" {
		return errors.Join(err, f.err)
	}
	late := &observev1.RequestRow{At: noon(-time.Second), Source: "als", Vantage: "server", Src: "unknown/default", Dst: "shop/local/default/reviews-v1", Outcome: "ok", Late: true}
	return errors.Join(
		out.Send(&observev1.ObserveResponse{Event: &observev1.ObserveResponse_Row{Row: observedRow()}}),
		out.Send(&observev1.ObserveResponse{Event: &observev1.ObserveResponse_Row{Row: late}}),
		out.Send(&observev1.ObserveResponse{Event: &observev1.ObserveResponse_Skipped{Skipped: &observev1.Skipped{Rows: 1234, From: noon(0), To: noon(time.Second)}}}),
		out.Send(&observev1.ObserveResponse{Event: &observev1.ObserveResponse_Progress{Progress: &observev1.Progress{Watermark: noon(0), Reason: "no collector has reported for 40s"}}}),
	)
}

func (f *fakeObserve) OpenRequest(_ context.Context, req *connect.Request[observev1.OpenRequestRequest]) (*connect.Response[observev1.OpenRequestResponse], error) {
	if req.Msg.CallId != fakeCall && req.Msg.TraceId != fakeTrace {
		return nil, connect.NewError(connect.CodeNotFound, errors.New("no row of it"))
	}
	return connect.NewResponse(&observev1.OpenRequestResponse{
		Window: window(-time.Hour, 0), Requests: []*observev1.RequestRow{observedRow()},
		Tries:   []*observev1.TryRow{{At: noon(0), Source: "als", Vantage: "client", Dst: "shop/local/default/reviews-v1", Upstream: "127.0.0.1:9080", Number: 2, Outcome: "timeout", DurationUs: 125_000, PoolWaitUs: 40}},
		Moments: []*observev1.Moment{{At: noon(0), What: "try_end", OffsetUs: 250_300, Vantage: "client", Source: "als", Try: 2, Detail: "timeout"}},
		Spans:   []*observev1.SpanRow{{Start: noon(0), Source: "otlp", Vantage: "server", Service: "reviews", Name: "GET /", DurationUs: 9000, Status: "error", SpanId: "00f067aa0ba902b7"}},
		Logs:    []*observev1.LogRow{{At: noon(0), Source: "otlp", Vantage: "application", Service: "reviews", Severity: 17, Body: "two\nlines"}},
		Config:  []*observev1.ConfigInForce{{Since: noon(-time.Hour), Source: "mesh", Kind: "VirtualService", Namespace: "default", Name: "reviews", Generation: 4}},
		Notes:   []string{"no spans of the trace are stored"},
	}), nil
}

func TestObserve(t *testing.T) {
	script(t, "observe", handler.Services{Observe: &fakeObserve{}},
		"observe",
		"observe -o wide",
		"observe -o json",
		"observe -o yaml",
		"observe -o name",
		"observe --to nothing --follow=false",
		"observe --to nothing --follow=false -o json",
		"observe --trace "+fakeTrace,
		"observe request "+fakeCall+" -o wide",
		"observe request "+fakeCall+" -o json",
		"observe request "+fakeCall+" -o name",
		"observe request elsewhere",
		"observe request",
		"observe -o xml",
		"observe --to reviews --trace "+fakeTrace,
		"observe --slower-than soon",
	)
}

func TestObservePassesItsFlags(t *testing.T) {
	f := &fakeObserve{}
	analyzerAt(t, handler.Services{Observe: f}, "viewer")
	plimsoll(t.Context(), strings.Fields("observe --from web --to m/c/n/reviews --route r --outcome failed,ok --slower-than 300ms --flag UT --flag UO "+
		"--vantage client --last 5 --since 2026-03-01T11:00:00Z --follow=false --max-rate 7")...)
	checkFile(t, "observe_requests.txt", f.asked.String())
}

// TestObserveJSONIsOneObjectPerLine reads the stream as a script would.
func TestObserveJSONIsOneObjectPerLine(t *testing.T) {
	analyzerAt(t, handler.Services{Observe: &fakeObserve{}}, "viewer")
	lines := strings.Split(strings.TrimSpace(plimsoll(t.Context(), "observe", "-o", "json").stdout), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines for two rows", len(lines))
	}
	for _, line := range lines {
		var row struct{ Vantage, Source string }
		if err := json.Unmarshal([]byte(line), &row); err != nil || row.Vantage == "" || row.Source == "" {
			t.Errorf("%s: %+v, error %v", line, row, err)
		}
	}
}

// fakeGate passes the canary "good" at once, fails "bad" at the second check,
// and never decides on others.
type fakeGate struct {
	checks int
	asked  *gatev1.CheckRequest
}

func (f *fakeGate) Check(_ context.Context, req *connect.Request[gatev1.CheckRequest]) (*connect.Response[gatev1.CheckResponse], error) {
	f.checks++
	f.asked = req.Msg
	if req.Msg.Service == "nothing" {
		return nil, connect.NewError(connect.CodeNotFound, errors.New(`no service "nothing" took requests within three days; there are reviews`))
	}
	a := &gatev1.CheckResponse{
		Verdict: "not_enough", Reason: "errors: v2 took no requests", Final: true, Service: "reviews", Namespace: "default", Canary: req.Msg.Canary, Baseline: req.Msg.Baseline,
		Window: window(-time.Minute, 0), EndsAt: noon(9 * time.Minute), Alpha: 0.05, Unattributed: &gatev1.Arm{Bad: 2, Total: 2}, Notes: []string{"2 requests failed without a version"},
		Metrics: []*gatev1.Metric{
			{
				Name: "errors", Verdict: "pass", Reason: "so", Unit: "requests", Canary: &gatev1.Arm{Bad: 1, Total: 600}, Baseline: &gatev1.Arm{Bad: 2, Total: 5400},
				Difference: figure(0.0013, -0.004, 0.0098), LowConfidence: 0.983, HighConfidence: 0.95, Margin: 0.01, Formula: "E = 20.1",
				Evidence: []*gatev1.Evidence{{Src: "web", Dst: "reviews-v2", Vantage: "client", Version: "v2", Bad: 1, Total: 600}},
			},
			{Name: "latency", Verdict: "skipped", Reason: "too few", Unit: "requests", Margin: 0.05, Threshold: durationpb.New(time.Second)},
		},
	}
	switch req.Msg.Canary {
	case "good":
		a.Verdict, a.Reason = "pass", "not worse in errors"
	case "bad":
		a.Verdict, a.Reason = "fail", "errors: more of them"
	}
	return connect.NewResponse(a), nil
}

func TestGate(t *testing.T) {
	script(t, "gate", handler.Services{Gate: &fakeGate{}},
		"gate --service reviews --canary good --baseline v1",
		"gate --service reviews --canary good --baseline v1 -o wide",
		"gate --service reviews --canary good --baseline v1 -o json",
		"gate --service reviews --canary bad --baseline v1",
		"gate --service reviews --canary bad --baseline v1 -o name",
		"gate --service reviews --canary v2 --baseline v1 -o yaml",
		"gate --service nothing --canary v2 --baseline v1",
		"gate --alpha much",
	)
}

// TestGateExitCodes: the format never changes the code.
func TestGateExitCodes(t *testing.T) {
	analyzerAt(t, handler.Services{Gate: &fakeGate{}}, "viewer")
	for canary, want := range map[string]int{"good": exitOK, "bad": exitFindings, "v2": exitNotEnough} {
		for _, format := range formats() {
			got := plimsoll(t.Context(), "gate", "--service", "reviews", "--canary", canary, "--baseline", "v1", "-o", format)
			if got.code != want {
				t.Errorf("%s -o %s: exit code %d, want %d", canary, format, got.code, want)
			}
		}
	}
}

func TestGatePassesItsFlags(t *testing.T) {
	f := &fakeGate{}
	analyzerAt(t, handler.Services{Gate: f}, "viewer")
	plimsoll(t.Context(), strings.Fields("gate --service s -n ns --canary good --baseline v1 --for 20m --since 2026-03-01T11:00:00Z --latency 300ms --error-margin 0.02 --latency-margin 0.1 --alpha 0.01 --once")...)
	text, err := apijson.MarshalIndent(f.asked)
	if err != nil {
		t.Fatal(err)
	}
	checkFile(t, "gate_request.txt", string(text))
	plimsoll(t.Context(), strings.Fields("gate --service s --canary good --baseline v1")...)
	if age := time.Since(f.asked.From.AsTime()); age < 0 || age > time.Hour {
		t.Errorf("without --since it counts from %s ago, want from now", age)
	}
}

// TestObserveAndGateUnhappy: nobody there, no token, and an analyzer that cannot
// answer, each with one line and its exit code.
func TestObserveAndGateUnhappy(t *testing.T) {
	gate := "gate --service s --canary a --baseline b"
	for _, line := range []string{"observe", "observe request x", "observe --trace " + fakeTrace, gate} {
		got := plimsoll(t.Context(), append(strings.Fields(line), "--url", "http://127.0.0.1:1")...)
		if got.code != exitUnavailable || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%s with nobody there: %s", line, got)
		}
	}
	analyzerAt(t, handler.Services{Observe: &fakeObserve{}, Gate: &fakeGate{}}, "")
	for _, line := range []string{"observe", "observe request x", gate} {
		if got := plimsoll(t.Context(), strings.Fields(line)...); got.code != exitUsage || !strings.Contains(got.stderr, "viewer.token") {
			t.Errorf("%s without a token: %s", line, got)
		}
	}
	none := connect.NewError(connect.CodeUnavailable, errors.New("no collector has ever reported to this store"))
	analyzerAt(t, handler.Services{Observe: &fakeObserve{err: none}}, "viewer")
	if got := plimsoll(t.Context(), "observe"); got.code != exitUnavailable || !strings.Contains(got.stderr, "no collector has ever reported") {
		t.Errorf("observe without a watermark: %s", got)
	}
}

func TestHelpOfObserveAndGate(t *testing.T) {
	for _, command := range []string{"observe", "observe request", "gate"} {
		got := plimsoll(t.Context(), append(strings.Fields(command), "--help")...)
		checkFile(t, "help_"+strings.ReplaceAll(command, " ", "_")+".txt", got.stdout)
	}
}
