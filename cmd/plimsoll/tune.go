package main

import (
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

func newTuneCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tune",
		Short: "Judge timeouts, retries and breakers of an edge, and apply what was judged",
		Long: `Judge the limits of an edge from stored rows, and apply what was judged.

Verdicts: RECOMMEND (set this value), KEEP (the value is right), PROBE (not
knowable from these rows; this value would make it so), CONFLICT (no value meets
all demands) and INSUFFICIENT (too few rows).`,
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(newTunePlanCommand(), newTuneApplyCommand(), newTuneRollbackCommand(), newTuneHistoryCommand())
	return cmd
}

// tuneCommand is what the four commands share: output, connection, and an edge
// for those that take one.
type tuneCommand struct {
	*printer
	*connection
}

func newTuneSubcommand(cmd *cobra.Command, role string) *tuneCommand {
	return &tuneCommand{printer: addOutputFlag(cmd), connection: addConnectionFlags(cmd, role)}
}

func (t *tuneCommand) open(cmd *cobra.Command) (*client, error) {
	if err := t.check(cmd); err != nil {
		return nil, err
	}
	return t.dial()
}

func addEdgeFlags(cmd *cobra.Command, edge *typesv1.EdgeRef) {
	cmd.Flags().StringVarP(&edge.Namespace, "namespace", "n", "default", "namespace of the edge")
	cmd.Flags().StringVar(&edge.Route, "route", "", "route of the edge (default all routes)")
}

func newTunePlanCommand() *cobra.Command {
	edge := &typesv1.EdgeRef{}
	healthy, stressed := newSpan(time.Now), newSpan(time.Now)
	var deadline time.Duration
	cmd := &cobra.Command{
		Use:   "plan SRC DST",
		Short: "Judge the limits that service SRC keeps towards service DST",
		Long: `Judge the limits that service SRC keeps towards service DST, and keep the
judgement as a plan that "plimsoll tune apply" can apply.

By default the healthy window is the last green stretch before the latest burn of
an SLO, and the stressed one is that burn. The exit code is 75 when every verdict
is INSUFFICIENT.`,
		Example: `  plimsoll tune plan reviews ratings
  plimsoll tune plan reviews ratings --healthy 20m/10m --stressed 10m/8m --deadline 1s`,
		Args: cobra.ExactArgs(2),
	}
	t := newTuneSubcommand(cmd, "viewer")
	addEdgeFlags(cmd, edge)
	cmd.Flags().Var(healthy, "healthy", "window of normal traffic, as FROM/TO, each a time or a duration before now")
	cmd.Flags().Var(stressed, "stressed", "window of overload, likewise")
	cmd.Flags().DurationVar(&deadline, "deadline", 0, "how long the user waits at most (default from the SLO that burnt)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		edge.SrcService, edge.DstService = args[0], args[1]
		c, err := t.open(cmd)
		if err != nil {
			return err
		}
		answer, err := c.tune.Plan(cmd.Context(), connect.NewRequest(&tunev1.PlanRequest{
			Edge: edge, Healthy: healthy.proto(), Stressed: stressed.proto(), Deadline: optionalDuration(deadline),
		}))
		if err != nil {
			return t.explain(err)
		}
		if err := t.printPlan(answer.Msg); err != nil {
			return err
		}
		return sufficient(answer.Msg.GetPlan())
	}
	return cmd
}

// sufficient is the error of a plan that could judge nothing.
func sufficient(p *tunev1.Plan) error {
	for _, r := range p.GetRecommendations() {
		if r.Verdict != "INSUFFICIENT" {
			return nil
		}
	}
	return withExit(exitNotEnough, errors.New("too few rows to judge any limit of this edge: wait, or name longer windows"))
}

func newTuneApplyCommand() *cobra.Command {
	req := &tunev1.ApplyRequest{}
	cmd := &cobra.Command{
		Use:   "apply PLAN",
		Short: "Set what a plan recommends, on every caller's proxy",
		Long: `Set what a plan recommends, on every caller's proxy: runtime values first, then
routes. It returns when the proxies have confirmed. "plimsoll tune rollback" takes
it back.`,
		Args: cobra.ExactArgs(1),
	}
	t := newTuneSubcommand(cmd, "operator")
	cmd.Flags().BoolVar(&req.WithoutProbes, "without-probes", false, "leave limits with the verdict PROBE alone")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		req.PlanId = args[0]
		c, err := t.open(cmd)
		if err != nil {
			return err
		}
		answer, err := c.tune.Apply(cmd.Context(), connect.NewRequest(req))
		if err != nil {
			return t.explain(err)
		}
		t.note("Applied plan %s to %s.", answer.Msg.GetPlan().GetId(), edgeText(answer.Msg.GetPlan().GetEdge()))
		return t.printChanges(result{message: answer.Msg}, answer.Msg.GetResult())
	}
	return cmd
}

func newTuneRollbackCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rollback [PLAN]",
		Short: "Take back a plan that was applied, by default the last one",
		Args:  cobra.MaximumNArgs(1),
	}
	t := newTuneSubcommand(cmd, "operator")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := t.open(cmd)
		if err != nil {
			return err
		}
		answer, err := c.tune.Rollback(cmd.Context(), connect.NewRequest(&tunev1.RollbackRequest{PlanId: firstOf(args...)}))
		if err != nil {
			return t.explain(err)
		}
		t.note("Rolled back plan %s on %s.", answer.Msg.GetPlan().GetId(), edgeText(answer.Msg.GetPlan().GetEdge()))
		return t.printChanges(result{message: answer.Msg}, answer.Msg.GetResult())
	}
	return cmd
}

func newTuneHistoryCommand() *cobra.Command {
	edge := &typesv1.EdgeRef{}
	cmd := &cobra.Command{
		Use:   "history [SRC DST]",
		Short: "List plans, newest first, and when each was applied and rolled back",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) == 2 {
				return nil
			}
			return fmt.Errorf("name both services of the edge, or none")
		},
	}
	t := newTuneSubcommand(cmd, "viewer")
	addEdgeFlags(cmd, edge)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		req := &tunev1.ListPlansRequest{}
		if len(args) == 2 {
			edge.SrcService, edge.DstService = args[0], args[1]
			req.Edge = edge
		}
		c, err := t.open(cmd)
		if err != nil {
			return err
		}
		answer, err := c.tune.ListPlans(cmd.Context(), connect.NewRequest(req))
		if err != nil {
			return t.explain(err)
		}
		r := result{message: answer.Msg, empty: "No plans.", tables: []table{planTable(answer.Msg.Plans)}}
		for _, p := range answer.Msg.Plans {
			r.names = append(r.names, p.Id)
		}
		return t.print(r)
	}
	return cmd
}
