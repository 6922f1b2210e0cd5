package meshmetrics

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// identity is who a target is.
type identity struct {
	proxy, node string
	started     time.Time // at the earliest; zero if not known
}

// infoPath is where an Envoy's admin interface says what it is; an answer has
// some 60 KB, most of them the list of its extensions.
const (
	infoPath    = "/server_info"
	maxInfoSize = 4 << 20
)

// serverInfo is the part of envoy.admin.v3.ServerInfo that is read.
type serverInfo struct {
	Uptime string `json:"uptime_current_epoch"`
	Node   struct {
		ID       string         `json:"id"`
		Cluster  string         `json:"cluster"`
		Metadata map[string]any `json:"metadata"`
	} `json:"node"`
}

// askIdentity asks an Envoy who it is, and since when. A page that is not on an
// admin interface has no such answer: then known is false.
func askIdentity(ctx context.Context, c *client) (info serverInfo, uptime time.Duration, known bool, err error) {
	resp, _, err := c.get(ctx, infoPath, "application/json")
	var status errStatus
	if errors.As(err, &status) {
		return info, 0, false, nil
	}
	if err != nil {
		return info, 0, false, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxInfoSize))
	if err != nil {
		return info, 0, false, fmt.Errorf("reading %s: %w", infoPath, err)
	}
	if err := json.Unmarshal(text, &info); err != nil {
		return info, 0, false, fmt.Errorf("reading %s: %w: %w", infoPath, errIdentity, err)
	}
	if uptime, err = time.ParseDuration(info.Uptime); err != nil || uptime < 0 {
		return info, 0, false, fmt.Errorf("reading %s: uptime_current_epoch %q: %w", infoPath, info.Uptime, errIdentity)
	}
	return info, uptime, true, nil
}

// names returns proxy and node: as the target says, else as the Envoy does, in
// the way of its access logs, else after the address.
func (info *serverInfo) names(t target.Target, address target.Address) identity {
	m := info.Node.Metadata
	reporter := rows.NewReporter(&wire.Node{
		ID:      info.Node.ID,
		Cluster: info.Node.Cluster,
		Meta: wire.Metadata{
			MeshID: text(m, "MESH_ID"), ClusterID: text(m, "CLUSTER_ID"), Namespace: text(m, "NAMESPACE"),
			Workload: text(m, "WORKLOAD"), WorkloadName: text(m, "WORKLOAD_NAME"), Service: text(m, "SERVICE"),
		},
	})
	id := identity{proxy: cmp.Or(t.Proxy, info.Node.ID, address.Name()), node: t.Node}
	if id.node == "" && reporter.Peer.Source == record.IDReporter {
		id.node = reporter.Peer.ID
	}
	return id
}

func text(fields map[string]any, name string) string {
	s, _ := fields[name].(string)
	return s
}

// life tells one process of a target from the next by how long it says that it
// has been up.
type life struct {
	started time.Time
	uptime  time.Duration // as it said
	asked   time.Time
}

// Whole seconds and the way of the answer make uptimes inexact by so much.
const uptimeGrain = time.Second

// next takes an uptime that was told at a time, give or take slack, and returns
// the earliest start of the process. It is the same process if it has been up
// for as long as has passed since it was asked before: then it has the same
// start, whatever happened to the clock.
func (l *life) next(at time.Time, uptime, slack time.Duration) time.Time {
	same := !l.started.IsZero() && uptime+slack+uptimeGrain >= l.uptime+at.Sub(l.asked)
	if !same {
		l.started = at.Add(-uptime - slack)
	}
	l.uptime, l.asked = uptime, at
	return l.started
}
