package scenario

import (
	"fmt"
	"slices"
	"strings"
)

func (c *checker) timeline() {
	for i := range c.s.Timeline {
		a, at := &c.s.Timeline[i], fmt.Sprintf("timeline[%d]", i)
		if !c.has(at + ".at") {
			c.add(at+".at", "missing; say when, counted from the start of the run")
		}
		if a.At < 0 || a.At >= c.s.Duration {
			c.add(at+".at", "%v lies outside the run (0s to %v)", a.At, c.s.Duration)
		} else if a.Until() > c.s.Duration.D() {
			c.add(at+".for", "ends at %v, after the run (%v)", a.Until(), c.s.Duration)
		}
		params, ok := a.Do.parameters()
		switch {
		case a.Do == "control_plane_kill":
			c.add(at+".do", "control_plane_kill: the lab's mesh has no control plane to kill; its configuration is files")
		case !ok:
			c.add(at+".do", "%q is not an action; give %s", a.Do, verbs)
		default:
			c.parameterNames(at, a.Do, params)
			c.parameterValues(at, a)
		}
	}
}

// parameterNames checks which parameters stand beside the verb.
func (c *checker) parameterNames(at string, verb Verb, p parameters) {
	for _, f := range actionFields {
		has := c.has(at + "." + f)
		switch {
		case !has && slices.Contains(p.must, f):
			c.add(at+"."+f, "missing; %s needs %s", verb, strings.Join(p.must, ", "))
		case has && !slices.Contains(p.must, f) && !slices.Contains(p.may, f):
			c.add(at+"."+f, "is no parameter of %s%s", verb, p.list())
		}
	}
}

func (p parameters) list() string {
	all := slices.Concat(p.must, p.may)
	if len(all) == 0 {
		return ", which has none"
	}
	return ", which has " + strings.Join(all, ", ")
}

func (c *checker) parameterValues(at string, a *Action) {
	if c.has(at+".for") && a.For <= 0 {
		c.add(at+".for", "%v is not a length of time", a.For)
	}
	if a.Service != "" {
		c.target(at, a)
	}
	switch a.Do {
	case Slow:
		if !(a.Factor > 0 && a.Factor <= 1000) {
			c.add(at+".factor", "%v is not a factor; 3 makes work three times as long", a.Factor)
		}
	case Fail:
		c.failure(at, a)
	case Kill:
		c.killed(at, a)
	case ScaleWorkers:
		if a.Workers < 1 {
			c.add(at+".workers", "%d workers can serve nothing; use kill to take a service away", a.Workers)
		}
	case TuneProbe, TuneApply:
		c.edge(at+".edge", a.Edge)
	case CentralKill:
		if c.s.Collector.Tier != RelayedTier {
			c.add(at+".do", "central_kill: the only collector is that of the proxies; set collector.tier to relayed, or use collector_kill")
		}
	}
}

// collector checks where the collector stands, and gives the default.
func (c *checker) collector() {
	switch c.s.Collector.Tier {
	case "":
		c.s.Collector.Tier = NodeTier
	case NodeTier, CentralTier, RelayedTier:
	default:
		c.add("collector.tier", "%q is not a place for the collector; give node, central or relayed", c.s.Collector.Tier)
	}
}

func (c *checker) failure(at string, a *Action) {
	c.share(at+".rate", a.Rate)
	if !c.has(at + ".code") {
		a.Code = 500
	}
	if a.Code < 400 || a.Code > 599 {
		c.add(at+".code", "%d is not an HTTP error; give 400 to 599", a.Code)
	}
}

func (c *checker) killed(at string, a *Action) {
	if a.Target == "" {
		a.Target = TargetApp
	}
	if a.Target != TargetApp && a.Target != TargetProxy {
		c.add(at+".target", "%q is not app or proxy", a.Target)
	}
}

// target checks service and version of an action.
func (c *checker) target(at string, a *Action) {
	versions := c.s.Service(a.Service)
	if len(versions) == 0 {
		c.add(at+".service", "no service %q; there are %s", a.Service, strings.Join(c.s.names(), ", "))
		return
	}
	if a.Version == "" {
		return
	}
	for _, v := range versions {
		if v.Version == a.Version {
			return
		}
	}
	c.add(at+".version", "%s has no version %q", a.Service, a.Version)
}

// edge checks that some version of the caller calls the destination.
func (c *checker) edge(at string, e Edge) {
	for _, end := range []struct{ field, name string }{{".src", e.Src}, {".dst", e.Dst}} {
		switch {
		case end.name == "":
			c.add(at+end.field, "missing; an edge has src and dst")
			return
		case len(c.s.Service(end.name)) == 0:
			c.add(at+end.field, "no service %q; there are %s", end.name, strings.Join(c.s.names(), ", "))
			return
		}
	}
	for _, v := range c.s.Service(e.Src) {
		for _, ep := range v.Endpoints {
			if slices.ContainsFunc(ep.Calls, func(call Call) bool { return call.Service == e.Dst }) {
				return
			}
		}
	}
	c.add(at, "%s never calls %s", e.Src, e.Dst)
}

// overlaps refuses two actions of one kind that act on one workload at once:
// the end of the first would undo the second.
func (c *checker) overlaps() {
	for i := range c.s.Timeline {
		for j := range i {
			a, b := &c.s.Timeline[i], &c.s.Timeline[j]
			same := alike(a.Do, b.Do) && a.Service == b.Service && (a.Version == b.Version || a.Version == "" || b.Version == "")
			if same && a.For > 0 && b.For > 0 && a.At.D() < b.Until() && b.At.D() < a.Until() {
				c.add(fmt.Sprintf("timeline[%d].at", i), "%s overlaps timeline[%d], which lasts from %v to %v", a.Do, j, b.At, b.Until())
			}
		}
	}
}

// alike tells whether two verbs act on the same thing in the same way.
func alike(a, b Verb) bool {
	collector := func(v Verb) bool { return v == CollectorKill || v == CollectorStop }
	return a == b || collector(a) && collector(b)
}
