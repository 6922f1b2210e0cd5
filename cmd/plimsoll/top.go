package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
)

// clearScreen moves to the corner and empties the screen (ECMA-48: CUP, ED).
const clearScreen = "\x1b[H\x1b[2J"

// leastEvery keeps a slip of the pen from loading the store.
const leastEvery = time.Second

func newTopCommand() *cobra.Command {
	var window, every time.Duration
	var times int
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Watch the busiest edges",
		Long: `Show the busiest edges of the last minute, again and again until interrupted.
Edges are listed in the order of their rank.`,
		Example: `  plimsoll top
  plimsoll top --rank failures --errors-only --every 2s
  plimsoll top --group-by service --times 1`,
		Args: cobra.NoArgs,
	}
	p, conn, edges := addOutputFlag(cmd), addConnectionFlags(cmd, "viewer"), addGraphFlags(cmd, 20)
	flags := cmd.Flags()
	flags.DurationVar(&window, "window", time.Minute, "length of the window, which ends at the watermark")
	flags.DurationVar(&every, "every", 5*time.Second, "time between two looks")
	flags.IntVar(&times, "times", 0, "how many looks; 0 until interrupted")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		if every < leastEvery {
			return withExit(exitUsage, fmt.Errorf("--every %s is less than %s", every, leastEvery))
		}
		req, err := edges.request()
		if err != nil {
			return err
		}
		c, err := conn.dial()
		if err != nil {
			return err
		}
		req.Window = optionalDuration(window)
		return repeat(cmd.Context(), every, times, func(ctx context.Context) error {
			answer, err := c.graph.GetGraph(ctx, connect.NewRequest(req))
			if err != nil {
				return conn.explain(err)
			}
			if p.forPeople() && times != 1 {
				fmt.Fprint(p.out, clearScreen)
			}
			sortByRank(answer.Msg.Edges, req.RankBy)
			return printEdges(p, req, answer.Msg)
		})
	}
	return cmd
}

// repeat calls f now and then every so often, so many times or until the
// context ends, which is no error.
func repeat(ctx context.Context, every time.Duration, times int, f func(context.Context) error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for i := 1; ; i++ {
		err := f(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil || i == times {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// sortByRank puts edges with most requests, or failures, first; equal ones keep
// their order.
func sortByRank(edges []*graphv1.Edge, by string) {
	slices.SortStableFunc(edges, func(a, b *graphv1.Edge) int {
		if by == "failures" {
			return cmp.Compare(b.Failures, a.Failures)
		}
		return cmp.Compare(b.Requests, a.Requests)
	})
}
