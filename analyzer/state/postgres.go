package state

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// maxPostgresConns bounds the connections of one analyzer.
const maxPostgresConns = 8

// OpenPostgres opens the state in a PostgreSQL database (12 or later) and brings
// its tables up to date; several analyzers may do so at once. The DSN is a URL
// or keywords as libpq has them, such as
// "postgres://plimsoll@db.example/plimsoll?sslmode=verify-full". Errors do not
// hold its password.
func OpenPostgres(ctx context.Context, dsn string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("reading the DSN of PostgreSQL: write it as postgres://user@host/database") // the cause quotes the DSN
	}
	name := fmt.Sprintf("host=%s database=%s", config.Host, config.Database)
	if err := migratePostgres(ctx, *config); err != nil {
		return nil, fmt.Errorf("migrating state %s: %w", name, err)
	}
	db := sql.OpenDB(connector{stdlib.GetConnector(*config)})
	db.SetMaxOpenConns(maxPostgresConns)
	db.SetMaxIdleConns(maxPostgresConns)
	return db, nil
}

// Shared tells whether other analyzers may work with the same state: it is in
// PostgreSQL.
func Shared(db *sql.DB) bool {
	_, postgres := db.Driver().(postgresDriver)
	return postgres
}

// migratePostgres holds an advisory lock, so that of several analyzers one
// migrates and the others wait. It has a plain pool of its own, as goose keeps
// booleans.
func migratePostgres(ctx context.Context, config pgx.ConnConfig) (err error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(config)
	defer func() { err = errors.Join(err, db.Close()) }()
	return migrate(ctx, db, goose.DialectPostgres, translated{migrations}, goose.WithSessionLocker(locker))
}

// postgresDriver marks a database as PostgreSQL.
type postgresDriver struct{ driver.Driver }

// connector makes connections that take ? as a parameter.
type connector struct{ driver.Connector }

func (c connector) Driver() driver.Driver { return postgresDriver{c.Connector.Driver()} }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	plain, ok := inner.(*stdlib.Conn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("connecting to PostgreSQL: the driver gave a %T", inner), inner.Close())
	}
	return conn{plain}, nil
}

// conn numbers the parameters of each query and sends booleans as 0 and 1, as
// SQLite stores them.
type conn struct{ *stdlib.Conn }

func (c conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.Conn.PrepareContext(ctx, numbered(query))
}

func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.ExecContext(ctx, numbered(query), args)
}

func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.QueryContext(ctx, numbered(query), args)
}

// CheckNamedValue reduces a value to what every driver knows.
func (c conn) CheckNamedValue(v *driver.NamedValue) error {
	plain, err := driver.DefaultParameterConverter.ConvertValue(v.Value)
	if err != nil {
		return err
	}
	if b, ok := plain.(bool); ok {
		plain = int64(0)
		if b {
			plain = int64(1)
		}
	}
	v.Value = plain
	return nil
}
