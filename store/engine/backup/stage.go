package backup

import (
	"context"
	"fmt"
	"strconv"
)

// stageSuffix names the database that a backup is restored into.
const stageSuffix = "_staged"

// staged is a backup, restored into a database of its own. Nothing merges there,
// and no TTL removes rows.
type staged struct {
	backups  *Backups
	backup   string
	client   *client
	database string
	tables   []stored
}

// stage restores a backup. The result is to be dropped, also after an error.
func (b *Backups) stage(ctx context.Context, c *client, m Manifest) (*staged, error) {
	s := &staged{backups: b, backup: m.Name, client: c, database: b.Database + stageSuffix}
	if err := s.drop(); err != nil { // of a run that was cut off
		return s, err
	}
	if err := c.exec(ctx, "CREATE DATABASE "+name(s.database)+" ENGINE = Atomic"); err != nil {
		return s, fmt.Errorf("creating database %s: %w", s.database, err)
	}
	restore := "RESTORE DATABASE " + name(m.databaseOr(b.Database)) + " AS " + name(s.database) + " FROM " + file(m.Name)
	if err := c.exec(ctx, restore+" SETTINGS structure_only = 1"); err != nil {
		return s, fmt.Errorf("reading the backup (is it damaged?): %w", err)
	}
	var err error
	if s.tables, err = c.storedTables(ctx, s.database); err != nil {
		return s, err
	}
	if err := s.freeze(ctx); err != nil {
		return s, err
	}
	err = b.during(ctx, s.progress, func() error { return c.exec(ctx, restore) })
	if err != nil {
		return s, fmt.Errorf("restoring rows: %w", err)
	}
	return s, nil
}

// databaseOr is the database that was backed up, as far as a manifest knows.
func (m Manifest) databaseOr(otherwise string) string {
	if m.Database != "" {
		return m.Database
	}
	return otherwise
}

func (s *staged) freeze(ctx context.Context) error {
	for _, t := range s.tables {
		for _, what := range []string{"MERGES", "TTL MERGES"} {
			if err := s.client.exec(ctx, "SYSTEM STOP "+what+" "+name(s.database)+"."+name(t.name)); err != nil {
				return fmt.Errorf("stopping merges of table %s: %w", t.name, err)
			}
		}
	}
	return nil
}

// progress asks the engine about the newest restore.
func (s *staged) progress(ctx context.Context) Progress {
	p := Progress{Step: "restoring"}
	rows, err := s.client.rows(ctx, "SELECT bytes_read, total_size FROM system.backups WHERE status = 'RESTORING' ORDER BY start_time DESC LIMIT 1")
	if err == nil && len(rows) == 1 {
		p.Done, _ = strconv.ParseInt(rows[0][0], 10, 64)
		p.Total, _ = strconv.ParseInt(rows[0][1], 10, 64)
	}
	return p
}

// sums reads every row of every table: what cannot be read is found here.
func (s *staged) sums(ctx context.Context) ([]Table, error) {
	tables := make([]Table, 0, len(s.tables))
	for _, t := range s.tables {
		s.backups.step("checking " + t.name)
		sum, err := s.client.sum(ctx, s.database, t)
		if err != nil {
			return nil, err
		}
		tables = append(tables, sum)
	}
	return tables, nil
}

// drop takes the staged database away, also after the caller was interrupted.
func (s *staged) drop() error {
	s.client.settle(s.backup)
	if err := s.client.exec(context.Background(), "DROP DATABASE IF EXISTS "+name(s.database)+" SYNC"); err != nil {
		return fmt.Errorf("dropping database %s: %w", s.database, err)
	}
	return nil
}
