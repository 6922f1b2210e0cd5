package alert

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert/format"
)

// Incident is one burn of one SLO at one severity.
type Incident struct {
	ID         string
	SLO        string
	Service    string
	Severity   string
	FiredAt    time.Time
	WindowFrom time.Time         // start of the long window that fired
	CalmSince  time.Time         // end of the first window since which no row was hot; zero: hot
	ResolvedAt time.Time         // zero: still firing
	Notes      map[string]string // annotations of its latest event
	MutedBy    string            // why nobody was told; "" if nothing muted it
	Told       bool              // its messages are made
}

// notice is what is said of the incident.
func (in Incident) notice() format.Notice {
	n := format.Notice{
		Event: firing, Incident: in.ID, SLO: in.SLO, Service: in.Service, Severity: in.Severity, FiredAt: in.FiredAt,
		ResolvedAt: in.ResolvedAt, Annotations: in.Notes,
	}
	if !in.ResolvedAt.IsZero() {
		n.Event = resolved
	}
	return n
}

const incidentColumns = `id, slo, service, severity, fired_at, window_from, calm_since, resolved_at, notice, muted_by, told`

// incidentKey finds the open incident of a rule.
type incidentKey struct {
	slo, severity string
}

// open returns the incidents that fire.
func (l ledger) open(ctx context.Context) (map[incidentKey]*Incident, error) {
	list, err := readIncidents(ctx, l.db, `WHERE state = 'firing'`)
	if err != nil {
		return nil, err
	}
	byKey := map[incidentKey]*Incident{}
	for i, in := range list {
		byKey[incidentKey{in.SLO, in.Severity}] = &list[i]
	}
	return byKey, nil
}

// readIncidents selects incidents by the rest of a query.
func readIncidents(ctx context.Context, q querier, rest string, args ...any) ([]Incident, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+incidentColumns+` FROM incidents `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("reading incidents: %w", err)
	}
	defer rows.Close()
	var list []Incident
	for rows.Next() {
		in, err := scanIncident(rows)
		if err != nil {
			return nil, fmt.Errorf("reading incidents: %w", err)
		}
		list = append(list, in)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading incidents: %w", err)
	}
	return list, nil
}

func scanIncident(rows *sql.Rows) (in Incident, err error) {
	var fired, from int64
	var calm, resolved sql.NullInt64
	var notes string
	err = rows.Scan(&in.ID, &in.SLO, &in.Service, &in.Severity, &fired, &from, &calm, &resolved, &notes, &in.MutedBy, &in.Told)
	if err != nil {
		return in, err
	}
	in.FiredAt, in.WindowFrom = fromMicros(fired), fromMicros(from)
	in.CalmSince, in.ResolvedAt = fromNullable(calm), fromNullable(resolved)
	if notes != "" {
		err = json.Unmarshal([]byte(notes), &in.Notes)
	}
	return in, err
}
