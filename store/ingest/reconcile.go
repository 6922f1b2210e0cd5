package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// A block whose insert had no answer may be in all of the tables that the views
// fill, in none, or in some: each view commits by itself. As long as the tables
// remember its token it is simply sent again, and each table takes it or drops
// it. Afterwards the tables have to be asked:
//
//   - a table with block_id says for itself whether it has the block;
//   - a rollup has no ids, but is a sum: over the hours that the block touches it
//     holds as many requests as the raw table, or differs by exactly the block's
//     rows.
//
// Where all tables lack the block it is sent as usual, where all have it there
// is nothing to do, and where some lack it the same bytes are sent to those
// alone, through a second Null table that only their views read. What cannot be
// told, as when the raw rows have expired, is not guessed at: the block goes into
// quarantine and the rows are counted there.

// target is a table that a view fills from the table of the insert.
type target struct {
	view, query string // name, and SELECT of the view
	table       string
	columns     []string
}

func (t target) byID() bool { return slices.Contains(t.columns, "block_id") }

// holding is what a target has of a block.
type holding int

const (
	absent holding = iota
	present
	unclear
)

// unclearError is the reason for which a block goes into quarantine.
type unclearError struct{ text string }

func (e *unclearError) Error() string { return e.text }

// Permanent tells that the block is not to be tried again.
func (e *unclearError) Permanent() bool { return true }

// The sums of rollups move while other blocks are stored, so they are looked at
// several times before they are given up on.
const (
	looks   = 5
	lookGap = 500 * time.Millisecond
)

// reconcile implements store. It asks the replica that the block would be sent
// to.
func (i *inserter) reconcile(ctx context.Context, b *sealed) (bool, error) {
	i.migrating.RLock()
	defer i.migrating.RUnlock()
	s := i.shardOf(b)
	has, err := s.replicas[int(s.current.Load())%len(s.replicas)].reconcile(ctx, b)
	var unclear *unclearError
	if err != nil && !errors.As(err, &unclear) {
		s.current.Add(1)
	}
	if err != nil {
		return false, fmt.Errorf("looking for block %s: %w", b.token, err)
	}
	return has, nil
}

func (s *server) reconcile(ctx context.Context, b *sealed) (has bool, err error) {
	err = s.inquire(ctx, b, func(q inquiry, missing []target) error {
		if len(missing) == len(q.targets) {
			return nil
		}
		has = true
		if len(missing) == 0 {
			return nil
		}
		return q.through(ctx, missing)
	})
	return has && err == nil, err
}

// untouched implements store.
func (i *inserter) untouched(ctx context.Context, b *sealed) error {
	i.migrating.RLock()
	defer i.migrating.RUnlock()
	s := i.shardOf(b)
	return s.replicas[int(s.current.Load())%len(s.replicas)].inquire(ctx, b, func(q inquiry, missing []target) error {
		if n := len(q.targets) - len(missing); n > 0 {
			return fmt.Errorf("%d of %d tables have taken the block", n, len(q.targets))
		}
		return nil
	})
}

// inquire finds out which targets lack the block and passes them on.
func (s *server) inquire(ctx context.Context, b *sealed, then func(inquiry, []target) error) error {
	conn, err := query.OpenWriter(s.dsn)
	if err != nil {
		return err
	}
	defer conn.Close()
	q := inquiry{server: s, conn: conn, database: s.dsn.Database, block: b}
	if err := q.prepare(ctx); err != nil {
		return err
	}
	for look := 1; ; look++ {
		missing, err := q.missing(ctx)
		if err == nil {
			return then(q, missing)
		}
		if look == looks || !permanent(err) {
			return err
		}
		if err := sleep(ctx, lookGap); err != nil {
			return err
		}
	}
}

// inquiry finds out what the tables of one server have of a block.
type inquiry struct {
	server   *server
	conn     driver.Conn
	database string
	block    *sealed
	id       [16]byte
	targets  []target
	from, to time.Time // the hours that the block touches
}

func (q *inquiry) prepare(ctx context.Context) (err error) {
	if q.id, err = wal.BlockID(q.block.token); err != nil {
		return &unclearError{err.Error()}
	}
	if err := q.findTargets(ctx); err != nil {
		return err
	}
	q.from, q.to, err = hours(q.block)
	return err
}

