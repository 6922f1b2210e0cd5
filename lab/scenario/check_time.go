package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

func (c *checker) timeDefaults() {
	s := c.s
	for i := range s.Phases {
		if !c.has(fmt.Sprintf("phases[%d].drain", i)) {
			s.Phases[i].Drain = yamlfile.Duration(DefaultDrain)
		}
		if !c.has("duration") {
			s.Duration = max(s.Duration, s.Phases[i].Until)
		}
	}
	if !c.has("phases[0]") && s.Duration > 0 {
		s.Phases = []Phase{{Name: WholeRun, Until: s.Duration, Drain: yamlfile.Duration(DefaultDrain)}}
	}
	for i := range s.Load {
		l, at := &s.Load[i], fmt.Sprintf("load[%d]", i)
		orDefault(&l.Method)
		if !c.has(at + ".until") {
			l.Until = s.Duration
		}
		if !c.has(at + ".deadline") {
			l.Deadline = yamlfile.Duration(DefaultDeadline)
		}
	}
}

func (c *checker) load(i int) {
	l, at := &c.s.Load[i], fmt.Sprintf("load[%d]", i)
	c.reference(at, l.Service, l.Method, l.Path)
	if !(l.RPS > 0 && l.RPS <= maxRequests) {
		c.add(at+".rps", "%v is not a rate; give requests per second above 0", l.RPS)
	}
	if l.Deadline <= 0 {
		c.add(at+".deadline", "%v is not a deadline; give how long a user waits, such as 1s", l.Deadline)
	}
	c.span(at, l.From, l.Until)
	for _, name := range slices.Sorted(maps.Keys(l.Headers)) {
		c.header(at+".headers."+name, name)
	}
}

// header refuses names that the lab sets itself or that HTTP does not allow.
func (c *checker) header(at, name string) {
	switch low := strings.ToLower(name); {
	case name == "" || strings.ContainsAny(name, " :\t\r\n"):
		c.add(at, "%q is not a header name", name)
	case low == "host" || low == "content-length" || strings.HasPrefix(low, "x-lab-") || strings.HasPrefix(low, "x-mesh-"):
		c.add(at, "%q is set by the lab or the mesh; choose another name", name)
	}
}

// span checks a stretch of the run.
func (c *checker) span(at string, from, until yamlfile.Duration) {
	switch {
	case from < 0:
		c.add(at+".from", "%v lies before the run", from)
	case until <= from:
		c.add(at+".until", "%v is not after from (%v)", until, from)
	case c.s.Duration > 0 && until > c.s.Duration:
		c.add(at+".until", "%v lies after the end of the run (%v); raise duration or end earlier", until, c.s.Duration)
	}
}

func (c *checker) phases() {
	seen := map[string]int{}
	for i := range c.s.Phases {
		p, at := &c.s.Phases[i], fmt.Sprintf("phases[%d]", i)
		c.label(at+".name", strings.ReplaceAll(p.Name, "_", "-"), true)
		if j, ok := seen[p.Name]; ok && p.Name != "" {
			c.add(at+".name", "%q stands twice (first as phases[%d])", p.Name, j)
		} else {
			seen[p.Name] = i
		}
		c.span(at, p.From, p.Until)
		if p.Drain < 0 {
			c.add(at+".drain", "%v is not a length of time; 0s means none", p.Drain)
		}
		if i > 0 {
			c.follows(at, &c.s.Phases[i-1], p)
		}
	}
}

// follows checks a phase against the one before it.
func (c *checker) follows(at string, before, p *Phase) {
	switch {
	case p.From < before.Until:
		c.add(at+".from", "%v overlaps phase %q, which ends at %v; order the phases by time", p.From, before.Name, before.Until)
	case before.Drain > 0 && before.Until+before.Drain >= p.Until:
		c.add(at+".until", "the drain of phase %q (%v) leaves no load in this phase", before.Name, before.Drain)
	}
}
