package main

import (
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	slov1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1"
)

func newSLOCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "slo",
		Short: "Show service level objectives and their error budgets",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newSLOListCommand(), newSLOStatusCommand(), newSLOExplainCommand(), newSLOValidateCommand(), newSLOTestCommand())
	return cmd
}

func newSLOListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the SLOs with what is left of their budgets",
		Long: `List the SLOs with what is left of their budgets.

BUDGET% is the signed share of the error budget that is left over the period: 100
with no bad event, 0 when it is spent, negative beyond. It is "-" without events.`,
		Args: cobra.NoArgs,
	}
	ask := sloQuery(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return ask(cmd, "", func(r *result) { r.tables = []table{sloTable(sloList(r))} })
	}
	return cmd
}

func newSLOStatusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show one SLO, or all, with the burn rates behind their alerts",
		Long: `Show one SLO, or all, with the burn rates behind their alerts.

A burn rate of 1 spends the budget in exactly one period. An alert fires while the
rates of both its windows exceed FACTOR.`,
		Args: cobra.MaximumNArgs(1),
	}
	ask := sloQuery(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name := ""
		if len(args) == 1 {
			name = args[0]
		}
		return ask(cmd, name, func(r *result) {
			r.tables = []table{sloTable(sloList(r)), burnTable(sloList(r))}
		})
	}
	return cmd
}

// sloQuery adds the flags of both commands and returns what asks and prints.
func sloQuery(cmd *cobra.Command) func(cmd *cobra.Command, name string, tables func(*result)) error {
	at := when{now: time.Now}
	p, conn := addOutputFlag(cmd), addConnectionFlags(cmd, "viewer")
	cmd.Flags().Var(&at, "at", "evaluate as of this time: a time, or a duration before now (default the watermark)")
	return func(cmd *cobra.Command, name string, tables func(*result)) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		c, err := conn.dial()
		if err != nil {
			return err
		}
		req := &slov1.ListSLOsRequest{Name: name, At: at.proto()}
		answer, err := c.slo.ListSLOs(cmd.Context(), connect.NewRequest(req))
		if err != nil {
			return conn.explain(err)
		}
		r := result{message: answer.Msg, empty: `No SLOs: name OpenSLO files under "slos" in the analyzer's configuration.`}
		for _, s := range answer.Msg.Slos {
			r.names = append(r.names, s.Name)
		}
		tables(&r)
		return p.print(r)
	}
}

func sloList(r *result) []*slov1.SLOStatus {
	return r.message.(*slov1.ListSLOsResponse).Slos
}

func sloTable(slos []*slov1.SLOStatus) table {
	t := table{columns: []column{
		textColumn("NAME"), textColumn("SERVICE"), numberColumn("OBJECTIVE%"), textColumn("PERIOD"), textColumn("STATE"),
		numberColumn("SLI%"), numberColumn("BUDGET%"), numberColumn("GOOD"), numberColumn("TOTAL"),
		textColumn("UNTIL").onlyWide(), numberColumn("SLI_LOW%").onlyWide(), numberColumn("SLI_HIGH%").onlyWide(),
		numberColumn("BUDGET_EVENTS").onlyWide(), textColumn("REASON").onlyWide(),
	}}
	for _, s := range slos {
		var low, high *float64
		if s.SliInterval != nil {
			low, high = &s.SliInterval.Low, &s.SliInterval.High
		}
		t.add(clean(s.Name), clean(s.Service), trimmedPercent(s.Objective), durationCell(s.Period), s.State,
			percentCell(s.Sli, 3), percentCell(s.BudgetRemaining, 1), countCell(s.Good), countCell(s.Total),
			timeCell(s.GetWindow().GetTo()), percentCell(low, 3), percentCell(high, 3),
			decimalCell(s.BudgetAllowed, 1), clean(s.Reason))
	}
	return t
}

func burnTable(slos []*slov1.SLOStatus) table {
	t := table{columns: []column{
		textColumn("NAME"), textColumn("SEVERITY"), textColumn("LONG"), textColumn("SHORT"), numberColumn("FACTOR"),
		numberColumn("LONG_RATE"), numberColumn("SHORT_RATE"), textColumn("FIRING"),
		numberColumn("LONG_BAD").onlyWide(), numberColumn("LONG_TOTAL").onlyWide(),
		numberColumn("SHORT_BAD").onlyWide(), numberColumn("SHORT_TOTAL").onlyWide(),
	}}
	for _, s := range slos {
		for _, b := range s.BurnRates {
			t.add(clean(s.Name), b.Severity, durationCell(b.LongWindow), durationCell(b.ShortWindow), decimalCell(b.Factor, 2),
				rateCell(b.LongRate), rateCell(b.ShortRate), yesNo(b.Firing),
				countCell(b.LongBad), countCell(b.LongTotal), countCell(b.ShortBad), countCell(b.ShortTotal))
		}
	}
	return t
}

func rateCell(rate *float64) string {
	if rate == nil {
		return ""
	}
	return decimalCell(*rate, 2)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
