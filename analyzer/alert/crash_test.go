package alert

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// What a sender sees of a connection that broke, or was never made.
var (
	errCut  = &net.OpError{Op: "read", Err: errors.New("connection reset")}
	errDial = &net.OpError{Op: "dial", Err: errors.New("connection refused")}
)

// TestCrash ends the process at each step of a delivery after the claim, by closing the
// database under it: whatever it would do afterwards is lost. Then it starts
// again. Both messages must arrive, in order, and only a crash between the
// receiver's taking a message and the record of that may repeat it, with the
// same id and body.
func TestCrash(t *testing.T) {
	for _, tc := range []struct {
		step string
		at   answer // what the receiver does with the message when the crash comes
		want string
	}{
		{"after the claim, before sending", answer{lost: true, err: errDial}, "firing resolved"},
		{"sent, not arrived", answer{lost: true, err: errCut}, "firing resolved"},
		{"arrived, not answered", answer{err: errCut}, "firing firing resolved"},
		{"answered 204, not recorded", answer{status: 204}, "firing firing resolved"},
		{"answered 503, not recorded", answer{lost: true, status: 503}, "firing resolved"},
		{"refused, not recorded", answer{lost: true, status: 429}, "firing resolved"},
	} {
		t.Run(tc.step, func(t *testing.T) {
			dir := t.TempDir()
			c := &clock{now: t0}
			r := &receiver{t: t, now: c.Now}
			db := openState(t, dir)
			in := fireOne(t, ledger{db: db}, "i", t0, targetA)
			tc.at.then = func() { db.Close() }
			r.script = []answer{tc.at}
			if _, err := dispatcherTo(t, db, r, c.Now).deliver(t.Context()); err == nil {
				t.Fatal("the process lives on")
			}

			db = openState(t, dir)
			resolveOne(t, ledger{db: db}, in, c.Now())
			drain(t, dispatcherTo(t, db, r, c.Now), c)
			if got := r.statuses(); got != tc.want {
				t.Errorf("received %q, want %q", got, tc.want)
			}
			checkRepeats(t, r.got())
		})
	}
}

// TestCrashBeforeTheClaimLosesNothing ends the process between the incident's
// transaction and the claim.
func TestCrashBeforeTheClaimLosesNothing(t *testing.T) {
	dir := t.TempDir()
	c := &clock{now: t0}
	r := &receiver{t: t, now: c.Now}
	db := openState(t, dir)
	fireOne(t, ledger{db: db}, "i", t0, targetA)
	db.Close()
	drain(t, dispatcherTo(t, openState(t, dir), r, c.Now), c)
	if got := r.statuses(); got != "firing" {
		t.Errorf("received %q, want firing", got)
	}
}

// drain delivers until nothing waits, moving the clock on to whatever is due.
func drain(t *testing.T, d *dispatcher, c *clock) {
	t.Helper()
	for range 1000 {
		sent, err := d.deliver(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if sent {
			continue
		}
		due, ok, err := d.ledger.nextDue(t.Context(), d.target)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return
		}
		c.add(due.Sub(c.Now()))
	}
	t.Fatal("the outbox does not become empty")
}

// checkRepeats: a message that came twice came with the same id and body, and
// messages that differ have different ids.
func checkRepeats(t *testing.T, posts []post) {
	t.Helper()
	byID := map[string]string{}
	for _, p := range posts {
		if body, twice := byID[p.id]; twice && body != p.body {
			t.Errorf("message %s changed its body", p.id)
		}
		byID[p.id] = p.body
	}
	bodies := map[string]string{}
	for id, body := range byID {
		if other, twice := bodies[body]; twice {
			t.Errorf("one body has the ids %s and %s", id, other)
		}
		bodies[body] = id
	}
}

