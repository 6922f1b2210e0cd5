package backup

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"
)

// Backups are the backups of one running engine.
type Backups struct {
	Socket   string // the engine's unix socket
	Dir      string // the backup directory that the engine was started with
	Database string
	// Progress is called from time to time, from another goroutine; nil is never.
	Progress func(Progress)
}

// CreateOptions say what to back up, and how.
type CreateOptions struct {
	Name string // a name, or a path within Backups.Dir
	Base string // an earlier backup to add to; "" makes a full one
	// Verify restores the backup once, beside the database, and counts its tables.
	// It takes the space of the database until it is done.
	Verify bool
	Now    time.Time
}

// Create backs the database up while it is in use. A backup that fails leaves
// nothing behind.
func (b *Backups) Create(ctx context.Context, o CreateOptions) (Manifest, error) {
	m := Manifest{Created: o.Now.UTC().Truncate(time.Second), Database: b.Database}
	var err error
	if m.Name, err = relativeName(b.Dir, o.Name); err != nil {
		return m, err
	}
	if err := absent(b.Dir, m.Name); err != nil {
		return m, err
	}
	if o.Base != "" {
		chain, err := Inspect(b.Dir, o.Base)
		if err != nil {
			return m, fmt.Errorf("base: %w", err)
		}
		m.Base = chain[0].Name
	}
	c := newClient(b.Socket)
	defer c.close()
	if err := c.exec(ctx, "SELECT 1"); err != nil { // the directory to lock is the engine's to make
		return m, err
	}
	unlock, err := b.lock()
	if err != nil {
		return m, err
	}
	defer unlock()
	if err := b.create(ctx, c, &m, o.Verify); err != nil {
		c.settle(m.Name)
		return m, errors.Join(err, remove(b.Dir, m.Name))
	}
	return m, nil
}

func (b *Backups) create(ctx context.Context, c *client, m *Manifest, verify bool) error {
	version, err := c.rows(ctx, "SELECT version()")
	if err != nil {
		return err
	}
	m.Engine = version[0][0]
	if err := b.write(ctx, c, *m); err != nil {
		return fmt.Errorf("backing up database %s to %s: %w", b.Database, m.Name, err)
	}
	if err := restrict(filepath.Join(b.Dir, m.Name)); err != nil {
		return err
	}
	m.Bytes = sizeOf(filepath.Join(b.Dir, m.Name))
	if m.Checksum, err = checksum(filepath.Join(b.Dir, m.Name)); err != nil {
		return err
	}
	if verify {
		if err := b.verify(ctx, c, m); err != nil {
			return fmt.Errorf("verifying backup %s (--verify=false leaves this out): %w", m.Name, err)
		}
	}
	return m.write(b.Dir)
}

// write has the engine write the backup.
func (b *Backups) write(ctx context.Context, c *client, m Manifest) error {
	sql := "BACKUP DATABASE " + name(b.Database) + " TO " + file(m.Name)
	if m.Base != "" {
		sql += " SETTINGS base_backup = " + file(m.Base)
	}
	total := b.databaseBytes(ctx, c)
	look := func(context.Context) Progress {
		return Progress{Step: "backing up", Done: sizeOf(filepath.Join(b.Dir, m.Name)), Total: total}
	}
	return b.during(ctx, look, func() error { return c.exec(ctx, sql) })
}

// databaseBytes is the size of the database, for progress only: 0 when unknown.
func (b *Backups) databaseBytes(ctx context.Context, c *client) int64 {
	rows, err := c.rows(ctx, "SELECT sum(total_bytes) FROM system.tables WHERE database = "+quote(b.Database))
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(rows[0][0], 10, 64)
	return n
}

// verify restores the backup beside the database and takes down what it holds.
func (b *Backups) verify(ctx context.Context, c *client, m *Manifest) (err error) {
	s, err := b.stage(ctx, c, *m)
	defer func() { err = errors.Join(err, s.drop()) }()
	if err != nil {
		return err
	}
	m.Tables, err = s.sums(ctx)
	return err
}
