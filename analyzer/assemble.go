package analyzer

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/analyzer/graph"
	"github.com/plimsoll-mesh/plimsoll/analyzer/handler"
	"github.com/plimsoll-mesh/plimsoll/analyzer/state"
	"github.com/plimsoll-mesh/plimsoll/analyzer/status"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// parts are what one analyzer is made of.
type parts struct {
	conn     driver.Conn
	state    *sql.DB
	services handler.Services
}

// assemble opens what the configuration names and puts the services together.
// It asks nothing of the store yet.
func assemble(ctx context.Context, cfg *Config, version string, log *slog.Logger) (*parts, error) {
	conn, err := query.Open(cfg.Store)
	if err != nil {
		return nil, err
	}
	db, err := state.Open(ctx, cfg.State)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	p := &parts{conn: conn, state: db}
	p.services = handler.Services{
		Graph:  graph.New(conn, time.Now),
		Status: status.New(conn, nil, version, time.Now),
	}
	return p, nil
}

// loop does what the analyzer does without being asked, until ctx ends.
func (p *parts) loop(ctx context.Context, log *slog.Logger) error {
	if err := waitForStore(ctx, p.conn, log); err != nil {
		return nil // told to stop
	}
	log.Info("store answers")
	<-ctx.Done()
	return nil
}

func (p *parts) close() error {
	return errors.Join(p.state.Close(), p.conn.Close())
}
