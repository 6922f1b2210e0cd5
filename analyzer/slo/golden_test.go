package slo

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/internal/golden"
)

// TestScripts runs testdata/script/*.txt: an SLO, traffic, and what every
// evaluation says. A script has lines "objective 99", "period 1h", "rows …" (as
// the annotation has them) and any number of "load …", "from …" and "eval …",
// in that order; after "----" stands what comes out. A load is a list of
// "good/totalxN" for N buckets of ten seconds, "100xN" for all good, "_xN" for
// buckets without traffic and "?xN" for buckets in which no collector lived.
// "from D" starts the traffic at D, "eval D E S" evaluates from D to E in steps.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in, _, _ := strings.Cut(string(text), "----\n")
			golden.Check(t, file, []byte(in+"----\n"+runScript(t, in)))
		})
	}
}

// scripted is the state of a running script.
type scripted struct {
	slo    SLO
	source script
	out    strings.Builder
}

func runScript(t *testing.T, in string) string {
	t.Helper()
	r := &scripted{slo: SLO{Name: "x", Service: "x"}, source: script{start: t0}}
	for line := range strings.Lines(in) {
		line = strings.TrimSpace(line)
		verb, rest, _ := strings.Cut(line, " ")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := r.run(t, verb, rest); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return r.out.String()
}

func (r *scripted) run(t *testing.T, verb, rest string) (err error) {
	switch verb {
	case "objective":
		percent, err := strconv.ParseFloat(rest, 64)
		r.slo.Objective = percent / 100
		return err
	case "period":
		r.slo.Period, err = burn.ParseWindow(rest)
		return err
	case "rows":
		r.slo.Rows, err = burn.ParseRows(rest, burn.Limits{Period: r.slo.Period, Bucket: Grid, Beta: r.slo.Beta()})
		return err
	case "from":
		d, err := time.ParseDuration(rest)
		r.source.start = t0.Add(d)
		return err
	case "load":
		for _, part := range strings.Fields(rest) {
			if err := r.load(part); err != nil {
				return err
			}
		}
		return nil
	case "eval":
		return r.eval(t, strings.Fields(rest))
	}
	return fmt.Errorf("unknown verb %q", verb)
}

// load appends "good/totalxN".
func (r *scripted) load(part string) error {
	what, times, _ := strings.Cut(part, "x")
	n, err := strconv.Atoi(times)
	if err != nil {
		return err
	}
	at := r.source.start.Add(time.Duration(len(r.source.buckets)) * Grid)
	var c Count
	switch good, total, split := strings.Cut(what, "/"); {
	case what == "_":
	case what == "?":
		r.source.blind = append(r.source.blind, Window{From: at, To: at.Add(time.Duration(n) * Grid)})
	case split:
		_, err = fmt.Sscan(good+" "+total, &c.Good, &c.Total)
	default:
		_, err = fmt.Sscan(good+" "+good, &c.Good, &c.Total)
	}
	r.source.buckets = append(r.source.buckets, repeat(n, c)...)
	return err
}

func (r *scripted) eval(t *testing.T, args []string) error {
	var d [3]time.Duration
	for i, a := range args {
		var err error
		if d[i], err = time.ParseDuration(a); err != nil {
			return err
		}
	}
	e := evaluatorOf(r.source, &r.slo)
	for at := d[0]; at <= d[1]; at += d[2] {
		st := status(t, e, t0.Add(at))
		fmt.Fprintf(&r.out, "%-7s %-9s bad %d/%d left %s", at, st.State, st.Count.Bad(), st.Count.Total, figure(st.Count.Remaining(r.slo.Beta())))
		for _, row := range st.Rows {
			r.out.WriteString(" | " + describe(row, r.slo.Beta()))
		}
		if st.Reason != "" {
			r.out.WriteString(" | " + st.Reason)
		}
		r.out.WriteString("\n")
	}
	return nil
}

// describe writes a row as "page 12/10.5 FIRES", long rate before short one.
func describe(r RowStatus, beta float64) string {
	word := "hot"
	switch {
	case r.NoData != "":
		word = "no data"
	case r.Firing:
		word = "FIRES"
	case r.Calm:
		word = "calm"
	}
	return fmt.Sprintf("%s %s/%s %s", r.Row.Severity, figure(r.Long.Count.BurnRate(beta)), figure(r.Short.Count.BurnRate(beta)), word)
}

func figure(v float64, ok bool) string {
	if !ok {
		return "-"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
