package alert

import (
	"context"
	"log/slog"
	"time"
)

// leaseTime is how long a claimed message belongs to its sender: longer than a
// try can take.
const leaseTime = sendTimeout + 5*time.Second

// settleTimeout bounds the record of a result after the context has ended.
const settleTimeout = 5 * time.Second

// dispatcher sends the messages of one target, one at a time.
type dispatcher struct {
	ledger ledger
	target string
	sender *sender
	log    *slog.Logger
	now    func() time.Time
	random func() float64
	wake   chan struct{} // of one element: there may be something new
}

// run delivers until the context ends.
func (d *dispatcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		sent, err := d.deliver(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			d.log.Error("delivering alerts", "target", d.target, "error", err)
			d.wait(ctx, firstBackoff)
		case !sent && err == nil:
			d.idle(ctx)
		}
	}
}

// deliver makes one try for one message; false if none is due.
func (d *dispatcher) deliver(ctx context.Context) (sent bool, err error) {
	m, err := d.ledger.claim(ctx, d.target, d.now(), leaseTime)
	if m == nil || err != nil {
		return false, err
	}
	r := d.sender.send(ctx, m)
	s := settlementOf(m, r, d.now(), d.random())
	if r.state == pending && ctx.Err() != nil { // cut off by us: due at once for the next process
		s.due, s.err = d.now(), "the sender was stopped during a try"
	}
	if s.state == dead {
		d.log.Warn("alert message is dead", "target", d.target, "message", m.id, "event", m.event, "tries", m.tries, "reason", s.err)
	}
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	return true, d.ledger.settle(settling, m, s, d.now())
}

// idle waits until the next message is due or something new may be there.
func (d *dispatcher) idle(ctx context.Context) {
	due, ok, err := d.ledger.nextDue(ctx, d.target)
	switch {
	case err != nil:
		d.wait(ctx, firstBackoff)
	case ok:
		d.wait(ctx, due.Sub(d.now()))
	default:
		select {
		case <-ctx.Done():
		case <-d.wake:
		}
	}
}

// wait waits for a time, a wake-up or the end of the context.
func (d *dispatcher) wait(ctx context.Context, t time.Duration) {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-d.wake:
	}
}

// notify wakes the dispatcher without waiting for it.
func (d *dispatcher) notify() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}
