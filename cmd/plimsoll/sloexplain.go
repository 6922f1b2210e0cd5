package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	slov1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1"
)

func newSLOExplainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain NAME",
		Short: "Show every figure of an SLO with the formula and counts that made it",
		Args:  cobra.ExactArgs(1),
	}
	at := when{now: time.Now}
	conn := addConnectionFlags(cmd, "viewer")
	cmd.Flags().Var(&at, "at", "evaluate as of this time: a time, or a duration before now (default the watermark)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := conn.dial()
		if err != nil {
			return err
		}
		answer, err := c.slo.ListSLOs(cmd.Context(), connect.NewRequest(&slov1.ListSLOsRequest{Name: args[0], At: at.proto()}))
		if err != nil {
			return conn.explain(err)
		}
		for _, s := range answer.Msg.Slos {
			explainSLO(cmd.OutOrStdout(), s)
		}
		return nil
	}
	return cmd
}

// explainSLO writes figures in the order in which they follow from each other.
func explainSLO(w io.Writer, s *slov1.SLOStatus) {
	until := ""
	if to := s.GetWindow().GetTo(); to != nil {
		until = ", up to " + timeCell(to)
	}
	fmt.Fprintf(w, "%s: %s %% of %s over %s%s: %s\n", clean(s.Name), trimmedPercent(s.Objective), clean(s.Service), durationCell(s.Period), until, s.State)
	if s.Reason != "" {
		fmt.Fprintf(w, "  %s\n", clean(s.Reason))
	}
	bad, beta := s.Total-s.Good, 1-s.Objective
	if s.Sli == nil {
		fmt.Fprintf(w, "  SLI        good ÷ total = %d ÷ %d: undefined without events\n", s.Good, s.Total)
	} else {
		fmt.Fprintf(w, "  SLI        good ÷ total = %d ÷ %d = %s %%\n", s.Good, s.Total, percentCell(s.Sli, 3))
	}
	if i := s.SliInterval; i != nil && s.Sli != nil {
		fmt.Fprintf(w, "             Wilson, 95 %%: %s to %s %%\n", percentCell(&i.Low, 3), percentCell(&i.High, 3))
	}
	fmt.Fprintf(w, "  allowed    (1 − objective) × total = %s × %d = %s\n", number(beta), s.Total, number(s.BudgetAllowed))
	fmt.Fprintf(w, "  spent      total − good = %d − %d = %d\n", s.Total, s.Good, bad)
	fmt.Fprintf(w, "  left       allowed − spent = %s − %d = %s\n", number(s.BudgetAllowed), bad, number(s.BudgetAllowed-float64(bad)))
	if s.BudgetRemaining != nil {
		fmt.Fprintf(w, "  remaining  1 − spent ÷ allowed = 1 − %d ÷ %s = %s %%\n", bad, number(s.BudgetAllowed), percentCell(s.BudgetRemaining, 1))
	}
	for _, b := range s.BurnRates {
		explainRow(w, b, beta)
	}
}

func explainRow(w io.Writer, b *slov1.BurnRate, beta float64) {
	verdict := "does not fire"
	if b.Firing {
		verdict = "fires"
	}
	fmt.Fprintf(w, "  %s %s: both rates must exceed %s\n", b.Severity, verdict, number(b.Factor))
	for _, r := range []struct {
		length     string
		bad, total uint64
		rate       *float64
	}{
		{durationCell(b.LongWindow), b.LongBad, b.LongTotal, b.LongRate},
		{durationCell(b.ShortWindow), b.ShortBad, b.ShortTotal, b.ShortRate},
	} {
		if r.rate == nil {
			fmt.Fprintf(w, "    %-8s (bad ÷ total) ÷ (1 − objective) = (%d ÷ %d) ÷ %s: undefined without events\n", r.length, r.bad, r.total, number(beta))
			continue
		}
		fmt.Fprintf(w, "    %-8s (bad ÷ total) ÷ (1 − objective) = (%d ÷ %d) ÷ %s = %s\n", r.length, r.bad, r.total, number(beta), number(*r.rate))
	}
}

// number writes at most six significant digits and no zeros after them.
func number(v float64) string {
	text := strconv.FormatFloat(v, 'g', 6, 64)
	if back, err := strconv.ParseFloat(text, 64); err == nil {
		return strconv.FormatFloat(back, 'f', -1, 64)
	}
	return text
}
