package status

import (
	"context"
	"time"

	"connectrpc.com/connect"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"google.golang.org/protobuf/types/known/timestamppb"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1/statusv1connect"
)

// checkTimeout bounds all checks together: what does not answer by then is
// itself the finding.
const checkTimeout = 10 * time.Second

// Service implements statusv1connect.StatusServiceHandler.
type Service struct {
	statusv1connect.UnimplementedStatusServiceHandler
	conn    driver.Conn
	mesh    func(context.Context) error
	version string
	now     func() time.Time
}

// New returns a Service. The version is that of the program; mesh tells whether
// the mesh's API answers, nil where none is configured.
func New(conn driver.Conn, mesh func(context.Context) error, version string, now func() time.Time) *Service {
	return &Service{conn: conn, mesh: mesh, version: version, now: now}
}

// GetStatus runs all checks. It answers without error even if nothing works:
// that is then what the checks say.
func (s *Service) GetStatus(ctx context.Context, _ *connect.Request[statusv1.GetStatusRequest]) (*connect.Response[statusv1.GetStatusResponse], error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	f := s.read(ctx, s.now())
	answer := &statusv1.GetStatusResponse{Version: s.version, Checks: checks(f)}
	if !f.watermark.At.IsZero() {
		answer.Watermark = timestamppb.New(f.watermark.At)
	}
	for _, p := range f.proxies {
		answer.Proxies = append(answer.Proxies, &statusv1.ProxyStatus{
			Proxy: p.id, Collector: p.collector, LastSeen: timestamppb.New(p.seen),
			Requests: p.requests, Attempts: p.attempts,
		})
	}
	return connect.NewResponse(answer), nil
}
