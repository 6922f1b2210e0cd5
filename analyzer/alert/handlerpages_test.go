package alert

import (
	"fmt"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1"
)

func TestListDeliveries(t *testing.T) {
	db := openState(t, t.TempDir())
	for i := range 5 {
		fireOne(t, ledger{db: db}, fmt.Sprint(i), t0, targetA)
	}
	fireOne(t, ledger{db: db}, "b", t0, []Target{{Name: "b"}})
	c := client(t, NewHandler(db, nil))
	req, got := &alertv1.ListDeliveriesRequest{Target: "a", State: "pending", PageSize: 2}, ""
	for pages := 1; ; pages++ {
		resp, err := c.ListDeliveries(t.Context(), connect.NewRequest(req))
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range resp.Msg.Deliveries {
			got += d.Alert
		}
		if req.PageToken = resp.Msg.NextPageToken; req.PageToken == "" {
			if got != "01234" || pages != 3 {
				t.Errorf("listed %s on %d pages, want 01234 on 3", got, pages)
			}
			break
		}
	}
	for _, wrong := range []*alertv1.ListDeliveriesRequest{{PageToken: "x"}, {PageSize: -1}} {
		if _, err := c.ListDeliveries(t.Context(), connect.NewRequest(wrong)); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("error of %v = %v", wrong, err)
		}
	}
	if _, err := c.ReplayDelivery(t.Context(), connect.NewRequest(&alertv1.ReplayDeliveryRequest{Id: "nope"})); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("replaying nothing: %v", err)
	}
}

func TestSilencesOfTheAPI(t *testing.T) {
	h := NewHandler(openState(t, t.TempDir()), nil)
	h.now = func() time.Time { return t0.Add(time.Minute) }
	c := client(t, h)
	s := &alertv1.Silence{
		Matchers: []*alertv1.Matcher{{Name: "slo", Value: "x", Regex: true, Negate: true}}, StartsAt: timestamppb.New(t0), EndsAt: timestamppb.New(t0.Add(time.Hour)),
		Rule: "FREQ=DAILY", Duration: durationpb.New(time.Hour), Zone: "Europe/Berlin", CreatedBy: "me", Comment: "c",
	}
	made, err := c.CreateSilence(t.Context(), connect.NewRequest(&alertv1.CreateSilenceRequest{Silence: s}))
	if err != nil || !made.Msg.Silence.Active {
		t.Fatal(made, err)
	}
	list, err := c.ListSilences(t.Context(), connect.NewRequest(&alertv1.ListSilencesRequest{}))
	if err != nil || len(list.Msg.Silences) != 1 || list.Msg.Silences[0].String() != made.Msg.Silence.String() {
		t.Errorf("listed %v, %v, want what was made: %v", list, err, made)
	}
	for i, want := range []connect.Code{0, connect.CodeNotFound} { // once
		_, err := c.EndSilence(t.Context(), connect.NewRequest(&alertv1.EndSilenceRequest{Id: made.Msg.Silence.Id}))
		if err != nil && connect.CodeOf(err) != want || err == nil && want != 0 {
			t.Errorf("ending %d: %v", i, err)
		}
	}
	s.Comment = ""
	if _, err := c.CreateSilence(t.Context(), connect.NewRequest(&alertv1.CreateSilenceRequest{Silence: s})); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("a silence without a reason: %v", err)
	}
}
