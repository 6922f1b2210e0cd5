package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/plimsoll-mesh/plimsoll/analyzer/handler"
	alertv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1/alertv1connect"
	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1/graphv1connect"
	slov1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1"
	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1/statusv1connect"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1/tunev1connect"
)

// nothing answers every call with as little as the analyzer may.
type nothing struct {
	graphv1connect.UnimplementedGraphServiceHandler
	alertv1connect.UnimplementedAlertServiceHandler
	tunev1connect.UnimplementedTuneServiceHandler
}

func (nothing) GetGraph(context.Context, *connect.Request[graphv1.GetGraphRequest]) (*connect.Response[graphv1.GetGraphResponse], error) {
	return connect.NewResponse(&graphv1.GetGraphResponse{Window: window(-time.Minute, 0)}), nil
}

func (nothing) ListSLOs(context.Context, *connect.Request[slov1.ListSLOsRequest]) (*connect.Response[slov1.ListSLOsResponse], error) {
	return connect.NewResponse(&slov1.ListSLOsResponse{}), nil
}

func (nothing) ListAlerts(context.Context, *connect.Request[alertv1.ListAlertsRequest]) (*connect.Response[alertv1.ListAlertsResponse], error) {
	return connect.NewResponse(&alertv1.ListAlertsResponse{}), nil
}

func (nothing) Plan(_ context.Context, req *connect.Request[tunev1.PlanRequest]) (*connect.Response[tunev1.PlanResponse], error) {
	return connect.NewResponse(&tunev1.PlanResponse{Plan: &tunev1.Plan{Id: "plan-0", Edge: req.Msg.Edge, CreatedAt: noon(0)}}), nil
}

func (nothing) Apply(context.Context, *connect.Request[tunev1.ApplyRequest]) (*connect.Response[tunev1.ApplyResponse], error) {
	return connect.NewResponse(&tunev1.ApplyResponse{Plan: &tunev1.Plan{Id: "plan-0", Edge: reviewsToRatings()}}), nil
}

func (nothing) Rollback(context.Context, *connect.Request[tunev1.RollbackRequest]) (*connect.Response[tunev1.RollbackResponse], error) {
	return connect.NewResponse(&tunev1.RollbackResponse{Plan: &tunev1.Plan{Id: "plan-0", Edge: reviewsToRatings()}}), nil
}

func (nothing) ListPlans(context.Context, *connect.Request[tunev1.ListPlansRequest]) (*connect.Response[tunev1.ListPlansResponse], error) {
	return connect.NewResponse(&tunev1.ListPlansResponse{}), nil
}

// TestEmptyAnswers asks for what is not there, in every format: a note on
// stderr, an empty list in JSON and YAML, and nothing on stdout else.
func TestEmptyAnswers(t *testing.T) {
	commands := []string{
		"graph", "slo list", "slo status", "alerts list", "tune plan a b", "tune apply plan-0", "tune rollback", "tune history",
	}
	var lines []string
	for _, command := range commands {
		for _, format := range formats() {
			lines = append(lines, command+" -o "+format)
		}
	}
	script(t, "empty", handler.Services{Graph: nothing{}, SLO: nothing{}, Alert: nothing{}, Tune: nothing{}}, lines...)
}

// failing answers every question with one error.
type failing struct {
	graphv1connect.UnimplementedGraphServiceHandler
	alertv1connect.UnimplementedAlertServiceHandler
	tunev1connect.UnimplementedTuneServiceHandler
	statusv1connect.UnimplementedStatusServiceHandler
	err error
}

func (f failing) GetGraph(context.Context, *connect.Request[graphv1.GetGraphRequest]) (*connect.Response[graphv1.GetGraphResponse], error) {
	return nil, f.err
}

func (f failing) ListSLOs(context.Context, *connect.Request[slov1.ListSLOsRequest]) (*connect.Response[slov1.ListSLOsResponse], error) {
	return nil, f.err
}

func (f failing) ListAlerts(context.Context, *connect.Request[alertv1.ListAlertsRequest]) (*connect.Response[alertv1.ListAlertsResponse], error) {
	return nil, f.err
}

func (f failing) Plan(context.Context, *connect.Request[tunev1.PlanRequest]) (*connect.Response[tunev1.PlanResponse], error) {
	return nil, f.err
}

func (f failing) Apply(context.Context, *connect.Request[tunev1.ApplyRequest]) (*connect.Response[tunev1.ApplyResponse], error) {
	return nil, f.err
}

func (f failing) Rollback(context.Context, *connect.Request[tunev1.RollbackRequest]) (*connect.Response[tunev1.RollbackResponse], error) {
	return nil, f.err
}

func (f failing) ListPlans(context.Context, *connect.Request[tunev1.ListPlansRequest]) (*connect.Response[tunev1.ListPlansResponse], error) {
	return nil, f.err
}

func (f failing) GetStatus(context.Context, *connect.Request[statusv1.GetStatusRequest]) (*connect.Response[statusv1.GetStatusResponse], error) {
	return nil, f.err
}

// TestErrorsOfTheAnalyzer lets the analyzer answer with each code of the
// protocol, and keeps what the person reads and the exit code.
func TestErrorsOfTheAnalyzer(t *testing.T) {
	var text strings.Builder
	for code := connect.CodeCanceled; code <= connect.CodeUnauthenticated; code++ {
		url := analyzerAt(t, handler.Services{Graph: failing{err: connect.NewError(code, errors.New("what went\nwrong"))}}, "viewer")
		got := plimsoll(t.Context(), "graph")
		fmt.Fprintf(&text, "%s\n%s\n", code, strings.ReplaceAll(got.String(), url, "http://analyzer"))
	}
	checkFile(t, "errors.txt", text.String())
}

// TestEveryCommandExplainsErrors: no command passes on an error of the analyzer
// without its exit code, prints a result beside it, or needs two lines for it.
func TestEveryCommandExplainsErrors(t *testing.T) {
	for code, want := range map[connect.Code]int{
		connect.CodeUnavailable:        exitUnavailable,
		connect.CodeNotFound:           exitUsage,
		connect.CodeFailedPrecondition: exitFailure,
		connect.CodeInternal:           exitFailure,
	} {
		f := failing{err: connect.NewError(code, errors.New("what went wrong"))}
		analyzerAt(t, handler.Services{Graph: f, SLO: f, Alert: f, Tune: f, Status: f}, "operator")
		for _, line := range []string{
			"graph", "slo list", "slo status x", "alerts list", "tune plan a b", "tune apply p", "tune rollback p", "tune history",
		} {
			got := plimsoll(t.Context(), strings.Fields(line)...)
			if got.code != want || got.stdout != "" || strings.Count(got.stderr, "\n") != 1 {
				t.Errorf("%s answered with %s: want exit code %d and one line on stderr\n%s", line, code, want, got)
			}
		}
		wantDoctor := exitFindings
		if want == exitUnavailable {
			wantDoctor = exitUnavailable
		}
		if got := plimsoll(t.Context(), "doctor", "-o", "json"); got.code != wantDoctor || !strings.Contains(got.stdout, "PLM103") {
			t.Errorf("doctor answered with %s: want the finding PLM103\n%s", code, got)
		}
	}
}
