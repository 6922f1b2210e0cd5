package schema

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// whole is a share of one, in millionths.
const whole = 1_000_000

// share returns the share of calls whose rows are kept, in millionths.
func (o Options) share() (int64, error) {
	if o.RawShare == 0 {
		return whole, nil
	}
	millionths := int64(o.RawShare*whole + 0.5)
	if !(o.RawShare > 0 && o.RawShare <= 1) || millionths == 0 {
		return 0, fmt.Errorf("raw share: %v is not between 0.000001 and 1", o.RawShare)
	}
	return millionths, nil
}

// sample has the view that fills requests keep the given share of calls. The
// view is changed in place, so no row passes between two views. Rollups hang
// on requests_in, not on requests, and go on counting every row.
func sample(ctx context.Context, conn driver.Conn, r Rendering, share int64) error {
	var text string
	err := conn.QueryRow(ctx, `SELECT as_select FROM system.tables
		WHERE database = currentDatabase() AND name = 'requests_view'`).Scan(&text)
	if err != nil {
		return fmt.Errorf("reading the share of requests that is kept: %w", err)
	}
	if sampled(text) == share {
		return nil
	}
	statements, err := r.render("requests_view", share)
	if err != nil {
		return err
	}
	if err := execAll(ctx, conn, statements); err != nil {
		return fmt.Errorf("changing the share of requests that is kept to %d millionths: %w", share, err)
	}
	return nil
}

// shareClause is what the condition of the view holds in any case.
var shareClause = regexp.MustCompile(`% 1000000\) < (\d+)`)

// sampled reads the share, in millionths, from the text of the view.
func sampled(view string) int64 {
	m := shareClause.FindStringSubmatch(view)
	if m == nil {
		return whole
	}
	share, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return whole
	}
	return share
}
