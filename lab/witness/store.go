package witness

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Rows are the rows that ClickHouse holds.
type Rows struct {
	Requests, Attempts uint64
	// Doubled counts rows that are there more than once: same proxy, call,
	// attempt and end.
	Doubled uint64
	// Received is what the collectors' heartbeats say they received. Their counts
	// begin again when a collector does.
	Received uint64
}

const rowsSQL = `
SELECT
  (SELECT count() FROM requests),
  (SELECT count() FROM attempts),
  (SELECT count() - uniqExact(proxy, vantage, call_id, request_id, attempt, ts, duration_us, upstream) FROM requests)
  + (SELECT count() - uniqExact(proxy, call_id, request_id, number, ts, duration_us, upstream) FROM attempts),
  (SELECT sum(n) FROM (
    SELECT arraySum(arrayMap((now, before) -> if(now < before, now, now - before), counts, arrayPopBack(arrayPushFront(counts, toInt64(0))))) AS n
    FROM (
      SELECT arrayMap(x -> toInt64(x.2), arraySort(groupArray((ts, requests + attempts)))) AS counts
      FROM heartbeats WHERE proxy != '' GROUP BY proxy, collector)))
FORMAT TabSeparated`

// StoredRows counts the rows of a database behind ClickHouse's HTTP interface
// on a unix socket.
func StoredRows(ctx context.Context, socket, database string) (Rows, error) {
	text, err := call(ctx, socket, http.MethodPost, "/", url.Values{"database": {database}}, rowsSQL)
	if err != nil {
		return Rows{}, fmt.Errorf("counting stored rows: %w", err)
	}
	var n [4]uint64
	fields := strings.Fields(text)
	if len(fields) != len(n) {
		return Rows{}, fmt.Errorf("counting stored rows: %d fields instead of %d in %q", len(fields), len(n), text)
	}
	for i, f := range fields {
		if n[i], err = strconv.ParseUint(f, 10, 64); err != nil {
			return Rows{}, fmt.Errorf("counting stored rows: %w", err)
		}
	}
	return Rows{Requests: n[0], Attempts: n[1], Doubled: n[2], Received: n[3]}, nil
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
