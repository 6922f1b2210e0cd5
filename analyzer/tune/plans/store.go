package plans

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

// ErrNotFound is returned for a plan that does not exist.
var ErrNotFound = errors.New("no such plan")

// maxList bounds a list of plans.
const maxList = 100

// Record is a stored plan.
type Record struct {
	Plan     *tunev1.Plan
	Deadline time.Duration // that it was judged for; zero: not known
	// Applied is the policy that was set; nil unless Plan.AppliedAt is set.
	Applied *meshv1.TrafficPolicy
}

// InForce tells whether the plan was applied and not rolled back.
func (r *Record) InForce() bool {
	return r.Plan.GetAppliedAt() != nil && r.Plan.GetRolledBackAt() == nil
}

// Store reads and writes plans.
type Store struct{ db *sql.DB }

// New returns a Store over a database that holds the tables.
func New(db *sql.DB) *Store { return &Store{db: db} }

// Insert stores a new plan, which must have an id, an edge and a time.
func (s *Store) Insert(ctx context.Context, r *Record) error {
	text, err := protojson.Marshal(r.Plan)
	if err != nil {
		return fmt.Errorf("writing plan %s: %w", r.Plan.GetId(), err)
	}
	e := r.Plan.GetEdge()
	_, err = s.db.ExecContext(ctx, `INSERT INTO plans (id, namespace, src_service, dst_service, route, created_at, deadline_us, plan)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, r.Plan.GetId(), e.GetNamespace(), e.GetSrcService(), e.GetDstService(), e.GetRoute(),
		r.Plan.GetCreatedAt().AsTime().UnixMicro(), r.Deadline.Microseconds(), string(text))
	if err != nil {
		return fmt.Errorf("storing plan %s: %w", r.Plan.GetId(), err)
	}
	return nil
}

const (
	columns  = `SELECT plan, deadline_us, applied_at, applied, rolled_back_at FROM plans `
	sameEdge = `namespace = ? AND src_service = ? AND dst_service = ? AND route = ? `
	newest   = ` ORDER BY created_at DESC, rowid DESC LIMIT 1`
	// lastSet orders by when a plan was put in force.
	lastSet = ` ORDER BY applied_at DESC, rowid DESC LIMIT 1`
	inForce = `applied_at IS NOT NULL AND rolled_back_at IS NULL `
)

// Get returns a plan by its id.
func (s *Store) Get(ctx context.Context, id string) (*Record, error) {
	return s.one(ctx, "plan "+id, `WHERE id = ?`, id)
}

// Latest returns the newest plan of an edge.
func (s *Store) Latest(ctx context.Context, e *typesv1.EdgeRef) (*Record, error) {
	return s.one(ctx, "latest plan", `WHERE `+sameEdge+newest, edgeArgs(e)...)
}

// InForce returns the plan of an edge that was applied last and not rolled
// back since.
func (s *Store) InForce(ctx context.Context, e *typesv1.EdgeRef) (*Record, error) {
	return s.one(ctx, "plan in force", `WHERE `+inForce+`AND `+sameEdge+lastSet, edgeArgs(e)...)
}

// LastChange returns when a plan was last applied to an edge or rolled back;
// zero: never.
func (s *Store) LastChange(ctx context.Context, e *typesv1.EdgeRef) (time.Time, error) {
	var us sql.NullInt64
	err := s.db.QueryRowContext(ctx, `SELECT max(max(applied_at, coalesce(rolled_back_at, 0))) FROM plans WHERE `+sameEdge, edgeArgs(e)...).Scan(&us)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading last change of an edge: %w", err)
	}
	if !us.Valid {
		return time.Time{}, nil
	}
	return time.UnixMicro(us.Int64).UTC(), nil
}

// LastApplied returns the plan of any edge that was applied last and not
// rolled back since.
func (s *Store) LastApplied(ctx context.Context) (*Record, error) {
	return s.one(ctx, "plan applied last", `WHERE `+inForce+lastSet)
}

// Before returns the plan that was in force on the edge of r when r was
// applied, unless it was rolled back since.
func (s *Store) Before(ctx context.Context, r *Record) (*Record, error) {
	args := append(edgeArgs(r.Plan.GetEdge()), r.Plan.GetAppliedAt().AsTime().UnixMicro(), r.Plan.GetId())
	return s.one(ctx, "plan before "+r.Plan.GetId(), `WHERE `+inForce+`AND `+sameEdge+`AND applied_at <= ? AND id != ?`+lastSet, args...)
}

// List returns the newest plans of an edge, or of all edges for nil, at most a
// hundred.
func (s *Store) List(ctx context.Context, e *typesv1.EdgeRef) ([]*Record, error) {
	query, args := columns, []any(nil)
	if e != nil {
		query, args = query+`WHERE `+sameEdge, edgeArgs(e)
	}
	rows, err := s.db.QueryContext(ctx, query+fmt.Sprintf(`ORDER BY created_at DESC, rowid DESC LIMIT %d`, maxList), args...)
	if err != nil {
		return nil, fmt.Errorf("listing plans: %w", err)
	}
	defer rows.Close()
	var out []*Record
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("listing plans: %w", err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func (s *Store) one(ctx context.Context, what, where string, args ...any) (*Record, error) {
	r, err := scan(s.db.QueryRowContext(ctx, columns+where, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	return r, nil
}

func scan(row interface{ Scan(...any) error }) (*Record, error) {
	var text string
	var deadline int64
	var applied sql.NullString
	var appliedAt, rolledBackAt sql.NullInt64
	if err := row.Scan(&text, &deadline, &appliedAt, &applied, &rolledBackAt); err != nil {
		return nil, err
	}
	r := &Record{Plan: &tunev1.Plan{}, Deadline: time.Duration(deadline) * time.Microsecond}
	// A newer program may have written fields that this one does not know.
	unmarshal := protojson.UnmarshalOptions{DiscardUnknown: true}
	if err := unmarshal.Unmarshal([]byte(text), r.Plan); err != nil {
		return nil, err
	}
	r.Plan.AppliedAt, r.Plan.RolledBackAt = timestamp(appliedAt), timestamp(rolledBackAt)
	if applied.Valid {
		r.Applied = &meshv1.TrafficPolicy{}
		if err := unmarshal.Unmarshal([]byte(applied.String), r.Applied); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func timestamp(us sql.NullInt64) *timestamppb.Timestamp {
	if !us.Valid {
		return nil
	}
	return timestamppb.New(time.UnixMicro(us.Int64))
}

func edgeArgs(e *typesv1.EdgeRef) []any {
	return []any{e.GetNamespace(), e.GetSrcService(), e.GetDstService(), e.GetRoute()}
}