// TestManyFaults runs incidents through random faults of receiver, network and
// process, from fixed seeds, and holds what must be true at the end: every
// message is delivered, or was never seen and is skipped; each was received;
// resolutions came after the firing; nothing was repeated but what the faults
// allow.
func TestManyFaults(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { testManyFaults(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func testManyFaults(t *testing.T, random *rand.Rand) {
	const incidents = 12
	dir := t.TempDir()
	c := &clock{now: t0}
	r := &receiver{t: t, now: c.Now}
	db := openState(t, dir)
	allowed := 0 // repeats
	open := map[string]Incident{}
	for n := 0; n < incidents || len(open) > 0; {
		switch at := c.Now(); {
		case n < incidents && random.IntN(3) == 0:
			id := fmt.Sprintf("i%02d", n)
			open[id] = fireOne(t, ledger{db: db}, id, at, targetA)
			n++
		case len(open) > 0 && random.IntN(4) == 0:
			id := slices.Sorted(maps.Keys(open))[random.IntN(len(open))]
			resolveOne(t, ledger{db: db}, open[id], at)
			delete(open, id)
		}
		fault, repeats := randomFault(random, db)
		r.script = []answer{fault}
		sent, err := dispatcherTo(t, db, r, c.Now).deliver(t.Context())
		if sent {
			allowed += repeats
		}
		if err != nil {
			db = openState(t, dir)
		}
		c.add(time.Duration(random.IntN(20_000)) * time.Millisecond)
	}
	r.script = nil
	drain(t, dispatcherTo(t, db, r, c.Now), c)

	posts := r.got()
	checkRepeats(t, posts)
	checkOrder(t, posts)
	checkComplete(t, db, posts)
	if repeated := len(posts) - distinct(posts); repeated > allowed {
		t.Errorf("%d repeats, at most %d may be", repeated, allowed)
	}
}

// randomFault returns what happens to the next try, and how many repeats that
// allows: one if the receiver takes the message and the sender does not learn
// of it.
func randomFault(random *rand.Rand, db *sql.DB) (answer, int) {
	crash := func() { db.Close() }
	switch random.IntN(9) {
	case 0:
		return answer{lost: true, err: errDial}, 0
	case 1:
		return answer{lost: true, err: errCut}, 0
	case 2:
		return answer{err: errCut}, 1
	case 3:
		return answer{status: 500}, 1
	case 4:
		return answer{lost: true, status: 429, header: http.Header{"Retry-After": {"7"}}}, 0
	case 5:
		return answer{lost: true, err: errDial, then: crash}, 0
	case 6:
		return answer{status: 204, then: crash}, 1
	case 7:
		return answer{err: context.DeadlineExceeded, then: crash}, 1
	}
	return answer{status: 204}, 0
}

// checkOrder: of each incident the firing came before the resolution.
func checkOrder(t *testing.T, posts []post) {
	t.Helper()
	fired := map[string]bool{}
	for _, p := range posts {
		name := sloOf(p)
		if p.status == resolved && !fired[name] {
			t.Errorf("%s resolved before it fired", name)
		}
		fired[name] = fired[name] || p.status == firing
	}
}

func sloOf(p post) string {
	_, after, _ := strings.Cut(p.body, `"slo":"`)
	name, _, _ := strings.Cut(after, `"`)
	return name
}

// checkComplete: what the outbox calls delivered was received, and what was
// received is not called skipped.
func checkComplete(t *testing.T, db *sql.DB, posts []post) {
	t.Helper()
	got := map[string]bool{}
	for _, p := range posts {
		got[p.id] = true
	}
	rows, err := db.Query(`SELECT id, event, state FROM deliveries`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, event, state string
		if err := rows.Scan(&id, &event, &state); err != nil {
			t.Fatal(err)
		}
		switch {
		case state == delivered && !got[id]:
			t.Errorf("message %s (%s) counts as delivered and was never received", id, event)
		case state == skipped && got[id]:
			t.Errorf("message %s (%s) was received and counts as skipped", id, event)
		case state != delivered && state != skipped:
			t.Errorf("message %s (%s) is %s at the end", id, event, state)
		}
	}
}

func distinct(posts []post) int {
	ids := map[string]bool{}
	for _, p := range posts {
		ids[p.id] = true
	}
	return len(ids)
}
