package alert

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
)

func lines(list ...string) string { return strings.Join(list, "\n") }

func expectBox(t *testing.T, db *sql.DB, want ...string) {
	t.Helper()
	if diff := cmp.Diff(lines(want...), box(t, db)); diff != "" {
		t.Errorf("outbox: %s", diff)
	}
}

func claimOne(t *testing.T, l ledger, target string, now time.Time) *message {
	t.Helper()
	list, err := l.claim(t.Context(), target, now, leaseTime, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func settleOne(t *testing.T, l ledger, m *message, s settlement, now time.Time) {
	t.Helper()
	if err := l.settle(t.Context(), []outcome{{m, s}}, now); err != nil {
		t.Fatal(err)
	}
}

var sent = settlement{state: delivered, seen: true}

// TestFireTellsThoseWhoWant and leaves the others alone.
func TestFireTellsThoseWhoWant(t *testing.T) {
	db := openState(t, t.TempDir())
	fireOne(t, ledger{db: db}, "i", t0, []Target{
		{Name: "all"},
		{Name: "pages", Severities: []string{slo.Page}},
		{Name: "tickets", Severities: []string{slo.Ticket}},
		{Name: "both", Severities: []string{slo.Ticket, slo.Page}},
	})
	expectBox(t, db, "i all firing pending 0", "i pages firing pending 0", "i both firing pending 0")
}

// TestTransitionIsAtomic breaks off between the first target's message and the
// second's: neither incident nor message may stay.
func TestTransitionIsAtomic(t *testing.T) {
	db := openState(t, t.TempDir())
	l := ledger{db: db}
	in := Incident{ID: "i", SLO: "s", Service: "v", Severity: slo.Page, FiredAt: t0, WindowFrom: t0}
	torn := newRouter([]Target{{Name: "a"}, {Name: "b", Format: "fax"}})
	if err := l.fire(t.Context(), torn, []Incident{in}); err == nil {
		t.Fatal("an unknown format was written")
	}
	expectBox(t, db, "")
	if open, err := l.open(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("open incidents = %v, %v", open, err)
	}

	in = fireOne(t, l, "j", t0, []Target{{Name: "a"}, {Name: "b"}})
	for _, target := range []string{"a", "b"} {
		settleOne(t, l, claimOne(t, l, target, t0), sent, t0)
	}
	in.ResolvedAt = t0
	if err := l.resolve(t.Context(), torn, in); err == nil {
		t.Fatal("an unknown format was written")
	}
	expectBox(t, db, "j a firing delivered 1", "j b firing delivered 1")
	if open, err := l.open(t.Context()); err != nil || len(open) != 1 {
		t.Errorf("open incidents after a broken resolution = %v, %v", open, err)
	}
}

// TestOneOpenIncident: the database itself refuses a second one.
func TestOneOpenIncident(t *testing.T) {
	l := ledger{db: openState(t, t.TempDir())}
	in := fireOne(t, l, "i", t0, nil)
	in.ID = "other"
	if err := l.fire(t.Context(), router{}, []Incident{in}); err == nil {
		t.Error("a second open incident of one rule was accepted")
	}
}

func TestClaimOrderAndLease(t *testing.T) {
	db := openState(t, t.TempDir())
	l := ledger{db: db}
	fireOne(t, l, "first", t0, targetA)
	fireOne(t, l, "later", t0, targetA)
	fireOne(t, l, "other", t0, []Target{{Name: "b"}})

	now := t0.Add(time.Second)
	one, two := claimOne(t, l, "a", now), claimOne(t, l, "a", now)
	if one.incident != "first" || two.incident != "later" || one.tries != 1 {
		t.Errorf("claimed %s (try %d), then %s", one.incident, one.tries, two.incident)
	}
	if m := claimOne(t, l, "a", now.Add(leaseTime-time.Microsecond)); m != nil {
		t.Errorf("claimed %s under another's lease", m.incident)
	}
	due, ok, err := l.nextDue(t.Context(), "a")
	if want := now.Add(leaseTime); err != nil || !ok || !due.Equal(want) {
		t.Errorf("next due = %v, %v, %v, want %v", due, ok, err, want)
	}
	again := claimOne(t, l, "a", now.Add(leaseTime))
	if again.id != one.id || string(again.body) != string(one.body) || again.tries != 2 || !again.seen {
		t.Errorf("after the lease = %+v", again)
	}
	if err := l.settle(t.Context(), []outcome{{one, sent}}, now); !errors.Is(err, errLeaseLost) {
		t.Errorf("settling with a lost lease: %v", err)
	}
	settleOne(t, l, again, sent, now)
	expectBox(t, db, "first a firing delivered 2", "later a firing pending 1", "other b firing pending 0")
	if _, ok, err := l.nextDue(t.Context(), "nobody"); ok || err != nil {
		t.Errorf("something is due for nobody: %v", err)
	}
}

// TestClockGoesBack: what was written in what is now the future is due at once;
// the times in it mean nothing.
func TestClockGoesBack(t *testing.T) {
	l := ledger{db: openState(t, t.TempDir())}
	fireOne(t, l, "i", t0, targetA)
	settleOne(t, l, claimOne(t, l, "a", t0), settlement{state: pending, due: t0.Add(time.Minute), seen: true, err: "busy"}, t0)
	if m := claimOne(t, l, "a", t0.Add(30*time.Second)); m != nil {
		t.Fatal("claimed before it was due")
	}
	if m := claimOne(t, l, "a", t0.Add(-time.Hour)); m == nil || m.tries != 2 {
		t.Errorf("claimed %+v after the clock went back an hour", m)
	}
}

// TestResolution goes through what the firing can have come to when its
// incident resolves.
func TestResolution(t *testing.T) {
	refused := settlement{state: dead, err: "the receiver answered 400 Bad Request"}
	tooBusy := settlement{state: pending, due: t0.Add(time.Second), err: "busy"}
	maybe := settlement{state: pending, due: t0.Add(time.Second), seen: true, err: "timeout"}
	lost := settlement{state: dead, seen: true, err: "given up"}
	const never = "the receiver never saw it fire"
	for _, tc := range []struct {
		name   string
		before []settlement // results of tries before the incident resolves; none: never claimed
		during *settlement  // the result of a try that was under way
		want   []string
	}{
		{"told", []settlement{sent}, nil, []string{"firing delivered 1", "resolved pending 0"}},
		{"never tried", nil, nil, []string{"firing skipped 0 " + never, "resolved skipped 0 " + never}},
		{"refused for good", []settlement{refused}, nil, []string{"firing dead 1 " + refused.err, "resolved skipped 0 " + never}},
		{"put off, and never seen", []settlement{tooBusy}, nil, []string{"firing skipped 1 " + never, "resolved skipped 0 " + never}},
		{"perhaps seen: both go out, in order", []settlement{maybe}, nil, []string{"firing pending 1 timeout", "resolved pending 0"}},
		{"perhaps seen, then put off", []settlement{maybe, {state: pending, due: t0, seen: true, err: "busy"}}, nil, []string{"firing pending 2 busy", "resolved pending 0"}},
		{"perhaps seen, then given up: the end is told", []settlement{lost}, nil, []string{"firing dead 1 given up", "resolved pending 0"}},
		{"on its way, told", nil, &sent, []string{"firing delivered 1", "resolved pending 0"}},
		{"on its way, refused", nil, &refused, []string{"firing dead 1 " + refused.err, "resolved skipped 0 " + never}},
		{"on its way, put off", nil, &tooBusy, []string{"firing skipped 1 " + never, "resolved skipped 0 " + never}},
		{"on its way, perhaps seen", nil, &maybe, []string{"firing pending 1 timeout", "resolved pending 0"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			db := openState(t, t.TempDir())
			l := ledger{db: db}
			in := fireOne(t, l, "i", t0, targetA)
			now := t0
			for _, s := range tc.before {
				settleOne(t, l, claimOne(t, l, "a", now), s, now)
				now = now.Add(time.Second)
			}
			var m *message
			if tc.during != nil {
				m = claimOne(t, l, "a", now)
			}
			resolveOne(t, l, in, now.Add(time.Minute))
			if m != nil {
				if held := claimOne(t, l, "a", now); held != nil {
					t.Fatalf("claimed %s while the firing is on its way", held.event)
				}
				settleOne(t, l, m, *tc.during, now)
			}
			for i := range tc.want {
				tc.want[i] = "i a " + tc.want[i]
			}
			expectBox(t, db, tc.want...)
		})
	}
}

// TestResolutionWaits: a resolution is not sent before its firing, however long
// that takes.
func TestResolutionWaits(t *testing.T) {
	l := ledger{db: openState(t, t.TempDir())}
	in := fireOne(t, l, "i", t0, targetA)
	settleOne(t, l, claimOne(t, l, "a", t0), settlement{state: pending, due: t0.Add(time.Hour), seen: true}, t0)
	resolveOne(t, l, in, t0.Add(time.Minute))
	if m := claimOne(t, l, "a", t0.Add(59*time.Minute)); m != nil {
		t.Fatalf("claimed %s before the firing was done with", m.event)
	}
	for _, event := range []string{firing, resolved} {
		m := claimOne(t, l, "a", t0.Add(time.Hour))
		if m.event != event {
			t.Fatalf("claimed %s, want %s", m.event, event)
		}
		settleOne(t, l, m, sent, t0.Add(time.Hour))
	}
}

func TestGoneDisables(t *testing.T) {
	db := openState(t, t.TempDir())
	l := ledger{db: db}
	if err := l.adopt(t.Context(), targetA); err != nil {
		t.Fatal(err)
	}
	in := fireOne(t, l, "i", t0, targetA)
	fireOne(t, l, "j", t0, append([]Target{{Name: "b"}}, targetA...))
	settleOne(t, l, claimOne(t, l, "a", t0), settlement{state: dead, gone: true, err: goneText}, t0)
	fireOne(t, l, "k", t0.Add(time.Second), targetA)
	resolveOne(t, l, in, t0.Add(2*time.Second))
	expectBox(t, db,
		"i a firing dead 1 "+goneText, "j b firing pending 0", "j a firing dead 0 "+goneText,
		"k a firing dead 0 "+goneText, "i a resolved dead 0 "+goneText)

	if err := l.adopt(t.Context(), targetA); err != nil { // a restart with the same URL changes nothing
		t.Fatal(err)
	}
	fireOne(t, l, "l", t0.Add(3*time.Second), targetA)
	if m := claimOne(t, l, "a", t0.Add(time.Hour)); m != nil {
		t.Errorf("claimed %s for a disabled target", m.incident)
	}
	if err := l.adopt(t.Context(), []Target{{Name: "a", URL: "http://elsewhere"}}); err != nil {
		t.Fatal(err)
	}
	fireOne(t, l, "m", t0.Add(4*time.Second), targetA)
	if m := claimOne(t, l, "a", t0.Add(time.Hour)); m == nil || m.incident != "m" {
		t.Errorf("claimed %+v, want the message after the new URL", m)
	}
}

func TestTargetsThatWentAway(t *testing.T) {
	db := openState(t, t.TempDir())
	l := ledger{db: db}
	fireOne(t, l, "i", t0, []Target{{Name: "a"}, {Name: "old"}})
	if err := l.adopt(t.Context(), targetA); err != nil {
		t.Fatal(err)
	}
	expectBox(t, db, "i a firing pending 0", "i old firing dead 0 the target is no longer configured")
}
