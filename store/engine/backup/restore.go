package backup

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// beforeSuffix names the database that holds what was there before a restore.
const beforeSuffix = "_before_restore"

// errChanged marks a failure after which the database is not as it was.
var errChanged = errors.New("the database was changed")

// RestoreOptions say what to restore.
type RestoreOptions struct {
	Name string // a name, or a path within Backups.Dir
	// Replace allows to restore over tables that hold rows: they are dropped.
	Replace bool
}

// Restore brings a backup back. Either the whole backup is there afterwards or
// everything is as before. Nothing else should write meanwhile: rows that reach
// the database during a restore with Replace go with the old tables.
func (b *Backups) Restore(ctx context.Context, o RestoreOptions) (Manifest, error) {
	chain, err := Inspect(b.Dir, o.Name)
	if err != nil {
		return Manifest{}, err
	}
	m := chain[0]
	unlock, err := b.lock()
	if err != nil {
		return m, err
	}
	defer unlock()
	c := newClient(b.Socket)
	defer c.close()
	if err := b.mayRestore(ctx, c, o.Replace); err != nil {
		return m, err
	}
	if err := b.intact(chain); err != nil {
		return m, err
	}
	switch err := b.restore(ctx, c, &m, o.Replace); {
	case errors.Is(err, errChanged):
		return m, fmt.Errorf("restoring %s: %w", m.Name, err)
	case err != nil:
		return m, fmt.Errorf("restoring %s, nothing was changed: %w", m.Name, err)
	}
	return m, nil
}

// mayRestore refuses to bury rows, and to work over a restore that was cut off.
func (b *Backups) mayRestore(ctx context.Context, c *client, replace bool) error {
	before := b.Database + beforeSuffix
	left, err := c.has(ctx, before)
	if err != nil {
		return err
	}
	if left {
		return fmt.Errorf("an earlier restore was cut off: database %s holds what was there before; "+
			"either DROP DATABASE %s, or DROP DATABASE %s and RENAME DATABASE %s TO %s", before, before, b.Database, before, b.Database)
	}
	if replace {
		return nil
	}
	return b.refuseRows(ctx, c, b.Database)
}

func (b *Backups) refuseRows(ctx context.Context, c *client, database string) error {
	filled, err := c.filled(ctx, database)
	if err != nil {
		return err
	}
	if len(filled) > 0 {
		return fmt.Errorf("database %s has rows in %s: restore into an empty engine, or give --replace to drop them",
			b.Database, strings.Join(filled, ", "))
	}
	return nil
}

func (b *Backups) restore(ctx context.Context, c *client, m *Manifest, replace bool) (err error) {
	s, err := b.stage(ctx, c, *m)
	defer func() { err = errors.Join(err, s.drop()) }()
	if err != nil {
		return err
	}
	found, err := s.sums(ctx)
	if err != nil {
		return err
	}
	if err := m.compare(found); err != nil {
		return fmt.Errorf("backup %s %w, or its manifest is: %w", m.Name, ErrDamaged, err)
	}
	m.Tables = found
	b.step("changing places")
	return b.change(ctx, s, *m, replace)
}

// change puts the staged rows in the place of the database. What was there before
// is renamed first and dropped last.
func (b *Backups) change(ctx context.Context, s *staged, m Manifest, replace bool) error {
	c, before := s.client, b.Database+beforeSuffix
	had, err := c.has(ctx, b.Database)
	if err != nil {
		return err
	}
	if had {
		if err := c.exec(ctx, "RENAME DATABASE "+name(b.Database)+" TO "+name(before)); err != nil {
			return fmt.Errorf("setting database %s aside: %w", b.Database, err)
		}
	}
	err = b.fill(ctx, s, m)
	if err == nil && had && !replace {
		err = b.refuseRows(ctx, c, before) // written since mayRestore looked
	}
	if err != nil {
		return errors.Join(err, b.undo(c, had))
	}
	if !had {
		return nil
	}
	if err := c.exec(ctx, "DROP DATABASE "+name(before)+" SYNC"); err != nil {
		return fmt.Errorf("%w: the backup is in its place, but database %s could not be dropped: %w", errChanged, before, err)
	}
	return nil
}

// fill makes the tables anew and links the staged parts into them.
func (b *Backups) fill(ctx context.Context, s *staged, m Manifest) error {
	c := s.client
	if err := c.exec(ctx, "CREATE DATABASE "+name(b.Database)+" ENGINE = Atomic"); err != nil {
		return fmt.Errorf("creating database %s: %w", b.Database, err)
	}
	if err := c.exec(ctx, "RESTORE DATABASE "+name(m.databaseOr(b.Database))+" AS "+name(b.Database)+
		" FROM "+file(m.Name)+" SETTINGS structure_only = 1"); err != nil {
		return fmt.Errorf("restoring tables: %w", err)
	}
	for _, t := range s.tables {
		if err := c.exec(ctx, "ALTER TABLE "+name(b.Database)+"."+name(t.name)+
			" ATTACH PARTITION ALL FROM "+name(s.database)+"."+name(t.name)); err != nil {
			return fmt.Errorf("filling table %s: %w", t.name, err)
		}
	}
	return nil
}

// undo brings the database of before back.
func (b *Backups) undo(c *client, had bool) error {
	ctx := context.Background() // also after the caller was interrupted
	if err := c.exec(ctx, "DROP DATABASE IF EXISTS "+name(b.Database)+" SYNC"); err != nil {
		return fmt.Errorf("%w: dropping what was half restored: %w", errChanged, err)
	}
	if !had {
		return nil
	}
	if err := c.exec(ctx, "RENAME DATABASE "+name(b.Database+beforeSuffix)+" TO "+name(b.Database)); err != nil {
		return fmt.Errorf("%w: bringing database %s back: %w", errChanged, b.Database+beforeSuffix, err)
	}
	return nil
}
