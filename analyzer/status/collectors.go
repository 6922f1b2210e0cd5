package status

import (
	"context"
	"fmt"
	"time"

	"connectrpc.com/connect"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"google.golang.org/protobuf/types/known/durationpb"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// ListCollectors tells how far behind collectors are, and when they said
// nothing.
func (s *Service) ListCollectors(ctx context.Context, req *connect.Request[statusv1.ListCollectorsRequest]) (*connect.Response[statusv1.ListCollectorsResponse], error) {
	from, to, err := window(req.Msg, s.now())
	if err != nil {
		return nil, err
	}
	collectors, err := readCollectors(ctx, s.conn, from, to)
	if err != nil {
		return nil, err
	}
	blind, err := query.BlindIntervals(ctx, s.conn, from, to)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(collectorList(collectors, blind, to)), nil
}

// collector is what one said last within a window.
type collector struct {
	name                   string
	started, seen, through time.Time
	proxies                uint64
}

func readCollectors(ctx context.Context, conn driver.Conn, from, to time.Time) ([]collector, error) {
	rows, err := conn.Query(ctx, `
		SELECT collector, argMax(started, ts), maxIf(ts, proxy = ''), max(complete_through), uniqExactIf(proxy, proxy != '') FROM heartbeats
		WHERE ts >= fromUnixTimestamp64Micro(?, 'UTC') AND ts <= fromUnixTimestamp64Micro(?, 'UTC')
		GROUP BY collector ORDER BY collector LIMIT ?`, from.UnixMicro(), to.UnixMicro(), maxCollectors+1)
	if err != nil {
		return nil, fmt.Errorf("reading heartbeats of collectors: %w", err)
	}
	defer rows.Close()
	var out []collector
	for rows.Next() {
		var c collector
		if err := rows.Scan(&c.name, &c.started, &c.seen, &c.through, &c.proxies); err != nil {
			return nil, fmt.Errorf("reading heartbeats of collectors: %w", err)
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

func collectorList(collectors []collector, blind []query.BlindInterval, to time.Time) *statusv1.ListCollectorsResponse {
	answer := &statusv1.ListCollectorsResponse{Truncated: len(collectors) > maxCollectors || len(blind) > maxIntervals}
	for _, c := range collectors[:min(maxCollectors, len(collectors))] {
		one := &statusv1.Collector{
			Name: c.name, Started: at(c.started), LastSeen: at(c.seen), CompleteThrough: at(c.through), Proxies: c.proxies,
		}
		if one.CompleteThrough != nil {
			one.Lag = durationpb.New(to.Sub(c.through))
		}
		answer.Collectors = append(answer.Collectors, one)
	}
	for _, b := range blind[:min(maxIntervals, len(blind))] {
		answer.BlindIntervals = append(answer.BlindIntervals, &statusv1.BlindInterval{
			Collector: b.Collector, From: at(b.From), To: at(b.To), Open: b.Open,
		})
		answer.Findings = append(answer.Findings, judgeBlind(b))
	}
	return answer
}

func judgeBlind(b query.BlindInterval) *statusv1.Finding {
	length := b.To.Sub(b.From).Round(time.Second)
	f := &statusv1.Finding{
		Code: codeBlindCollector, Subject: b.Collector,
		Detail: fmt.Sprintf("it said nothing from %s to %s (%s): rows of its proxies may be missing", stamp(b.From), stamp(b.To), length),
		Remedy: "see its log for what stopped it then; the completeness of its proxies says what was lost",
	}
	if b.Open {
		f.Detail = fmt.Sprintf("it has said nothing since %s (%s): rows of its proxies are missing", stamp(b.From), length)
		f.Remedy = "start it again, or look at its log for why it does not reach the store; blocks in its write-ahead log are not lost"
	}
	return f
}
