package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	gatev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/gate/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/gate/v1/gatev1connect"
)

// gatePause is the time between two checks; counts come in buckets of 10 s.
const gatePause = 5 * time.Second

func newGateCommand() *cobra.Command {
	since := when{now: time.Now}
	var length, latency time.Duration
	var errorMargin, latencyMargin, alpha float64
	var once bool
	req := &gatev1.CheckRequest{}
	cmd := &cobra.Command{
		Use:   "gate --service NAME --canary VERSION --baseline VERSION",
		Short: "Judge a new version beside the old one, for pipelines",
		Long: `Compare two versions of a service on errors and latency while both take traffic,
and wait until the counts decide: exit code 0 when the canary is shown to be no
worse than the margins allow, 79 when it is shown to be worse, 75 when --for is
over and the traffic was not enough to tell.

The test is sequential: it may decide early, and looking often does not make a
wrong verdict more likely than --alpha.`,
		Example: `  plimsoll gate --service reviews --canary v2 --baseline v1 --for 10m
  plimsoll gate --service reviews --canary v2 --baseline v1 --latency 300ms -o json
  plimsoll gate --service reviews --canary v2 --baseline v1 --since 20m --for 20m --once`,
		Args: cobra.NoArgs,
	}
	p, conn := addOutputFlag(cmd), addConnectionFlags(cmd, "viewer")
	flags := cmd.Flags()
	flags.StringVar(&req.Service, "service", "", "the service that both versions belong to")
	flags.StringVarP(&req.Namespace, "namespace", "n", "", "its namespace, where several have such a service")
	flags.StringVar(&req.Canary, "canary", "", "the new version")
	flags.StringVar(&req.Baseline, "baseline", "", "the old version")
	flags.DurationVar(&length, "for", 10*time.Minute, "how long to count at most")
	flags.Var(&since, "since", "count from here on: a time, or a duration before now (default now)")
	flags.DurationVar(&latency, "latency", 0, "a request that takes longer is slow (default the baseline's p95 of the hour before)")
	flags.Float64Var(&errorMargin, "error-margin", 0.01, "by how much the share of failed requests may be higher")
	flags.Float64Var(&latencyMargin, "latency-margin", 0.05, "by how much the share of slow requests may be higher")
	flags.Float64Var(&alpha, "alpha", 0.05, "probability of a wrong verdict")
	flags.BoolVar(&once, "once", false, "judge what is there and do not wait")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		c, err := conn.services()
		if err != nil {
			return err
		}
		req.From, req.For, req.Latency = since.proto(), durationpb.New(length), optionalDuration(latency)
		if req.From == nil {
			req.From = timestamppb.Now()
		}
		req.ErrorMargin, req.LatencyMargin, req.Alpha = &errorMargin, &latencyMargin, &alpha
		answer, err := waitForVerdict(cmd.Context(), c.gate, req, once, p)
		if err != nil {
			return conn.explain(err)
		}
		if err := printVerdict(p, answer); err != nil {
			return err
		}
		return verdictError(answer)
	}
	return cmd
}

// waitForVerdict asks until the verdict is final.
func waitForVerdict(ctx context.Context, c gatev1connect.GateServiceClient, req *gatev1.CheckRequest, once bool, p *printer) (*gatev1.CheckResponse, error) {
	for told := ""; ; {
		answer, err := c.Check(ctx, connect.NewRequest(req))
		if err != nil {
			return nil, err
		}
		if answer.Msg.Final || once {
			return answer.Msg, nil
		}
		if reason := clean(answer.Msg.Reason); reason != told && p.forPeople() {
			p.note("Until %s: %s.", timeCell(answer.Msg.Window.GetTo()), reason)
			told = reason
		}
		select {
		case <-ctx.Done():
			return nil, connect.NewError(connect.CodeCanceled, ctx.Err())
		case <-time.After(gatePause):
		}
	}
}

func printVerdict(p *printer, a *gatev1.CheckResponse) error {
	t := table{columns: []column{
		textColumn("METRIC"), textColumn("VERDICT"), numberColumn("CANARY_BAD"), numberColumn("CANARY"),
		numberColumn("BASELINE_BAD"), numberColumn("BASELINE"), numberColumn("DIFF_POINTS"), numberColumn("LOW"), numberColumn("HIGH"),
		numberColumn("MARGIN"), textColumn("UNIT").onlyWide(), textColumn("REASON").onlyWide(), textColumn("FORMULA").onlyWide(),
	}}
	for _, m := range a.Metrics {
		var estimate, low, high string
		if d := m.Difference; d != nil {
			estimate, low, high = decimalCell(d.Estimate*100, 2), decimalCell(d.Low*100, 2), decimalCell(d.High*100, 2)
		}
		t.add(m.Name, m.Verdict, countCell(m.Canary.GetBad()), countCell(m.Canary.GetTotal()), countCell(m.Baseline.GetBad()),
			countCell(m.Baseline.GetTotal()), estimate, low, high, decimalCell(m.Margin*100, 2), m.Unit, clean(m.Reason), clean(m.Formula))
	}
	if p.forPeople() {
		p.note("Window %s.", windowText(a.Window))
		p.note("%s: %s.", strings.ToUpper(a.Verdict), clean(a.Reason))
		for _, n := range a.Notes {
			p.note("Note: %s.", clean(n))
		}
	}
	return p.print(result{message: a, tables: []table{t}, names: []string{a.Verdict}})
}

// verdictError gives a verdict its exit code.
func verdictError(a *gatev1.CheckResponse) error {
	switch a.Verdict {
	case "pass":
		return nil
	case "fail":
		return withExit(exitFindings, fmt.Errorf("%s of %s is worse than %s", a.Canary, a.Service, a.Baseline))
	}
	return withExit(exitNotEnough, fmt.Errorf("not enough traffic to compare %s of %s with %s", a.Canary, a.Service, a.Baseline))
}
