package observe

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	observev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1"
)

// TestMoments lays out a call of 30 ms with two tries, the second of which the
// server's proxy saw.
func TestMoments(t *testing.T) {
	ms := func(n int) *timestamppb.Timestamp {
		return timestamppb.New(noon.Add(time.Duration(n) * time.Millisecond))
	}
	got := moments(
		[]*observev1.RequestRow{
			{At: ms(30), Vantage: "client", DurationUs: 30_000, FirstByteUs: 28_000, Outcome: "ok"},
			{At: ms(27), Vantage: "server", DurationUs: 10_000, Outcome: "ok"},
		},
		[]*observev1.TryRow{
			{At: ms(15), Vantage: "client", Number: 1, DurationUs: 15_000, PoolWaitUs: 1000, Outcome: "timeout"},
			{At: ms(30), Vantage: "client", Number: 2, DurationUs: 14_000, FirstByteUs: 12_000, Outcome: "ok"},
		})
	var text []string
	for _, m := range got {
		text = append(text, fmt.Sprintf("%d %s %s %d", m.OffsetUs, m.Vantage, m.What, m.Try))
	}
	want := []string{
		"0 client request_begin 0", "0 client try_begin 1", "1000 client connected 1", "15000 client try_end 1",
		"16000 client try_begin 2", "17000 server request_begin 0", "27000 server request_end 0",
		"28000 client try_response_begin 2", "28000 client response_begin 0", "30000 client try_end 2", "30000 client request_end 0",
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("moments (-want +got):\n%s", diff)
	}
}

// TestCursor: a block that was seen owes nothing before the frontier, one that was
// not owes all of it.
func TestCursor(t *testing.T) {
	c := &cursor{}
	c.advance(noon, []block{{id: "seen"}})
	onTime, late, blocks := c.due([]block{{"seen", 5, 2}, {"new", 3, 1}, {"fresh", 0, 4}})
	if onTime != 7 || late != 3 || len(blocks) != 1 || blocks[0] != "new" {
		t.Errorf("%d on time, %d late of %v", onTime, late, blocks)
	}
	c.advance(noon.Add(time.Second), []block{{id: "new"}})
	if _, late, _ = c.due([]block{{"new", 4, 0}}); late != 0 {
		t.Errorf("%d rows of a block that was sent are late", late)
	}
}
