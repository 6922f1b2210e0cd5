package scenario

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// checker judges a decoded scenario against its document.
type checker struct {
	doc   yamlfile.Doc
	s     *Scenario
	known yamlfile.Errors // what decoding found
	errs  yamlfile.Errors
}

// add notes a finding, unless decoding has already found something wrong in that
// line: then the value is not what was written.
func (c *checker) add(path, format string, args ...any) {
	e := c.doc.Errorf(path, format, args...)
	for _, k := range c.known {
		if k.Line == e.Line {
			return
		}
	}
	c.errs = append(c.errs, e)
}

// has tells whether the document sets the field.
func (c *checker) has(path string) bool {
	_, ok := c.doc.Doc(path)
	return ok
}

// written tells whether the document has text there, which decoding did not
// reach when the field is empty all the same.
func (c *checker) written(path string) bool {
	d, ok := c.doc.Doc(path)
	if !ok {
		return false
	}
	text, _ := d.IsString()
	return text != ""
}

func (c *checker) run() {
	c.label("name", c.s.Name, true)
	if !c.has("services[0]") {
		c.add("services", "missing; a scenario has at least one service")
	}
	if !c.has("load[0]") {
		c.add("load", "missing; without load nothing happens")
	}
	for i := range c.s.Services {
		c.service(i)
	}
	c.duration()
	for i := range c.s.Load {
		c.load(i)
	}
	c.offered()
	c.phases()
	c.collector()
	c.timeline()
	c.overlaps()
	c.cycles()
	c.comparisons()
	c.expectations()
}

var labelPattern = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$`)

// label checks a name that becomes part of node ids.
func (c *checker) label(path, v string, must bool) {
	switch {
	case v == "" && must && !c.written(path):
		c.add(path, "missing")
	case v != "" && !labelPattern.MatchString(v):
		c.add(path, "%q is not a name: use up to 40 of a-z, 0-9 and -, starting with a letter", v)
	}
}

func (c *checker) share(path string, v float64) {
	if !(v >= 0 && v <= 1) {
		c.add(path, "%v is not a share; give 0 to 1", v)
	}
}

func (c *checker) method(path, v string) {
	switch v {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		c.add(path, "%q is not an HTTP method such as GET or POST", v)
	}
}

func (c *checker) path(at, v string) {
	switch {
	case v == "":
		c.add(at, "missing; give a path such as /reviews")
	case !strings.HasPrefix(v, "/") || strings.ContainsAny(v, " ?#"):
		c.add(at, "%q is not a path; start with / and leave out query and fragment", v)
	}
}

func (c *checker) duration() {
	d, m := c.s.Duration.D(), c.s.MinDuration
	if d <= 0 && !c.has("phases[0].until") {
		c.add("duration", "%v is not a length of time; give one above 0, or at least one phase", d)
	}
	if d > maxDuration {
		c.add("duration", "%v is longer than a lab run may take (%v)", d, maxDuration)
	}
	if !c.has("min_duration") {
		return
	}
	if m.Duration <= 0 || m.Duration > c.s.Duration {
		c.add("min_duration.duration", "%v is not between 0 and the duration %v", m.Duration, d)
	}
	if m.Reason == "" {
		c.add("min_duration.reason", "missing; say what becomes impossible in less time")
	}
}

// Bounds of one run: what a single machine can keep exact counts of.
const (
	maxDuration = 24 * time.Hour
	maxRequests = 2_000_000
)

// offered bounds the arrivals that are planned ahead.
func (c *checker) offered() {
	total := 0.0
	for _, l := range c.s.Load {
		total += max(l.RPS, 0) * max(l.Until.D()-l.From.D(), 0).Seconds()
	}
	if total > maxRequests {
		c.add("load", "offers about %.0f requests; the lab keeps exact counts of at most %d", total, maxRequests)
	}
}

func (c *checker) comparisons() {
	for i, cmp := range c.s.Compare {
		at := fmt.Sprintf("compare[%d]", i)
		if cmp.Title == "" {
			c.add(at+".title", "missing; say what is compared")
		}
		for _, end := range []struct{ field, name string }{{".before", cmp.Before}, {".after", cmp.After}} {
			if _, ok := c.s.Phase(end.name); !ok {
				c.add(at+end.field, "no phase %q", end.name)
			}
		}
	}
}

func (c *checker) expectations() {
	for i := range c.s.Expect {
		e, at := &c.s.Expect[i], fmt.Sprintf("expect[%d]", i)
		if e.That == "" {
			c.add(at+".that", "missing; give a CEL expression over the report")
		}
		if e.Name == "" {
			c.add(at+".name", "missing; say in a few words what must hold")
		}
		if d, ok := c.doc.Doc(at + ".that"); ok {
			e.Line = d.Line()
		}
	}
}
