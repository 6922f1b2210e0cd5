package alert

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

func TestEscalation(t *testing.T) {
	db := openState(t, t.TempDir())
	l := ledger{db: db}
	r := newRouter([]Target{{Name: "a", Escalate: &Escalate{To: "b", After: yamlfile.Duration(time.Minute)}}, {Name: "b"}})
	ticket := incidentOf("t", "pay", slo.Ticket, 0)
	for _, in := range []Incident{incidentOf("p", "shop", slo.Page, 0), ticket, incidentOf("q", "web", slo.Page, 0)} {
		if err := l.fire(t.Context(), r, []Incident{in}); err != nil {
			t.Fatal(err)
		}
	}
	expectBox(t, db, "p a firing pending 0", "t a firing pending 0", "q a firing pending 0") // b is in reserve
	settleOne(t, l, claimOne(t, l, "a", t0), settlement{state: dead, err: "no"}, t0)
	if n, err := l.escalate(t.Context(), r, t0); n != 1 || err != nil { // what is refused, at once
		t.Errorf("%d escalate, %v, want 1", n, err)
	}
	for _, want := range []int{1, 0} { // what is late, once
		if n, err := l.escalate(t.Context(), r, t0.Add(time.Minute)); n != want || err != nil {
			t.Errorf("%d escalate, %v, want %d", n, err, want)
		}
	}
	expectBox(t, db, "p a firing dead 1 no", "t a firing pending 0", "q a firing pending 0", "p b firing pending 0", "q b firing pending 0")
	m := claimOne(t, l, "b", t0.Add(time.Minute))
	if !strings.Contains(string(m.body), `"escalated_from":"a"`) {
		t.Errorf("body %s", m.body)
	}
	settleOne(t, l, m, sent, t0.Add(time.Minute))
	over := incidentOf("p", "shop", slo.Page, 0)
	over.ResolvedAt = t0.Add(2 * time.Minute)
	if err := l.resolve(t.Context(), r, over); err != nil {
		t.Fatal(err)
	}
	if got := box(t, db); !strings.Contains(got, "p b resolved pending 0") || !strings.Contains(got, "p a resolved skipped 0") {
		t.Errorf("outbox %s", got)
	}
}

func TestReplay(t *testing.T) {
	db := openState(t, t.TempDir())
	l := ledger{db: db}
	if err := l.adopt(t.Context(), targetA); err != nil {
		t.Fatal(err)
	}
	in := fireOne(t, l, "i", t0, targetA)
	m := claimOne(t, l, "a", t0)
	settleOne(t, l, m, settlement{state: dead, gone: true, err: goneText}, t0)
	resolveOne(t, l, in, t0.Add(time.Minute))
	late := t0.Add(100 * time.Hour)
	ids, err := l.replay(t.Context(), m.id, late)
	if err != nil || len(ids) != 2 || ids[0] != m.id {
		t.Fatalf("replayed %v, %v", ids, err)
	}
	for _, event := range []string{firing, resolved} {
		again := claimOne(t, l, "a", late)
		if again.event != event || !again.since.Equal(late) || event == firing && (again.id != m.id || string(again.body) != string(m.body)) {
			t.Errorf("claimed %+v, want %s", again, event)
		}
		settleOne(t, l, again, sent, late)
	}
	for _, id := range []string{m.id, "nope"} { // delivered by now; not there
		if _, err := l.replay(t.Context(), id, late); !errors.Is(err, errNotDead) {
			t.Errorf("replaying %s: %v", id, err)
		}
	}
	fireOne(t, l, "j", late, targetA)
	if m := claimOne(t, l, "a", late); m == nil || m.incident != "j" {
		t.Error("the target is still disabled")
	}
}

// TestBatch: a batch stops at the first message that is not taken. What was not
// tried is given back as it was.
func TestBatch(t *testing.T) {
	db := openState(t, t.TempDir())
	c := &clock{now: t0}
	r := &receiver{t: t, now: c.Now, script: []answer{{status: 204}, {status: 204}, {lost: true, status: 503}}}
	var want []string
	for i := range 5 {
		fireOne(t, ledger{db: db}, fmt.Sprint(i), t0, targetA)
	}
	d := dispatcherTo(t, db, r, c.Now)
	d.batch = 4
	if sent, err := d.deliver(t.Context()); !sent || err != nil {
		t.Fatal(sent, err)
	}
	for i, state := range []string{"delivered 1", "delivered 1", "pending 1 the receiver answered 503 Service Unavailable", "pending 0", "pending 0"} {
		want = append(want, fmt.Sprintf("%d a firing %s", i, state))
	}
	expectBox(t, db, want...)
	drain(t, d, c)
	if posts := r.got(); len(posts) != 5 || distinct(posts) != 5 {
		t.Errorf("%d posts of %d messages", len(posts), distinct(posts))
	}
}

// TestCrashInABatch: between the receiver's 2xx and the record there may be a
// batch, and no more than it is repeated, with the same ids, in the same order.
func TestCrashInABatch(t *testing.T) {
	dir := t.TempDir()
	db := openState(t, dir)
	c := &clock{now: t0}
	r := &receiver{t: t, now: c.Now}
	for i := range 10 {
		fireOne(t, ledger{db: db}, fmt.Sprint(i), t0, targetA)
	}
	r.script = []answer{{status: http.StatusNoContent}, {status: http.StatusNoContent, then: func() { db.Close() }}}
	d := dispatcherTo(t, db, r, c.Now)
	d.batch = 2
	if _, err := d.deliver(t.Context()); err == nil {
		t.Fatal("the process lives on")
	}
	db = openState(t, dir)
	if _, err := db.Exec(`UPDATE leaders SET epoch = 1`); err != nil { // the next process leads its own
		t.Fatal(err)
	}
	d = dispatcherTo(t, db, r, c.Now)
	d.ledger.epoch, d.batch = 1, 2
	drain(t, d, c)
	posts := r.got()
	checkRepeats(t, posts)
	if len(posts) != 12 || distinct(posts) != 10 || posts[0].id != posts[2].id || posts[1].id != posts[3].id {
		t.Errorf("%d posts of %d messages, want 12 of 10, the first two twice", len(posts), distinct(posts))
	}
}
