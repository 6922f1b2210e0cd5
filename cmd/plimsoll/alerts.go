package main

import (
	"fmt"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	alertv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1"
)

func newAlertsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "alerts",
		Short: "Show alerts and their deliveries, and keep them quiet",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newAlertsListCommand(), newAlertsDeliveriesCommand(), newAlertsReplayCommand(), newAlertsSilenceCommand())
	return cmd
}

func newAlertsListCommand() *cobra.Command {
	from := when{now: time.Now}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List alerts, firing and resolved, and whether each message arrived",
		Args:  cobra.NoArgs,
	}
	p, conn := addOutputFlag(cmd), addConnectionFlags(cmd, "viewer")
	cmd.Flags().Var(&from, "from", "only alerts since then: a time, or a duration before now")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		c, err := conn.dial()
		if err != nil {
			return err
		}
		answer, err := c.alert.ListAlerts(cmd.Context(), connect.NewRequest(&alertv1.ListAlertsRequest{From: from.proto()}))
		if err != nil {
			return conn.explain(err)
		}
		r := result{message: answer.Msg, empty: "No alerts.", tables: []table{alertTable(answer.Msg.Alerts)}}
		if p.format == formatWide {
			r.tables = append(r.tables, deliveryTable(answer.Msg.Alerts))
		}
		for _, a := range answer.Msg.Alerts {
			r.names = append(r.names, a.Id)
		}
		return p.print(r)
	}
	return cmd
}

func alertTable(alerts []*alertv1.Alert) table {
	t := table{columns: []column{
		textColumn("ID"), textColumn("SLO"), textColumn("SERVICE"), textColumn("SEVERITY"), textColumn("STATE"),
		textColumn("FIRED_AT"), textColumn("RESOLVED_AT"), numberColumn("DELIVERED"),
	}}
	for _, a := range alerts {
		delivered := 0
		for _, d := range a.Deliveries {
			if d.State == "delivered" {
				delivered++
			}
		}
		t.add(clean(a.Id), clean(a.Slo), clean(a.Service), a.Severity, a.State,
			timeCell(a.FiredAt), timeCell(a.ResolvedAt), fmt.Sprintf("%d/%d", delivered, len(a.Deliveries)))
	}
	return t
}

func deliveryTable(alerts []*alertv1.Alert) table {
	t := table{columns: []column{
		textColumn("ALERT"), textColumn("DELIVERY"), textColumn("TARGET"), textColumn("EVENT"), textColumn("STATE"),
		numberColumn("TRIES"), textColumn("DELIVERED_AT"), textColumn("LAST_ERROR"),
	}}
	for _, a := range alerts {
		for _, d := range a.Deliveries {
			t.add(clean(a.Id), clean(d.Id), clean(d.Target), d.Event, d.State,
				countCell(uint64(d.Tries)), timeCell(d.DeliveredAt), clean(d.LastError))
		}
	}
	return t
}
