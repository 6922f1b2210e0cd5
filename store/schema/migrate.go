package schema

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// ErrNewer is returned for a database that a newer program has migrated.
var ErrNewer = errors.New("the database has a newer schema than this program knows; update the program")

// ErrChanged is returned for a database on which a migration of the same
// number but of another text was run.
var ErrChanged = errors.New("a migration was applied with another text; the database belongs to another build or rendering")

// Options choose how to migrate.
type Options struct {
	Rendering Rendering // Plain when empty

	// Retention says how long tables keep their rows, where that differs from
	// DefaultRetention. Whoever migrates last wins, so all programs that
	// migrate one store must be told the same; so for RawShare.
	Retention map[string]time.Duration

	// RawShare is the share of calls, in (0, 1], whose rows requests keeps; 0
	// means all. Rows that failed, and those of several tries, are always
	// kept, and rollups count every row.
	RawShare float64
}

func (o Options) rendering() Rendering {
	if o.Rendering == "" {
		return Plain
	}
	return o.Rendering
}

// Ensure creates the database that the DSN names, if it does not exist, and
// migrates it.
func Ensure(ctx context.Context, dsn string, opts Options) error {
	d, err := query.ParseDSN(dsn)
	if err != nil {
		return err
	}
	if err := createDatabase(ctx, d, opts.rendering()); err != nil {
		return fmt.Errorf("creating database %s on %s: %w", d.Database, d, err)
	}
	conn, err := query.OpenWriter(d)
	if err != nil {
		return err
	}
	return errors.Join(Migrate(ctx, conn, opts), conn.Close())
}

func createDatabase(ctx context.Context, d query.DSN, r Rendering) error {
	statements, err := r.render("database", d.Database)
	if err != nil {
		return err
	}
	d.Database = "default"
	conn, err := query.OpenWriter(d)
	if err != nil {
		return err
	}
	return errors.Join(execAll(ctx, conn, statements), conn.Close())
}

// Migrate brings the connection's database to Version, and its lifetimes and
// its share of raw rows to what the options say. It may be cut off and run
// again, and may run in several processes at once.
func Migrate(ctx context.Context, conn driver.Conn, opts Options) error {
	keep, err := opts.retention()
	if err != nil {
		return err
	}
	share, err := opts.share()
	if err != nil {
		return err
	}
	r := opts.rendering()
	steps, err := r.steps()
	if err != nil {
		return err
	}
	if err := migrate(ctx, conn, r, steps); err != nil {
		return err
	}
	if err := retain(ctx, conn, r, keep); err != nil {
		return err
	}
	return sample(ctx, conn, r, share)
}

// migrate takes those of the steps that were not taken yet.
func migrate(ctx context.Context, conn driver.Conn, r Rendering, steps []step) error {
	record, err := r.render("schema_migrations", nil)
	if err != nil {
		return err
	}
	if err := execAll(ctx, conn, record); err != nil {
		return fmt.Errorf("creating table schema_migrations: %w", err)
	}
	done, err := readApplied(ctx, conn)
	if err != nil {
		return fmt.Errorf("reading table schema_migrations: %w", err)
	}
	todo, err := plan(steps, done)
	if err != nil {
		return err
	}
	for _, s := range todo {
		if err := apply(ctx, conn, s); err != nil {
			return fmt.Errorf("applying migration %d (%s): %w", s.id, s.name, err)
		}
	}
	return nil
}

// applied is one row of schema_migrations.
type applied struct {
	id       uint32
	name     string
	checksum string
}

// plan returns the steps that are not done yet, or why none may be taken.
func plan(steps []step, done []applied) ([]step, error) {
	todo := make(map[uint32]step, len(steps))
	known := make(map[uint32]step, len(steps))
	for _, s := range steps {
		todo[s.id], known[s.id] = s, s
	}
	for _, a := range done {
		ours, ok := known[a.id]
		if !ok {
			return nil, fmt.Errorf("migration %d (%s) was applied, the newest known is %d: %w", a.id, a.name, len(steps), ErrNewer)
		}
		if ours.checksum != a.checksum {
			return nil, fmt.Errorf("migration %d (%s), recorded checksum %.12s, ours %.12s: %w",
				a.id, a.name, a.checksum, ours.checksum, ErrChanged)
		}
		delete(todo, a.id)
	}
	return slices.SortedFunc(maps.Values(todo), func(a, b step) int { return int(a.id) - int(b.id) }), nil
}

func apply(ctx context.Context, conn driver.Conn, s step) error {
	if err := execAll(ctx, conn, s.statements); err != nil {
		return err
	}
	return conn.Exec(ctx, "INSERT INTO schema_migrations (id, name, checksum) VALUES (?, ?, ?)", s.id, s.name, s.checksum)
}

func readApplied(ctx context.Context, conn driver.Conn) ([]applied, error) {
	rows, err := conn.Query(ctx, "SELECT DISTINCT id, name, checksum FROM schema_migrations ORDER BY id DESC")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []applied
	for rows.Next() {
		var a applied
		if err := rows.Scan(&a.id, &a.name, &a.checksum); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

func execAll(ctx context.Context, conn driver.Conn, statements []string) error {
	for _, s := range statements {
		if err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("running %.60q: %w", s, err)
		}
	}
	return nil
}
