package alert

import (
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
)

func row(severity string, short time.Duration, what string) slo.RowStatus {
	r := slo.RowStatus{Row: slo.Row{Severity: severity, Long: time.Hour, Short: short, Factor: 1}}
	switch what {
	case "fires":
		r.Firing = true
	case "calm":
		r.Calm = true
	case "blind":
		r.NoData = "why"
	case "hot": // the short window exceeds, the long one does not
	}
	return r
}

func TestJudge(t *testing.T) {
	const p, q = slo.Page, slo.Ticket
	for _, tc := range []struct {
		name                 string
		rows                 []slo.RowStatus
		ok                   bool
		firing, frozen, calm bool
		hold                 time.Duration
	}{
		{"no row of the severity", []slo.RowStatus{row(q, time.Minute, "fires")}, false, false, false, true, 0},
		{"calm", []slo.RowStatus{row(p, time.Minute, "calm"), row(p, time.Hour, "calm")}, true, false, false, true, time.Minute},
		{"one row is enough", []slo.RowStatus{row(p, time.Hour, "calm"), row(p, time.Minute, "fires")}, true, true, false, false, time.Minute},
		{"another severity says nothing", []slo.RowStatus{row(q, time.Second, "fires"), row(p, time.Minute, "calm")}, true, false, false, true, time.Minute},
		{"hot is neither", []slo.RowStatus{row(p, time.Minute, "hot")}, true, false, false, false, time.Minute},
		{"blind", []slo.RowStatus{row(p, time.Minute, "calm"), row(p, time.Hour, "blind")}, true, false, true, false, time.Minute},
		{"blind beside a firing row", []slo.RowStatus{row(p, time.Minute, "blind"), row(p, time.Hour, "fires")}, true, true, false, false, time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v, ok := judge(tc.rows, slo.Page)
			if ok != tc.ok || v.firing != tc.firing || v.frozen != tc.frozen || v.calm != tc.calm || v.hold != tc.hold {
				t.Errorf("judge = %+v, %v", v, ok)
			}
			if v.firing && !v.row.Firing {
				t.Error("the row shown is not the one that fires")
			}
		})
	}
}

// TestNext walks an incident through scripts: each letter is an evaluation ten
// seconds after the one before, F fires, c calm, h hot, ? blind; below it what
// is done: * opens, + is calm from now on, - is no longer, x resolves.
func TestNext(t *testing.T) {
	verdicts := map[byte]verdict{
		'F': {firing: true}, 'c': {calm: true}, 'h': {}, '?': {frozen: true},
	}
	for _, tc := range []struct{ name, script, want string }{
		{"never", "cch?c", "     "},
		{"blindness opens nothing", "???", "   "},
		{"opens once", "FFF", "*  "},
		{"resolves after the hold", "Fccccc", "*+ x  "},
		{"resolves and opens again", "FcccF", "*+ x*"},
		{"a flap is not resolved", "FccFcccc", "*+ -+ x "},
		{"hot keeps it", "FchcccF", "*+-+ x*"},
		{"silence never resolves", "F???????", "*       "},
		{"silence starts the calm time anew", "Fcc?ccc", "*+ -+ x"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var open *Incident
			var got []byte
			for i := range len(tc.script) {
				v := verdicts[tc.script[i]]
				v.hold = 20 * time.Second
				to := t0.Add(time.Duration(i) * 10 * time.Second)
				mark := byte(' ')
				step, calm := next(open, v, to)
				switch step {
				case fire:
					open, mark = &Incident{}, '*'
				case resolve:
					open, mark = nil, 'x'
				case note:
					open.CalmSince, mark = calm, '+'
					if calm.IsZero() {
						mark = '-'
					}
				}
				got = append(got, mark)
			}
			if string(got) != tc.want {
				t.Errorf("steps\n%s\n%s, want\n%s", tc.script, got, tc.want)
			}
		})
	}
}

// TestNextIsIdempotent: the same evaluation again does not move the calm time
// or resolve early.
func TestNextIsIdempotent(t *testing.T) {
	open := &Incident{CalmSince: t0}
	for range 3 {
		if step, _ := next(open, verdict{calm: true, hold: 10 * time.Second}, t0); step != stay {
			t.Fatalf("step = %v, want stay", step)
		}
	}
}
