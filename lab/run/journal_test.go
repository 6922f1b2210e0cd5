package run

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
)

func TestJournal(t *testing.T) {
	var out bytes.Buffer
	c := new(clock)
	c.begin(time.Now().Add(-90 * time.Second))
	j := newJournal(c, &out)
	j.note("short", "what happened to %s", "it")
	j.budget(89, 0.5)
	j.planned(&tunev1.Plan{Id: "p"}, true)
	if e := j.events[0]; e.Label != "short" || e.Text != "what happened to it" || e.AtS < 90 || e.AtS > 100 {
		t.Errorf("event %+v", e)
	}
	if !strings.HasPrefix(out.String(), "   90 s  • what happened to it\n") {
		t.Errorf("said %q", out.String())
	}
	j.forget()
	if len(j.events) != 0 || len(j.budgets) != 0 {
		t.Errorf("kept %+v, %v", j.events, j.budgets)
	}
	j.budget(1, 0.1) // still takes more
}

// TestJournalKeepsLinesWhole: the timeline, the watch and the run speak at once.
func TestJournalKeepsLinesWhole(t *testing.T) {
	var out bytes.Buffer
	j := newJournal(new(clock), &out)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 50 {
				j.say("line of %d", i)
			}
		})
	}
	all.Wait()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 400 {
		t.Fatalf("%d lines, want 400", len(lines))
	}
	for _, l := range lines {
		var n int
		if _, err := fmt.Sscanf(l, "line of %d", &n); err != nil {
			t.Errorf("torn line %q", l)
		}
	}
}
