package run

import (
	"context"
	"time"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/lab/report"
	"github.com/plimsoll-mesh/plimsoll/lab/witness"
	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf"
)

// addTelemetry holds what is stored against what the proxies say they wrote.
func (a *assembler) addTelemetry(ctx context.Context, r *report.Report) error {
	t := &r.Telemetry
	if a.firstEdge > 0 {
		seconds := a.firstEdge.Seconds()
		t.FirstEdgeS = &seconds
	}
	t.Proxies = a.proxyCounts(ctx)
	for _, p := range t.Proxies {
		t.ALSWritten += p.Written
		t.ALSDropped += p.Dropped
	}
	if a.opts.Store != "" {
		t.Proxies = nil // rows of other runs are in there, too
		return nil
	}
	stored, err := witness.StoredRows(ctx, a.place.engineSock(), database(a.stack.dsn))
	if err != nil {
		return err
	}
	addRows(t, stored)
	return a.addSeen(ctx, t)
}

// Plimsoll's own accounts are exact once its readings of a proxy's counters are
// from after the last traffic.
const (
	seenWithin = 20 * time.Second
	seenEvery  = time.Second
)

// addSeen adds what Plimsoll says is lost, when it can know that exactly, or has
// had the time to.
func (a *assembler) addSeen(ctx context.Context, t *report.Telemetry) error {
	_, rest := a.driver.clock.window(len(a.opts.Scenario.Phases) - 1)
	deadline := time.Now().Add(seenWithin)
	for {
		accounts, err := a.driver.api.accounts(ctx, a.opts.Begun, time.Now())
		if err != nil {
			return err
		}
		settled := true // where no proxy is known, no time will help
		for i := range t.Proxies {
			p := &t.Proxies[i]
			p.SeenLost = lostOf(accounts[p.Proxy])
			settled = settled && p.SeenLost != nil && accounts[p.Proxy].GetTo().AsTime().After(rest.Add(enRoute))
		}
		if settled || len(accounts) == 0 || time.Now().After(deadline) {
			return nil
		}
		if err := sleepUntil(ctx, time.Now().Add(seenEvery)); err != nil {
			return err
		}
	}
}

// enRoute is how long an entry may be on its way from a proxy to a row.
const enRoute = 3 * time.Second

// lostOf returns what an account says is lost, on the way or dropped by the
// proxy; nil if it does not know.
func lostOf(x *statusv1.ProxyAccount) *report.Bounds {
	if x.GetSilentLoss() == nil {
		return nil
	}
	return &report.Bounds{Low: x.GetSilentLoss().GetLow() + x.GetDropped(), High: x.GetSilentLoss().GetHigh() + x.GetDropped()}
}

// proxyCounts lists the proxies with what they wrote and dropped.
func (a *assembler) proxyCounts(ctx context.Context) []report.Proxy {
	var list []report.Proxy
	for _, p := range a.apps.pairs {
		s := p.stats(ctx)
		list = append(list, report.Proxy{
			Proxy: envoyconf.NodeID(a.mesh, p.model), Written: uint64(s.LogsWritten()), Dropped: uint64(s.LogsDropped()),
		})
	}
	return list
}

// addRows adds what is stored, in all and by proxy.
func addRows(t *report.Telemetry, stored []witness.Rows) {
	once := map[string]uint64{}
	for _, s := range stored {
		t.Rows += s.Requests + s.Attempts
		t.Doubled += s.Doubled
		t.ALSReceived += s.Received
		once[s.Proxy] = s.Requests + s.Attempts - s.Doubled
	}
	for i := range t.Proxies {
		p := &t.Proxies[i]
		p.Rows = once[p.Proxy]
		p.Lost = int64(p.Written+p.Dropped) - int64(p.Rows)
	}
	all := t.ALSWritten + t.ALSDropped
	if all == 0 {
		return
	}
	lost, share := int64(all)-int64(t.Rows-t.Doubled), float64(t.Rows)/float64(all)
	t.Lost, t.Completeness = &lost, &share
}
