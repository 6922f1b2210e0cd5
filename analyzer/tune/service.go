package tune

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"time"

	"connectrpc.com/connect"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/plans"
	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/rows"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1/meshv1connect"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1/tunev1connect"
)

// Burn is a stretch in which an SLO burned its budget.
type Burn struct {
	SLO string
	// Stressed is the burn, Healthy the green stretch before it; empty: none.
	Healthy, Stressed rows.Window
	Deadline          time.Duration // the SLO's latency bound; zero: it has none
}

// LastBurn finds the latest burn as of a time; false: there is none.
type LastBurn func(ctx context.Context, at time.Time) (Burn, bool, error)

// Settings are what a Service is made of.
type Settings struct {
	Conn  driver.Conn // the store
	State *sql.DB     // the analyzer's state
	// Mesh reads and changes limits; nil: plans can be made, not applied.
	Mesh meshv1connect.MeshServiceClient
	// Watermark tells up to when the rows of the store are complete as of a
	// time, or why that is not known.
	Watermark func(ctx context.Context, at time.Time) (mark time.Time, reason string, err error)
	LastBurn  LastBurn // nil: there are no SLOs
	Now       func() time.Time
	Log       *slog.Logger
}

// Service implements tunev1connect.TuneServiceHandler.
type Service struct {
	use   Settings
	plans *plans.Store
	// changing is held while the mesh is changed: one change at a time.
	changing sync.Mutex
}

var _ tunev1connect.TuneServiceHandler = (*Service)(nil)

// New returns a Service.
func New(s Settings) *Service {
	return &Service{use: s, plans: plans.New(s.State)}
}

// ListPlans returns the newest plans, at most a hundred.
func (s *Service) ListPlans(ctx context.Context, req *connect.Request[tunev1.ListPlansRequest]) (*connect.Response[tunev1.ListPlansResponse], error) {
	edge := req.Msg.GetEdge()
	if edge != nil {
		var err error
		if edge, err = checkEdge(edge); err != nil {
			return nil, err
		}
	}
	records, err := s.plans.List(ctx, edge)
	if err != nil {
		return nil, err
	}
	answer := &tunev1.ListPlansResponse{}
	for _, r := range records {
		answer.Plans = append(answer.Plans, r.Plan)
	}
	return connect.NewResponse(answer), nil
}
