package main

import (
	"bytes"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	slov1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/internal/golden"
)

// TestExplain holds the text for an SLO that burns and for one without events.
func TestExplain(t *testing.T) {
	f := func(v float64) *float64 { return &v }
	var out bytes.Buffer
	explainSLO(&out, &slov1.SLOStatus{
		Name: "stock-availability", Service: "stock", Objective: 0.99, Period: durationpb.New(time.Hour), State: "exhausted",
		Window: &typesv1.Window{To: timestamppb.New(time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC))},
		Reason: "young: heartbeats cover 2m of 1h", Good: 1115, Total: 2001, Sli: f(1115.0 / 2001),
		SliInterval:   &typesv1.Figure{Estimate: 1115.0 / 2001, Low: 0.53537, High: 0.57885},
		BudgetAllowed: 20.01, BudgetRemaining: f(1 - 886/20.01),
		BurnRates: []*slov1.BurnRate{{
			Severity: "page", LongWindow: durationpb.New(20 * time.Second), ShortWindow: durationpb.New(10 * time.Second), Factor: 10, Firing: true,
			LongRate: f(759.0 / 1628 / 0.01), LongBad: 759, LongTotal: 1628, ShortRate: f(339.0 / 732 / 0.01), ShortBad: 339, ShortTotal: 732,
		}},
	})
	explainSLO(&out, &slov1.SLOStatus{
		Name: "quiet", Service: "quiet", Objective: 0.999, Period: durationpb.New(28 * 24 * time.Hour), State: "no_data", Reason: "no requests in the last 28d",
		BurnRates: []*slov1.BurnRate{{Severity: "ticket", LongWindow: durationpb.New(72 * time.Hour), ShortWindow: durationpb.New(6 * time.Hour), Factor: 0.933333333}},
	})
	golden.Check(t, "testdata/cli/slo_explain.txt", out.Bytes())
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0.010000000000000009: "0.01", 46.62162162: "46.6216", -865.99: "-865.99", 0: "0", 1e7: "10000000"} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %s, want %s", v, got, want)
		}
	}
}
