package meshstore

import (
	"sync/atomic"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// drops counts the access log entries that proxies say they dropped, as their
// statistics come by (Envoy: access_logs.grpc_access_log.logs_dropped).
type drops struct{ n atomic.Int64 }

func (d *drops) add(p *record.ProxyStat) {
	if p.Scope == record.ScopeLog && p.Name == "logs_dropped" && p.Kind == record.StatCounter && p.Value > 0 {
		d.n.Add(int64(p.Value))
	}
}

func (d *drops) total() int64 { return d.n.Load() }
