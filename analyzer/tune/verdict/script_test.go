package verdict

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	"github.com/plimsoll-mesh/plimsoll/internal/golden"

	"google.golang.org/protobuf/types/known/durationpb"
)

// TestScripts runs testdata/*.txt. A script simulates an edge and shows what
// the judge makes of its rows:
//
//	edge [workers=] [queue=] [median=] [sigma=] [rps=] [seed=]
//	policy [timeout=] [per_try=] [retries=] [budget=] [max_requests=]
//	run <duration> [slow=factor] [fail=share] [rps=]
//	healthy <from> <to>     windows, from the start of the simulation
//	stressed <from> <to>
//	outside p99=<duration> traces=<n>
//	judge [deadline=] [unknown]
//	----
//	the plan
//	apply                   sets the values of the last plan
//
// -update rewrites the plans.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runScript(t, file) })
	}
}

func runScript(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, file, []byte(newScript(t).run(string(text))))
}

type script struct {
	t    *testing.T
	sim  *sim
	in   Input
	plan *tunev1.Plan
}

func newScript(t *testing.T) *script { return &script{t: t, sim: newSim(1)} }

// run executes the lines of a script and returns it with fresh outputs.
func (s *script) run(text string) string {
	var out strings.Builder
	inOutput := false
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if inOutput && trimmed != "" {
			continue
		}
		inOutput = trimmed == "----"
		out.WriteString(line)
		if inOutput {
			out.WriteString(describe(s.plan))
			continue
		}
		if trimmed != "" && !strings.HasPrefix(trimmed, "#") {
			s.command(strings.Fields(trimmed))
		}
	}
	return out.String()
}

func (s *script) command(words []string) {
	s.t.Helper()
	o := options{s.t, map[string]string{}, nil}
	for _, w := range words[1:] {
		if k, v, ok := strings.Cut(w, "="); ok {
			o.named[k] = v
		} else {
			o.plain = append(o.plain, w)
		}
	}
	switch words[0] {
	case "edge":
		s.edge(o)
	case "policy":
		s.sim.policy = o.policy(policy{known: true})
	case "run":
		s.sim.slow, s.sim.fail = o.number("slow", 1), o.number("fail", 0)
		s.sim.rps = o.number("rps", s.sim.rps)
		s.sim.run(o.time(0))
	case "healthy":
		s.in.Healthy = s.sim.rows(o.time(0), o.time(1))
	case "stressed":
		s.in.Stressed = s.sim.rows(o.time(0), o.time(1))
	case "outside":
		s.in.Outside = Outside{o.duration("p99", 0), uint64(o.number("traces", 0))}
	case "judge":
		s.in.Deadline = o.duration("deadline", 0)
		s.in.Current = protoOf(s.sim.policy)
		if len(o.plain) > 0 {
			s.in.Current = nil
		}
		s.plan = Judge(s.in)
	case "apply":
		s.apply(s.plan.GetPolicy())
	default:
		s.t.Fatalf("unknown command %q", words)
	}
}

func (s *script) edge(o options) {
	s.sim = newSim(uint64(o.number("seed", 1)))
	s.sim.rps = o.number("rps", s.sim.rps)
	s.sim.server = serverParams{
		workers: int(o.number("workers", 10)),
		queue:   int(o.number("queue", 300)),
		median:  o.duration("median", 36*time.Millisecond),
		sigma:   o.number("sigma", 0.65),
	}
}

func (s *script) apply(p *meshv1.TrafficPolicy) {
	to := &s.sim.policy
	if p.Timeout != nil {
		to.timeout = p.GetTimeout().AsDuration()
	}
	if p.PerTryTimeout != nil {
		to.perTry = p.GetPerTryTimeout().AsDuration()
	}
	if p.Retries != nil {
		to.retries = p.GetRetries()
	}
	if p.RetryBudget != nil {
		to.budget, to.minRetries = p.GetRetryBudget().GetPercent(), p.GetRetryBudget().GetMinConcurrency()
	}
	if p.MaxRequests != nil {
		to.maxRequests = p.GetMaxRequests()
	}
}

type options struct {
	t     *testing.T
	named map[string]string
	plain []string
}

func (o options) number(name string, fallback float64) float64 {
	text, ok := o.named[name]
	if !ok {
		return fallback
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		o.t.Fatalf("%s: %v", name, err)
	}
	return v
}

func (o options) duration(name string, fallback time.Duration) time.Duration {
	text, ok := o.named[name]
	if !ok {
		return fallback
	}
	return o.parse(text)
}

func (o options) time(i int) time.Duration { return o.parse(o.plain[i]) }

func (o options) parse(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		o.t.Fatal(err)
	}
	return d
}

func (o options) policy(p policy) policy {
	p.timeout, p.perTry = o.duration("timeout", 0), o.duration("per_try", 0)
	p.retries, p.maxRequests = uint32(o.number("retries", 0)), uint32(o.number("max_requests", 0))
	p.budget = o.number("budget", 0)
	if p.budget > 0 {
		p.minRetries = budgetMin
	}
	return p
}

// protoOf writes a policy the way a mesh reports it.
func protoOf(p policy) *meshv1.TrafficPolicy {
	out := &meshv1.TrafficPolicy{
		Timeout:     durationpb.New(p.timeout),
		Retries:     &p.retries,
		MaxRequests: &p.maxRequests,
	}
	if p.perTry > 0 {
		out.PerTryTimeout = durationpb.New(p.perTry)
	}
	if p.budget > 0 {
		out.RetryBudget = &meshv1.RetryBudget{Percent: p.budget, MinConcurrency: p.minRetries}
	}
	return out
}

// describe writes a plan for people.
func describe(p *tunev1.Plan) string {
	var out strings.Builder
	for _, r := range p.GetRecommendations() {
		fmt.Fprintf(&out, "%s %s: %s -> %s", r.GetVerdict(), r.GetKnob(), r.GetFrom(), r.GetTo())
		if r.GetProvisional() {
			out.WriteString(" (provisional)")
		}
		fmt.Fprintf(&out, "\n  %s\n", r.GetReason())
		for _, e := range r.GetEvidence() {
			fmt.Fprintf(&out, "    %s = %g %s: %s\n", e.GetName(), e.GetValue(), e.GetUnit(), e.GetSource())
		}
	}
	return out.String()
}
