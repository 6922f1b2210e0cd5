package alert

import (
	"context"
	"log/slog"
	"time"
)

const (
	// batchSize is how many messages are claimed, and recorded, at once; batchTime
	// bounds how long a batch is worked on. Both bound what a crash may repeat.
	batchSize = 32
	batchTime = time.Second
	// leaseTime is how long a claimed message belongs to its sender: longer than
	// a batch and its last try can take.
	leaseTime = batchTime + sendTimeout + 5*time.Second
)

// settleTimeout bounds the record of a result after the context has ended.
const settleTimeout = 5 * time.Second

// dispatcher sends the messages of one target, one after the other. While the
// receiver takes them it goes through a batch before it records the results;
// the first that is not taken ends the batch.
type dispatcher struct {
	ledger ledger
	target string
	sender *sender
	batch  int
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

// deliver claims a batch and sends it; false if nothing is due.
func (d *dispatcher) deliver(ctx context.Context) (sent bool, err error) {
	list, err := d.ledger.claim(ctx, d.target, d.now(), leaseTime, d.batch)
	if len(list) == 0 || err != nil {
		return false, err
	}
	outcomes := d.try(ctx, list)
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err := d.ledger.settle(settling, outcomes, d.now()); err != nil {
		return true, err
	}
	if rest := list[len(outcomes):]; len(rest) > 0 {
		return true, d.ledger.release(settling, rest)
	}
	return true, nil
}

// try sends messages until one is not taken, the time for a batch is over or
// the context has ended.
func (d *dispatcher) try(ctx context.Context, list []*message) []outcome {
	var outcomes []outcome
	for start := time.Now(); len(outcomes) < len(list) && time.Since(start) < batchTime; {
		m := list[len(outcomes)]
		r := d.sender.send(ctx, m)
		s := settlementOf(m, r, d.now(), d.random())
		if r.state == pending && ctx.Err() != nil { // cut off by us: due at once for the next process
			s.due, s.err = d.now(), "the sender was stopped during a try"
		}
		if s.state == dead {
			d.log.Warn("alert message is dead", "target", d.target, "message", m.id, "event", m.event, "tries", m.tries, "reason", s.err)
		}
		outcomes = append(outcomes, outcome{m, s})
		if r.state != delivered || ctx.Err() != nil {
			break
		}
	}
	return outcomes
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
