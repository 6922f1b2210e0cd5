package observe

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	observev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1"
)

// moments lists all points in time of requests and tries, in order. What ends
// comes after what begins at the same microsecond.
func moments(requests []*observev1.RequestRow, tries []*observev1.TryRow) []*observev1.Moment {
	var out []*observev1.Moment
	for _, r := range requests {
		out = append(out, ofRequest(r)...)
	}
	for _, t := range tries {
		out = append(out, ofTry(t)...)
	}
	slices.SortStableFunc(out, func(a, b *observev1.Moment) int {
		return cmp.Or(a.At.AsTime().Compare(b.At.AsTime()), cmp.Compare(order[a.What], order[b.What]))
	})
	for _, m := range out {
		m.OffsetUs = m.At.AsTime().Sub(out[0].At.AsTime()).Microseconds()
	}
	return out
}

var order = map[string]int{
	"request_begin": 0, "try_begin": 1, "connected": 2, "try_response_begin": 3, "response_begin": 4, "try_end": 5, "request_end": 6,
}

func ofRequest(r *observev1.RequestRow) []*observev1.Moment {
	end := r.At.AsTime()
	begin := end.Add(-micros(r.DurationUs))
	moment := func(at time.Time, what, detail string) *observev1.Moment {
		return &observev1.Moment{At: timestamppb.New(at), What: what, Vantage: r.Vantage, Proxy: r.Proxy, Source: r.Source, Detail: detail}
	}
	out := []*observev1.Moment{moment(begin, "request_begin", r.Src+" → "+r.Dst)}
	if r.FirstByteUs > 0 {
		out = append(out, moment(begin.Add(micros(r.FirstByteUs)), "response_begin", ""))
	}
	return append(out, moment(end, "request_end", r.Outcome))
}

// ofTry: the first byte of a try counts from the moment its request was sent on a
// connection.
func ofTry(t *observev1.TryRow) []*observev1.Moment {
	end := t.At.AsTime()
	begin := end.Add(-micros(t.DurationUs))
	connected := begin.Add(micros(t.PoolWaitUs))
	moment := func(at time.Time, what, detail string) *observev1.Moment {
		return &observev1.Moment{At: timestamppb.New(at), What: what, Vantage: t.Vantage, Proxy: t.Proxy, Source: t.Source, Try: t.Number, Detail: detail}
	}
	out := []*observev1.Moment{moment(begin, "try_begin", t.Upstream)}
	if t.PoolWaitUs > 0 {
		out = append(out, moment(connected, "connected", ""))
	}
	if t.FirstByteUs > 0 {
		out = append(out, moment(connected.Add(micros(t.FirstByteUs)), "try_response_begin", ""))
	}
	return append(out, moment(end, "try_end", t.Outcome))
}
