package analyzer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert"
	"github.com/plimsoll-mesh/plimsoll/analyzer/gate"
	"github.com/plimsoll-mesh/plimsoll/analyzer/graph"
	"github.com/plimsoll-mesh/plimsoll/analyzer/handler"
	"github.com/plimsoll-mesh/plimsoll/analyzer/observe"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/spec"
	"github.com/plimsoll-mesh/plimsoll/analyzer/state"
	"github.com/plimsoll-mesh/plimsoll/analyzer/status"
	"github.com/plimsoll-mesh/plimsoll/analyzer/tune"
	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/meshclient"
	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/rows"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// parts are what one analyzer is made of.
type parts struct {
	conn     driver.Conn
	state    *sql.DB
	alerts   *alert.Alerts
	services handler.Services
}

// assemble opens what the configuration names and puts the services together.
// It asks nothing of the store yet. An SLO file that is wrong is refused as
// yamlfile.Errors.
func assemble(ctx context.Context, cfg *Config, version string, log *slog.Logger) (*parts, error) {
	objectives, err := spec.LoadLibrary(cfg.SLOs, spec.Options{})
	if err != nil {
		return nil, err
	}
	p := &parts{}
	if p.conn, err = query.Open(cfg.Store); err != nil {
		return nil, err
	}
	if p.state, err = openState(ctx, cfg); err != nil {
		return nil, errors.Join(err, p.close())
	}
	evaluator := slo.NewEvaluator(p.conn, slo.StoreWatermark(p.conn), objectives.SLOs)
	evaluator.Exclude(objectives.Exclusions)
	p.alerts, err = alert.New(alert.Config{
		Every: cfg.EvaluateEvery.D(), Targets: cfg.Webhooks, Alertmanagers: cfg.Alertmanagers, Heartbeat: cfg.Heartbeat,
	}, p.state, evaluator, log)
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	p.mount(cfg, evaluator, version, log)
	p.services.Observe = observe.New(p.conn, time.Now, ctx.Done())
	return p, nil
}

// openState opens PostgreSQL if the configuration names one, else the file.
func openState(ctx context.Context, cfg *Config) (*sql.DB, error) {
	if cfg.DatabaseFile == "" {
		return state.Open(ctx, cfg.State)
	}
	info, err := os.Stat(cfg.DatabaseFile)
	if err != nil {
		return nil, fmt.Errorf("reading database_file: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("reading database_file %s: its mode is %04o, others may read it; chmod 600 it", cfg.DatabaseFile, mode)
	}
	dsn, err := os.ReadFile(cfg.DatabaseFile)
	if err != nil {
		return nil, fmt.Errorf("reading database_file: %w", err)
	}
	return state.OpenPostgres(ctx, strings.TrimSpace(string(dsn)))
}

// mount makes the services of the API.
func (p *parts) mount(cfg *Config, evaluator *slo.Evaluator, version string, log *slog.Logger) {
	judge := tune.Settings{
		Conn: p.conn, State: p.state, Watermark: rowsEnd(p.conn), Now: time.Now, Log: log,
		LastBurn: lastBurn(slo.NewEvaluator(p.conn, rowsEnd(p.conn), evaluator.SLOs())),
	}
	var reach func(context.Context) error
	if cfg.Mesh != nil {
		judge.Mesh = meshclient.New(cfg.Mesh.URL, cfg.Mesh.TokenFile)
		reach = status.ReachMesh(judge.Mesh)
	}
	alerts := alert.NewHandler(p.state, evaluator)
	releases := gate.New(p.conn, time.Now)
	p.services = handler.Services{
		Graph:  graph.New(p.conn, time.Now),
		SLO:    alerts,
		Alert:  alerts,
		Tune:   tune.New(judge),
		Status: status.New(p.conn, reach, version, time.Now),

		Gate:      releases,
		GateHooks: releases.Hooks(),
	}
}

// rowsEnd is the watermark even while no collector is live: the tuner judges
// windows of the past, which a collector's death does not change.
func rowsEnd(conn driver.Conn) slo.WatermarkFunc {
	return func(ctx context.Context, at time.Time) (time.Time, string, error) {
		m, err := query.Watermark(ctx, conn, at)
		return m.At, m.Reason, err
	}
}

// lastBurn hands the tuner what the SLOs know of the latest burn.
func lastBurn(evaluator *slo.Evaluator) tune.LastBurn {
	return func(ctx context.Context, at time.Time) (tune.Burn, bool, error) {
		b, ok, err := evaluator.LastBurn(ctx, at)
		return tune.Burn{
			SLO:      b.SLO,
			Healthy:  rows.Window{From: b.Healthy.From, To: b.Healthy.To},
			Stressed: rows.Window{From: b.Stressed.From, To: b.Stressed.To},
			Deadline: b.Deadline,
		}, ok, err
	}
}

// loop does what the analyzer does without being asked, until ctx ends.
func (p *parts) loop(ctx context.Context, log *slog.Logger) error {
	if !waitForStore(ctx, p.conn, log) {
		return nil
	}
	log.Info("store answers")
	return p.alerts.Run(ctx)
}

func (p *parts) close() error {
	var errs []error
	if p.state != nil {
		errs = append(errs, p.state.Close())
	}
	return errors.Join(append(errs, p.conn.Close())...)
}