// findTargets lists the views over the block's table and what they fill.
func (q *inquiry) findTargets(ctx context.Context) error {
	rows, err := q.conn.Query(ctx, `
		SELECT v.name, v.as_select, extract(v.create_table_query, ' TO \\S+?\\.(\\w+)') AS target,
			(SELECT groupArray((table, name)) FROM system.columns WHERE database = currentDatabase()) AS columns,
			arrayMap(c -> c.2, arrayFilter(c -> c.1 = target, columns))
		FROM system.tables AS v
		WHERE v.database = currentDatabase() AND v.engine = 'MaterializedView' ORDER BY v.name`)
	if err != nil && strings.Contains(err.Error(), "UNKNOWN_DATABASE") {
		return &storeError{status: http.StatusNotFound, code: unknownDatabase, text: err.Error()}
	}
	if err != nil {
		return fmt.Errorf("listing views: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var t target
		var all [][]any
		if err := rows.Scan(&t.view, &t.query, &t.table, &all, &t.columns); err != nil {
			return fmt.Errorf("listing views: %w", err)
		}
		if q.reads(t.query) {
			q.targets = append(q.targets, t)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("listing views: %w", err)
	}
	if len(q.targets) == 0 {
		return &storeError{status: http.StatusNotFound, code: unknownTable, text: "no view reads " + q.block.table}
	}
	return nil
}

// source is how the text of a view names the block's table.
func (q *inquiry) source() string { return "FROM " + q.database + "." + q.block.table }

// reads tells whether a view's query reads the block's table.
func (q *inquiry) reads(query string) bool {
	_, after, found := strings.Cut(query+" ", q.source())
	return found && strings.ContainsAny(after[:1], " \n)")
}

// missing returns the targets that lack the block. The error is permanent if
// that cannot be told, at least for now.
func (q *inquiry) missing(ctx context.Context) (out []target, err error) {
	raw, rawTable := absent, ""
	for _, t := range q.targets {
		if !t.byID() {
			continue
		}
		h, err := q.byID(ctx, t)
		if err != nil {
			return nil, err
		}
		if strings.TrimSuffix(t.table, "_local") == keeps(q.block.table) {
			raw, rawTable = h, t.table
		}
		if h == absent {
			out = append(out, t)
		}
	}
	if rawTable == "" {
		return nil, &unclearError{"no view fills " + keeps(q.block.table) + " with block_id"}
	}
	for _, t := range q.targets {
		if t.byID() {
			continue
		}
		h, err := q.bySum(ctx, t, rawTable, raw)
		if err != nil {
			return nil, err
		}
		if h == absent {
			out = append(out, t)
		}
	}
	return out, nil
}

// byID asks a table that keeps block_id. A part of what it must hold is what a
// crash between the commits of two partitions leaves.
func (q *inquiry) byID(ctx context.Context, t target) (holding, error) {
	want := uint64(q.block.rows)
	if q.samples(t) {
		var err error
		if want, err = q.kept(ctx, t); err != nil {
			return unclear, err
		}
	}
	var n uint64
	sql := "SELECT count() FROM " + t.table + " WHERE block_id = unhex(?)"
	if err := q.conn.QueryRow(ctx, sql, fmt.Sprintf("%x", q.id)).Scan(&n); err != nil {
		return unclear, fmt.Errorf("counting the block's rows in %s: %w", t.table, err)
	}
	switch {
	case want == 0:
		return unclear, &unclearError{t.table + " is a sample that keeps no row of the block"}
	case n == 0:
		return absent, nil
	case n == want:
		return present, nil
	}
	return unclear, &unclearError{fmt.Sprintf("%s has %d rows of %d", t.table, n, want)}
}

// samples tells whether a view leaves rows out.
func (q *inquiry) samples(t target) bool { return strings.Contains(t.query, " WHERE ") }

// kept lets the server count how many rows of the block a view would keep.
func (q *inquiry) kept(ctx context.Context, t target) (n uint64, err error) {
	table := fmt.Sprintf("%s_kept_%x", t.view, q.id)
	for _, sql := range []string{"DROP TABLE IF EXISTS " + table, "CREATE TABLE " + table + " (n UInt64) ENGINE = Memory"} {
		if err := q.conn.Exec(ctx, sql); err != nil {
			return 0, fmt.Errorf("counting what a view keeps: %w", err)
		}
	}
	err = q.through(ctx, []target{{view: t.view + "_count", query: "SELECT count() AS n FROM (" + t.query + ")", table: table}})
	if err == nil {
		err = q.conn.QueryRow(ctx, "SELECT sum(n) FROM "+table).Scan(&n)
	}
	if err = errors.Join(err, q.conn.Exec(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS "+table+" SYNC")); err != nil {
		return 0, fmt.Errorf("counting what a view keeps: %w", err)
	}
	return n, nil
}

// bySum compares a rollup with the raw table over the hours that the block
// touches. A raw table that is a sample does not know what the sum must be: then
// the rollup is taken to have what the raw table has.
func (q *inquiry) bySum(ctx context.Context, t target, rawTable string, raw holding) (holding, error) {
	i := slices.IndexFunc(q.targets, func(o target) bool { return o.table == rawTable })
	if q.samples(q.targets[i]) {
		return raw, nil
	}
	var sum string
	switch {
	case slices.Contains(t.columns, "requests"):
		sum = "toInt64(sum(requests))"
	case slices.Contains(t.columns, "hist"):
		sum = "toInt64(sumIf(arraySum(mapValues(hist)), kind = 'total'))"
	default:
		return raw, nil
	}
	var inRollup, inRaw int64
	span := " WHERE ts >= toDateTime(?, 'UTC') AND ts < toDateTime(?, 'UTC')"
	sql := "SELECT (SELECT " + sum + " FROM " + t.table + span + "), (SELECT toInt64(count()) FROM " + rawTable + span + ")"
	from, to := q.from.Unix(), q.to.Unix()
	if err := q.conn.QueryRow(ctx, sql, from, to, from, to).Scan(&inRollup, &inRaw); err != nil {
		return unclear, fmt.Errorf("comparing %s with %s: %w", t.table, rawTable, err)
	}
	if raw == present {
		inRaw -= int64(q.block.rows)
	}
	switch inRollup - inRaw {
	case 0:
		return absent, nil
	case int64(q.block.rows):
		return present, nil
	}
	return unclear, &unclearError{fmt.Sprintf("%s has %d requests, and %s %d without the block's %d", t.table, inRollup, rawTable, inRaw, q.block.rows)}
}

// through sends the block to the given targets and to no other, by a second
// table that their views read.
func (q *inquiry) through(ctx context.Context, targets []target) error {
	twin := fmt.Sprintf("%s_%x", q.block.table, q.id)
	statements := []string{"DROP TABLE IF EXISTS " + twin, "CREATE TABLE " + twin + " AS " + q.block.table + " ENGINE = Null"}
	var drop []string
	for _, t := range targets {
		view := fmt.Sprintf("%s_%x", t.view, q.id)
		statements = append(statements, "DROP VIEW IF EXISTS "+view,
			"CREATE MATERIALIZED VIEW "+view+" TO "+t.table+" AS "+strings.Replace(t.query, q.source(), "FROM "+q.database+"."+twin, 1))
		drop = append(drop, "DROP VIEW IF EXISTS "+view+" SYNC")
	}
	drop = append(drop, "DROP TABLE IF EXISTS "+twin+" SYNC")
	var err error
	for _, sql := range statements {
		if err = q.conn.Exec(ctx, sql); err != nil {
			break
		}
	}
	if err == nil {
		insert := strings.Replace(q.server.insert[q.block.table], q.block.table, twin, 1)
		err = q.server.postAs(ctx, q.block, insert, q.block.insertToken())
	}
	for _, sql := range drop {
		err = errors.Join(err, q.conn.Exec(context.WithoutCancel(ctx), sql))
	}
	if err != nil {
		return fmt.Errorf("sending the block to %d of its tables: %w", len(targets), err)
	}
	return nil
}

// hours returns the full hours that the block's rows lie in: all rollups have
// borders there.
func hours(b *sealed) (from, to time.Time, err error) {
	block, err := b.native()
	if err != nil {
		return from, to, &unclearError{err.Error()}
	}
	i := slices.IndexFunc(block.columns, func(c nativeColumn) bool { return strings.HasPrefix(c.kind, "DateTime64(6") })
	if i < 0 {
		return from, to, &unclearError{"the block has no column of time"}
	}
	for row := range block.rows {
		at := time.UnixMicro(block.columns[i].int64(row)).UTC()
		if row == 0 || at.Before(from) {
			from = at
		}
		if row == 0 || at.After(to) {
			to = at
		}
	}
	return from.Truncate(time.Hour), to.Truncate(time.Hour).Add(time.Hour), nil
}
