package run

import (
	"fmt"
	"io"
	"sync"
	"time"

	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	"github.com/plimsoll-mesh/plimsoll/lab/report"
)

// journal collects what happens during a run, for the report and for people.
type journal struct {
	clock *clock
	out   io.Writer

	printing sync.Mutex

	mu      sync.Mutex
	events  []report.Event
	plans   []planned
	budgets map[int]float64 // second → budget left of the first SLO
}

// planned is a plan of the tuner and when it was applied.
type planned struct {
	plan    *tunev1.Plan
	applied bool
}

func newJournal(c *clock, out io.Writer) *journal {
	return &journal{clock: c, out: out, budgets: map[int]float64{}}
}

// note records an event at the present moment and prints it. The label is two
// or three words for a chart.
func (j *journal) note(label, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	at := j.clock.offset(time.Now()).Seconds()
	j.mu.Lock()
	j.events = append(j.events, report.Event{AtS: at, Label: label, Text: text})
	j.mu.Unlock()
	j.say("%5.0f s  • %s", at, text)
}

// say prints a line.
func (j *journal) say(format string, args ...any) {
	j.printing.Lock()
	defer j.printing.Unlock()
	fmt.Fprintf(j.out, format+"\n", args...)
}

func (j *journal) budget(second int, left float64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.budgets[second] = left
}

func (j *journal) planned(p *tunev1.Plan, applied bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.plans = append(j.plans, planned{p, applied})
}

// forget drops what was recorded before the first phase began again.
func (j *journal) forget() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events, j.budgets = nil, map[int]float64{}
}
