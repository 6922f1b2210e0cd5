package alert

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestLeaders goes through who may lead when: each campaign reads the clock of
// its own process.
func TestLeaders(t *testing.T) {
	db := openState(t, t.TempDir())
	a, b := newElection(db, quiet()), newElection(db, quiet())
	a.shared, b.shared = true, true
	campaign := func(e *election, at time.Duration) (int64, bool) {
		t.Helper()
		epoch, won, err := e.campaign(t.Context(), t0.Add(at))
		if err != nil {
			t.Fatal(err)
		}
		return epoch, won
	}
	if epoch, won := campaign(a, 0); !won || epoch != 1 {
		t.Fatalf("the first leads: %v, epoch %d", won, epoch)
	}
	if _, won := campaign(b, 0); won {
		t.Fatal("two lead")
	}
	if err := a.renew(t.Context(), 1, time.Second); err != nil {
		t.Fatal(err)
	}
	if _, won := campaign(b, takeoverAfter); won { // the beat is new to it
		t.Fatal("a leader that beats was deposed")
	}
	if _, won := campaign(b, 2*takeoverAfter-time.Microsecond); won {
		t.Fatal("deposed too early")
	}
	if epoch, won := campaign(b, 2*takeoverAfter); !won || epoch != 2 {
		t.Fatalf("after the silence: %v, epoch %d", won, epoch)
	}
	if err := a.renew(t.Context(), 1, time.Second); !errors.Is(err, errDeposed) {
		t.Errorf("a deposed leader renewed: %v", err)
	}
	a.resign(1) // too late to matter
	if _, won := campaign(a, 2*takeoverAfter); won {
		t.Error("the old leader gave away what is another's")
	}
	b.resign(2)
	if epoch, won := campaign(a, 2*takeoverAfter); !won || epoch != 3 {
		t.Errorf("after the resignation: %v, epoch %d", won, epoch)
	}
}

// TestAlone: who has the state in a file of its own does not wait after a kill.
func TestAlone(t *testing.T) {
	db := openState(t, t.TempDir())
	for epoch := int64(1); epoch <= 2; epoch++ {
		e := newElection(db, quiet())
		e.shared = false
		if got, won, err := e.campaign(t.Context(), t0); !won || got != epoch || err != nil {
			t.Errorf("start %d: %v, epoch %d, %v", epoch, won, got, err)
		}
	}
}

// TestFencing: an analyzer that was paused while it held a message, and wakes
// when another leads, can neither claim, record, open nor resolve. The new one
// takes the message at once, with the same id.
func TestFencing(t *testing.T) {
	db := openState(t, t.TempDir())
	old, fresh := newElection(db, quiet()), newElection(db, quiet())
	old.shared = true
	before, _, err := old.campaign(t.Context(), t0)
	if err != nil {
		t.Fatal(err)
	}
	paused := ledger{db, before}
	in := fireOne(t, paused, "i", t0, targetA)
	m := claimOne(t, paused, "a", t0)

	fresh.shared = true
	if _, won, err := fresh.campaign(t.Context(), t0); won || err != nil {
		t.Fatal(won, err)
	}
	after, won, err := fresh.campaign(t.Context(), t0.Add(takeoverAfter))
	if !won || err != nil {
		t.Fatal(won, err)
	}
	leads := ledger{db, after}
	again := claimOne(t, leads, "a", t0)
	if again == nil || again.id != m.id || string(again.body) != string(m.body) || !again.seen {
		t.Fatalf("the new leader claimed %+v", again)
	}
	in.ResolvedAt = t0
	for name, do := range map[string]func() error{
		"settle":  func() error { return paused.settle(t.Context(), []outcome{{m, sent}}, t0) },
		"release": func() error { return paused.release(t.Context(), []*message{m}) },
		"claim":   func() error { _, err := paused.claim(t.Context(), "a", t0.Add(time.Hour), leaseTime, 9); return err },
		"fire":    func() error { return paused.fire(t.Context(), newRouter(targetA), []Incident{{ID: "j", SLO: "other"}}) },
		"resolve": func() error { return paused.resolve(t.Context(), newRouter(targetA), in) },
		"note":    func() error { return paused.note(t.Context(), "i", t0) },
		"mute":    func() error { return paused.mute(t.Context(), router{}, in, "x", t0) },
		"adopt":   func() error { return paused.adopt(t.Context(), nil) },
	} {
		if err := do(); !errors.Is(err, errDeposed) {
			t.Errorf("%s of the paused one: %v, want that another leads", name, err)
		}
	}
	settleOne(t, leads, again, sent, t0)
	expectBox(t, db, "i a firing delivered 2")
}

// TestTerm: a term ends with its context, with another's, and at the end of
// what it leads.
func TestTerm(t *testing.T) {
	bubble(t, func(t *testing.T) {
		db := openState(t, t.TempDir())
		defer db.Close()
		e := newElection(db, quiet())
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var terms []int64
		err := e.run(ctx, func(term context.Context, epoch int64) error {
			terms = append(terms, epoch)
			if epoch == 1 { // another takes it
				time.Sleep(time.Minute)
				if term.Err() != nil {
					t.Error("the term ended though it was renewed")
				}
				if _, err := db.Exec(`UPDATE leaders SET epoch = 7, holder = 'other'`); err != nil {
					t.Error(err)
				}
			}
			<-term.Done()
			return nil
		})
		if err != nil || len(terms) != 2 || terms[0] != 1 || terms[1] != 8 {
			t.Errorf("terms %v, %v, want 1 and, after the other fell silent, 8", terms, err)
		}
	})
}
