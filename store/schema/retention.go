package schema

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

const day = 24 * time.Hour

// minRetention keeps a slip of the pen from emptying a table: rows may be
// stored an hour after they were made (record.MaxAge).
const minRetention = 2 * time.Hour

// DefaultRetention returns how long each table keeps its rows unless
// Options.Retention says otherwise. Rows go by whole partitions, a day's, or
// in the tables kept longest a month's, so they may stay that much longer.
func DefaultRetention() map[string]time.Duration {
	return map[string]time.Duration{
		"requests": 3 * day, "attempts": 3 * day, "spans": 3 * day, "logs": 3 * day,
		"edge_samples": 3 * day, "flows": 3 * day,
		"edge_counts_10s": 3 * day, "edge_latency_10s": 3 * day,
		"edge_counts_1m": 40 * day, "edge_latency_1m": 40 * day,
		"edge_counts_1h": 400 * day, "edge_latency_1h": 400 * day,
		"heartbeats": 40 * day, "proxy_stats": 40 * day, "config_changes": 400 * day,
	}
}

// retention returns how long each table keeps its rows, or why the options do
// not say so.
func (o Options) retention() (map[string]time.Duration, error) {
	keep := DefaultRetention()
	known := strings.Join(slices.Sorted(maps.Keys(keep)), ", ")
	for _, table := range slices.Sorted(maps.Keys(o.Retention)) {
		if _, ok := keep[table]; !ok {
			return nil, fmt.Errorf("retention: there is no table %q; tables are %s", table, known)
		}
		d := o.Retention[table]
		if d < minRetention || d%time.Second != 0 {
			return nil, fmt.Errorf("retention of %s: %s is not a number of whole seconds, at least %s", table, d, minRetention)
		}
		keep[table] = d
	}
	return keep, nil
}

// retain brings the lifetimes of all tables to what they are to be.
//
// A part carries the moment of its end from when it was written. A new TTL
// alone would not move it: after a longer one, parts would still be dropped at
// the old moment, after a shorter one kept until then. So the parts' moments
// are calculated anew (materialize_ttl_after_modify), without a rewrite of
// their rows (materialize_ttl_recalculate_only). Nobody waits for that
// (alter_sync): it may stand in line behind long merges.
func retain(ctx context.Context, conn driver.Conn, r Rendering, keep map[string]time.Duration) error {
	for _, table := range slices.Sorted(maps.Keys(keep)) {
		stored := r.stored(table)
		var engine string
		err := conn.QueryRow(ctx, `SELECT engine_full FROM system.tables
			WHERE database = currentDatabase() AND name = ?`, stored).Scan(&engine)
		if err != nil {
			return fmt.Errorf("reading the lifetime of table %s: %w", stored, err)
		}
		column, now, ok := lifetime(engine)
		if ok && now == keep[table] {
			continue
		}
		statements, err := r.render("ttl", ttl{Table: table, Column: column, Interval: interval(keep[table])})
		if err != nil {
			return err
		}
		if err := execAll(ctx, conn, statements); err != nil {
			return fmt.Errorf("changing the lifetime of table %s from %s to %s: %w", stored, now, keep[table], err)
		}
	}
	return nil
}

// ttl tells the template how long a table keeps its rows.
type ttl struct {
	Table, Column, Interval string
}

// ttlClause is how the server writes the TTLs of our tables, such as
// "TTL toDateTime(ts) + toIntervalDay(3)".
var ttlClause = regexp.MustCompile(`TTL (?:toDateTime\()?(\w+)\)? \+ toInterval(Second|Hour|Day)\((\d+)\)`)

// lifetime reads the column and the length of a TTL from the full engine
// clause of a table.
func lifetime(engine string) (column string, keep time.Duration, ok bool) {
	m := ttlClause.FindStringSubmatch(engine)
	if m == nil {
		column = "ts"
		return column, 0, false
	}
	n, err := strconv.ParseInt(m[3], 10, 32)
	if err != nil {
		return m[1], 0, false
	}
	unit := map[string]time.Duration{"Second": time.Second, "Hour": time.Hour, "Day": day}[m[2]]
	return m[1], time.Duration(n) * unit, true
}

// interval writes a duration of whole seconds as the operand of a TTL.
func interval(d time.Duration) string {
	switch {
	case d%day == 0:
		return fmt.Sprintf("%d DAY", d/day)
	case d%time.Hour == 0:
		return fmt.Sprintf("%d HOUR", d/time.Hour)
	}
	return fmt.Sprintf("%d SECOND", d/time.Second)
}
