package state

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// File is the name of the database within its directory.
const File = "state.db"

//go:embed migrations/*.sql
var migrations embed.FS

// Open opens the state in dir, which is created if need be (0700; the file is
// 0600), and brings its tables up to date. The pool has a single connection:
// one writer, and a transaction sees no other.
func Open(ctx context.Context, dir string) (*sql.DB, error) {
	path, err := prepare(dir)
	if err != nil {
		return nil, fmt.Errorf("preparing state directory: %w", err)
	}
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, fmt.Errorf("opening state file=%s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if err := migrate(ctx, db, goose.DialectSQLite3, migrations); err != nil {
		return nil, errors.Join(fmt.Errorf("migrating state file=%s: %w", path, err), db.Close())
	}
	return db, nil
}

// prepare makes the directory and an empty file that only its owner may read.
func prepare(dir string) (path string, err error) {
	path, err = filepath.Abs(filepath.Join(dir, File))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	if err := f.Chmod(0o600); err != nil {
		return "", errors.Join(err, f.Close())
	}
	return path, f.Close()
}

// dsn names the file for the driver. Full synchronisation: an acknowledged
// transition must survive a power cut. Transactions take the write lock at
// their start, so that none fails half-way for want of it.
func dsn(path string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
	}}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// migrate applies what is missing of the migrations.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, all fs.FS, options ...goose.ProviderOption) error {
	files, err := fs.Sub(all, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db, files, append(options, goose.WithLogger(goose.NopLogger()))...)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}
