package main

import (
	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	alertv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1"
)

func newAlertsDeliveriesCommand() *cobra.Command {
	req := &alertv1.ListDeliveriesRequest{PageSize: 1000}
	cmd := &cobra.Command{
		Use:   "deliveries",
		Short: "List messages to receivers, in the order of their making",
		Args:  cobra.NoArgs,
	}
	p, conn := addOutputFlag(cmd), addConnectionFlags(cmd, "viewer")
	cmd.Flags().StringVar(&req.Target, "target", "", "only those to this receiver")
	cmd.Flags().StringVar(&req.State, "state", "", "only pending, delivered, dead or skipped ones")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		c, err := conn.dial()
		if err != nil {
			return err
		}
		all := &alertv1.ListDeliveriesResponse{}
		for {
			answer, err := c.alert.ListDeliveries(cmd.Context(), connect.NewRequest(req))
			if err != nil {
				return conn.explain(err)
			}
			all.Deliveries = append(all.Deliveries, answer.Msg.Deliveries...)
			if req.PageToken = answer.Msg.NextPageToken; req.PageToken == "" {
				break
			}
		}
		r := result{message: all, empty: "No deliveries.", tables: []table{deliveriesTable(all.Deliveries)}}
		for _, d := range all.Deliveries {
			r.names = append(r.names, d.Id)
		}
		return p.print(r)
	}
	return cmd
}

func deliveriesTable(list []*alertv1.Delivery) table {
	t := table{columns: []column{
		textColumn("ALERT"), textColumn("DELIVERY"), textColumn("TARGET"), textColumn("EVENT"), textColumn("STATE"),
		numberColumn("TRIES"), textColumn("DELIVERED_AT"), textColumn("LAST_ERROR"),
	}}
	for _, d := range list {
		t.add(clean(d.Alert), clean(d.Id), clean(d.Target), d.Event, d.State,
			countCell(uint64(d.Tries)), timeCell(d.DeliveredAt), clean(d.LastError))
	}
	return t
}

func newAlertsReplayCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay DELIVERY",
		Short: "Send a dead message again, under the same id",
		Args:  cobra.ExactArgs(1),
	}
	p, conn := addOutputFlag(cmd), addConnectionFlags(cmd, "operator")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		c, err := conn.dial()
		if err != nil {
			return err
		}
		answer, err := c.alert.ReplayDelivery(cmd.Context(), connect.NewRequest(&alertv1.ReplayDeliveryRequest{Id: args[0]}))
		if err != nil {
			return conn.explain(err)
		}
		t := table{columns: []column{textColumn("SENT_AGAIN")}}
		for _, id := range answer.Msg.Ids {
			t.add(clean(id))
		}
		return p.print(result{message: answer.Msg, tables: []table{t}, names: answer.Msg.Ids})
	}
	return cmd
}
