package graph

import (
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
)

// fillCounts stores an hour of minutes of 5,000 edges between 1,000 services,
// which starts half an hour after from, so that no whole hour serves it.
const fillCounts = `INSERT INTO edge_counts_1m (dst_service, dst, src_service, src, route, method, protocol, vantage,
	outcome, ts, requests, attempts)
SELECT concat('s', toString(intDiv(e * 7, 5) % 1000)) AS d, concat('m/c/n/', d), concat('s', toString(intDiv(e, 5))) AS s,
	concat('m/c/n/', s), 'r', 'GET', 'http1', 'client', 'ok', fromUnixTimestamp(toUInt32(?)) + 60 * m, 10 + e, 10 + e
FROM (SELECT number % 5000 AS e, intDiv(number, 5000) AS m FROM numbers(300000))`

const fillLatency = `INSERT INTO edge_latency_1m (dst_service, dst, src_service, src, route, vantage, kind, result, ts, hist)
SELECT concat('s', toString(intDiv(e * 7, 5) % 1000)) AS d, concat('m/c/n/', d), concat('s', toString(intDiv(e, 5))) AS s,
	concat('m/c/n/', s), 'r', 'client', 'total', 'ok', fromUnixTimestamp(toUInt32(?)) + 60 * m,
	mapFromArrays(arrayMap(i -> toInt16(200 + i), range(10)), arrayMap(i -> toUInt64(1 + i), range(10)))
FROM (SELECT number % 5000 AS e, intDiv(number, 5000) AS m FROM numbers(300000))`

// BenchmarkGraph answers for one hour of 5,000 edges: counts alone, with
// percentiles of the 200 busiest, and, to compare with, with those of all.
func BenchmarkGraph(b *testing.B) {
	reader, writer := openStore(b)
	from := recently().Add(-30 * time.Minute)
	for _, sql := range []string{fillCounts, fillLatency} {
		if err := writer.Exec(b.Context(), sql, from.Unix()); err != nil {
			b.Fatal(err)
		}
	}
	now := from.Add(70 * time.Minute)
	heartbeat(b, writer, now, now)
	service := New(reader, func() time.Time { return now })
	for _, c := range []struct {
		name  string
		req   *graphv1.GetGraphRequest
		edges int
	}{
		{"counts", &graphv1.GetGraphRequest{CountsOnly: true}, 5_000},
		{"percentiles", &graphv1.GetGraphRequest{Limit: 200}, 200},
		{"percentiles of all", &graphv1.GetGraphRequest{}, 5_000},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.req.From, c.req.To = timestamppb.New(from), timestamppb.New(from.Add(time.Hour))
			for b.Loop() {
				answer, err := service.GetGraph(b.Context(), connect.NewRequest(c.req))
				if err != nil {
					b.Fatal(err)
				}
				if got := len(answer.Msg.Edges); got != c.edges {
					b.Fatalf("%d edges, want %d", got, c.edges)
				}
			}
		})
	}
}
