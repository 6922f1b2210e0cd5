package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/bench/suite"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// size measures what a request takes on disk: the recording, sent to a collector
// again and again with fresh ids and times, merged.
func (p *Place) size() suite.Measurement {
	const rounds, spread = 250, 40 * time.Minute
	return suite.Measurement{
		Name: "bytes_per_row", What: "disk space of a row of requests after merges",
		Figures: []suite.Spec{
			{Name: "bytes_per_row", Unit: "B", Target: suite.AtMost(60)},
			{Name: "bytes_per_row_without_ids", Unit: "B", Target: suite.AtMost(25)},
		},
		Runs: 1, // the same bytes each time, but for the ids
		Once: func(ctx context.Context) ([]float64, error) {
			dsn := fmt.Sprintf("unix://%s?database=size", p.socket)
			c, err := p.startCollector(ctx, "bench-size", dsn)
			if err != nil {
				return nil, err
			}
			defer c.process.Stop()
			s, err := dial(c.address)
			if err != nil {
				return nil, err
			}
			defer func() { _ = s.conn.Close() }()
			begin := time.Now().Add(-spread)
			for n := range rounds {
				p.corpus.Fresh(newRand(), begin.Add(spread*time.Duration(n)/rounds))
				list, err := byStream(p.corpus.Messages, messageBytes)
				if err != nil {
					return nil, err
				}
				if _, err := s.send(ctx, list, 1, freely); err != nil {
					return nil, err
				}
			}
			c.process.Stop() // stores what is left
			return rowSize(ctx, dsn)
		},
	}
}

// sizeSQL answers with the bytes of a row in all files, and those of the columns
// that nothing can compress.
const sizeSQL = `SELECT
	(SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE database = currentDatabase() AND table = 'requests' AND active),
	(SELECT sum(column_data_compressed_bytes) / any(total.rows) FROM system.parts_columns,
		(SELECT sum(rows) AS rows FROM system.parts WHERE database = currentDatabase() AND table = 'requests' AND active) AS total
	 WHERE database = currentDatabase() AND table = 'requests' AND active AND column IN ('call_id', 'trace_id', 'span_id'))`

func rowSize(ctx context.Context, dsn string) ([]float64, error) {
	parsed, err := query.ParseDSN(dsn)
	if err != nil {
		return nil, err
	}
	conn, err := query.OpenWriter(parsed)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.Exec(ctx, "OPTIMIZE TABLE requests FINAL"); err != nil {
		return nil, err
	}
	var all, ids float64
	if err := conn.QueryRow(ctx, sizeSQL).Scan(&all, &ids); err != nil {
		return nil, err
	}
	return []float64{all, all - ids}, nil
}
