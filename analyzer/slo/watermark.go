package slo

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// StoreWatermark is the watermark of the store behind conn, for judging how
// things stand now: without a live collector there is none, and every SLO is
// without data, however fresh the rows of a moment ago still are.
func StoreWatermark(conn driver.Conn) WatermarkFunc {
	return func(ctx context.Context, at time.Time) (time.Time, string, error) {
		m, err := query.Watermark(ctx, conn, at)
		if !m.Live() {
			return time.Time{}, m.Reason, err
		}
		return m.At, "", err
	}
}
