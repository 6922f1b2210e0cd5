package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
)

func newGraphDiffCommand() *cobra.Command {
	before, after := newSpan(time.Now), newSpan(time.Now)
	req := &graphv1.DiffGraphsRequest{Before: &graphv1.GetGraphRequest{}}
	cmd := &cobra.Command{
		Use:   "diff --before FROM/TO --after FROM/TO",
		Short: "Show what changed between two windows",
		Long: `Show the edges that are new, gone or changed between two windows. A change is
shown when it is more than noise: of all that is shown, one in a hundred is
expected to be a false alarm. Errors are failures per request; slow is the share
of requests above the median of the first window; rate is requests per second,
and changed when also by at least a fifth.

-o json has every test with its probability.`,
		Example: `  plimsoll graph diff --before 20m/10m --after 10m/0s
  plimsoll graph diff --before 26h/25h --after 2h/1h --group-by service -o wide`,
		Args: cobra.NoArgs,
	}
	p, conn := addOutputFlag(cmd), addConnectionFlags(cmd, "viewer")
	flags := cmd.Flags()
	flags.Var(before, "before", "the first window; each end a time, or a duration before now")
	flags.Var(after, "after", "the second window, likewise")
	flags.StringVarP(&req.Before.Namespace, "namespace", "n", "", "only edges that touch this namespace")
	flags.StringVar(&req.Before.Service, "service", "", "only edges that touch this service")
	flags.StringVar(&req.Before.GroupBy, "group-by", "workload", "what a node is: workload, service, version, namespace, cluster, mesh")
	flags.BoolVar(&req.WithSame, "all", false, "also show edges without a change")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		if before.proto() == nil || after.proto() == nil {
			return withExit(exitUsage, errors.New("two windows are needed: name them with --before FROM/TO and --after FROM/TO"))
		}
		c, err := conn.dial()
		if err != nil {
			return err
		}
		req.Before.From, req.Before.To = before.from.proto(), before.to.proto()
		req.After = &graphv1.GetGraphRequest{From: after.from.proto(), To: after.to.proto()}
		answer, err := c.graph.DiffGraphs(cmd.Context(), connect.NewRequest(req))
		if err != nil {
			return conn.explain(err)
		}
		return printDiff(p, answer.Msg)
	}
	return cmd
}

func printDiff(p *printer, d *graphv1.DiffGraphsResponse) error {
	t := table{columns: []column{
		textColumn("CHANGE"), textColumn("SRC"), textColumn("DST"), textColumn("ROUTE"),
		numberColumn("REQ_BEFORE"), numberColumn("REQ_AFTER"), textColumn("WHAT"),
	}}
	r := result{message: d, empty: "No change that is more than noise."}
	for _, c := range d.Changes {
		t.add(c.Kind, clean(c.Src), clean(c.Dst), clean(c.Route), countCell(c.RequestsBefore), countCell(c.RequestsAfter),
			changeCell(c.Tests, p.format == formatWide))
		r.names = append(r.names, strings.Join([]string{c.Kind, c.Src, c.Dst, c.Route}, " "))
	}
	r.tables = []table{t}
	if p.forPeople() {
		p.note("Before %s; after %s; %d edges in both without a change.", windowText(d.Before), windowText(d.After), d.Same)
	}
	return p.print(r)
}

// changeCell writes what changed, such as "errors 0.50%→8.00%"; with all, also
// what did not, and each corrected probability.
func changeCell(tests []*graphv1.EdgeTest, all bool) string {
	var parts []string
	for _, t := range tests {
		if !t.Significant && !all {
			continue
		}
		text := t.Figure
		if t.Figure == "slow" {
			text += ">" + (time.Duration(t.ThresholdUs) * time.Microsecond).String()
		}
		if t.Figure == "rate" {
			text += " " + decimalCell(t.Before, 1) + "/s→" + decimalCell(t.After, 1) + "/s"
		} else {
			text += " " + decimalCell(t.Before*100, 2) + "%→" + decimalCell(t.After*100, 2) + "%"
		}
		if all {
			text += " (q=" + strconv.FormatFloat(t.Q, 'g', 2, 64) + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}
