package witness

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Rows are the rows that ClickHouse holds of one proxy.
type Rows struct {
	Proxy              string // Envoy's node.id
	Requests, Attempts uint64
	// Doubled counts rows that are there more than once: same call, attempt and
	// end.
	Doubled uint64
	// Received is what the collectors say they received, in all their lives.
	Received uint64
}

const rowsSQL = `
SELECT proxy, sum(requests), sum(attempts), sum(doubled), sum(received) FROM (
  SELECT proxy, count() AS requests, 0 AS attempts,
    count() - uniqExact(vantage, call_id, request_id, attempt, ts, duration_us, upstream) AS doubled, 0 AS received
  FROM requests GROUP BY proxy
  UNION ALL
  SELECT proxy, 0, count(), count() - uniqExact(call_id, request_id, number, ts, duration_us, upstream), 0
  FROM attempts GROUP BY proxy
  UNION ALL
  SELECT proxy, 0, 0, 0, sum(n) FROM (
    SELECT proxy, max(requests + attempts) AS n FROM heartbeats WHERE proxy != '' GROUP BY proxy, collector, started
  ) GROUP BY proxy
) GROUP BY proxy ORDER BY proxy
FORMAT TabSeparated`

// StoredRows counts the rows of a database behind ClickHouse's HTTP interface
// on a unix socket, by proxy.
func StoredRows(ctx context.Context, socket, database string) ([]Rows, error) {
	text, err := call(ctx, socket, http.MethodPost, "/", url.Values{"database": {database}}, rowsSQL)
	if err != nil {
		return nil, fmt.Errorf("counting stored rows: %w", err)
	}
	var list []Rows
	for line := range strings.Lines(text) {
		r, err := parseRows(line)
		if err != nil {
			return nil, fmt.Errorf("counting stored rows: %w", err)
		}
		list = append(list, r)
	}
	return list, nil
}

func parseRows(line string) (Rows, error) {
	fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
	if len(fields) != 5 {
		return Rows{}, fmt.Errorf("%d fields instead of 5 in %q", len(fields), line)
	}
	r := Rows{Proxy: fields[0]}
	for i, to := range []*uint64{&r.Requests, &r.Attempts, &r.Doubled, &r.Received} {
		var err error
		if *to, err = strconv.ParseUint(fields[i+1], 10, 64); err != nil {
			return Rows{}, err
		}
	}
	return r, nil
}

// StoreReady tells whether ClickHouse answers on a unix socket.
func StoreReady(ctx context.Context, socket string) error {
	_, err := call(ctx, socket, http.MethodGet, "/ping", nil, "")
	return err
}

// StoreVersion asks ClickHouse for its version.
func StoreVersion(ctx context.Context, socket string) (string, error) {
	text, err := call(ctx, socket, http.MethodPost, "/", nil, "SELECT version() FORMAT TabSeparatedRaw")
	if err != nil {
		return "", fmt.Errorf("asking ClickHouse for its version: %w", err)
	}
	return strings.TrimSpace(text), nil
}
