package slo

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// StoreWatermark is the watermark of the store behind conn.
func StoreWatermark(conn driver.Conn) WatermarkFunc {
	return func(ctx context.Context, at time.Time) (time.Time, string, error) {
		m, err := query.Watermark(ctx, conn, at)
		return m.At, m.Reason, err
	}
}
