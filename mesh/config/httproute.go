package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// httpRoute is the Gateway API's HTTPRoute with Services as its parents (GAMMA).
// What the mesh refuses has its place too, so that it is refused by name.
type httpRoute struct {
	ParentRefs []parentRef `yaml:"parentRefs"`
	Hostnames  any         `yaml:"hostnames"`
	Rules      []routeRule `yaml:"rules"`
}

type parentRef struct {
	Group       *string `yaml:"group"`
	Kind        string  `yaml:"kind"`
	Name        string  `yaml:"name"`
	Namespace   string  `yaml:"namespace"`
	Port        uint32  `yaml:"port"`
	SectionName any     `yaml:"sectionName"`
}

type routeRule struct {
	Name               string        `yaml:"name"`
	Matches            []routeMatch  `yaml:"matches"`
	Filters            []routeFilter `yaml:"filters"`
	BackendRefs        []backendRef  `yaml:"backendRefs"`
	Timeouts           routeTimeouts `yaml:"timeouts"`
	Retry              *routeRetry   `yaml:"retry"`
	SessionPersistence any           `yaml:"sessionPersistence"`
}

type routeMatch struct {
	Path        *typedValue  `yaml:"path"`
	Headers     []namedValue `yaml:"headers"`
	QueryParams []namedValue `yaml:"queryParams"`
	Method      string       `yaml:"method"`
}

type typedValue struct {
	Type  string `yaml:"type"`
	Value string `yaml:"value"`
}

type namedValue struct {
	Type  string `yaml:"type"`
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
}

type backendRef struct {
	Group     string  `yaml:"group"`
	Kind      string  `yaml:"kind"`
	Name      string  `yaml:"name"`
	Namespace string  `yaml:"namespace"`
	Port      uint32  `yaml:"port"`
	Weight    *uint32 `yaml:"weight"`
	Filters   any     `yaml:"filters"`
}

type routeTimeouts struct {
	Request        yamlfile.Duration `yaml:"request"`
	BackendRequest yamlfile.Duration `yaml:"backendRequest"`
}

type routeRetry struct {
	Attempts *uint32           `yaml:"attempts"`
	Backoff  yamlfile.Duration `yaml:"backoff"`
	Codes    []uint32          `yaml:"codes"`
}

// readHTTPRoute returns one virtualService per parent.
func readHTTPRoute(o *object, known hosts) ([]*virtualService, error) {
	spec, err := readNative[httpRoute](o)
	if err != nil {
		return nil, err
	}
	r := gatewayReader{routeReader{findings: findings{object: o}, known: known}}
	if spec.Hostnames != nil {
		r.bad("hostnames", "not supported by the small mesh: a Service has its own name")
	}
	if len(spec.ParentRefs) == 0 {
		r.bad("parentRefs", "must name a Service")
	}
	var out []*virtualService
	for i, p := range spec.ParentRefs {
		host, ok := r.parent(p, fmt.Sprintf("parentRefs[%d]", i))
		if !ok {
			continue
		}
		before := r.errs
		routes := r.rules(spec.Rules, host)
		if len(out) > 0 {
			r.errs = before // the same rules were judged for the first parent
		}
		out = append(out, &virtualService{object: o, host: host, routes: routes, ports: r.ports})
	}
	return out, r.errs.Err()
}

// gatewayReader turns the rules of an HTTPRoute into the model's routes.
type gatewayReader struct{ routeReader }

func (r *gatewayReader) parent(p parentRef, at string) (hostName, bool) {
	host := hostName{p.Name, p.Namespace}
	if host.namespace == "" {
		host.namespace = r.namespace
	}
	switch {
	case p.Kind != "Service" || p.Group != nil && *p.Group != "" && *p.Group != "core":
		r.bad(at+".kind", "a parent %s is not supported by the small mesh; write kind: Service with group: \"\"", orGateway(p.Kind))
	case p.SectionName != nil:
		r.bad(at+".sectionName", unsupported)
	case !label.MatchString(host.name) || !label.MatchString(host.namespace):
		r.bad(at+".name", "%q is no name of a Service", p.Name)
	case host.namespace != r.namespace:
		r.bad(at+".namespace", "a route of another namespace than its Service is not supported by the small mesh")
	default:
		if p.Port != 0 {
			r.ports = append(r.ports, portUse{to: host, port: p.Port, at: at + ".port"})
		}
		return host, true
	}
	return host, false
}

func orGateway(kind string) string {
	if kind == "" {
		return "Gateway"
	}
	return kind
}

// rules are put in the order in which the Gateway API wants them to match: the
// most specific first, whatever the order of the document.
func (r *gatewayReader) rules(list []routeRule, host hostName) []*model.Route {
	var out []*model.Route
	names := map[string]bool{}
	for i, in := range list {
		at := fmt.Sprintf("rules[%d]", i)
		name := in.Name
		if name == "" {
			name = fmt.Sprintf("%s-%d", r.name, i)
		}
		if names[name] {
			r.bad(at+".name", "rule %q stands twice; statistics could not tell them apart", name)
		}
		names[name] = true
		out = append(out, r.ruleRoutes(in, name, host, at)...)
	}
	if len(out) == 0 {
		out = append(out, &model.Route{Name: r.name + "-0", Object: r.String(), Destinations: []model.Destination{{Weight: 100}}})
	}
	slices.SortStableFunc(out, compareSpecific)
	return out
}

// ruleRoutes returns a route for each match of a rule: matches of different
// rules are compared with each other.
func (r *gatewayReader) ruleRoutes(in routeRule, name string, host hostName, at string) []*model.Route {
	base := model.Route{
		Name: name, Object: r.String(),
		Timeout: in.Timeouts.Request.D(),
		Retry:   r.retryOf(in.Retry, at+".retry"),
	}
	base.Retry.PerTryTimeout = in.Timeouts.BackendRequest.D()
	r.whole(base.Timeout, at+".timeouts.request")
	r.whole(base.Retry.PerTryTimeout, at+".timeouts.backendRequest")
	if base.Timeout > 0 && base.Retry.PerTryTimeout > base.Timeout {
		r.bad(at+".timeouts.backendRequest", "%v is more than request", base.Retry.PerTryTimeout)
	}
	if in.SessionPersistence != nil {
		r.bad(at+".sessionPersistence", unsupported)
	}
	r.filters(in.Filters, &base, host, at)
	if base.Forwards() {
		base.Destinations = r.backends(in.BackendRefs, host, at+".backendRefs")
	} else if len(in.BackendRefs) > 0 {
		r.bad(at+".backendRefs", "excludes RequestRedirect")
	}
	if len(in.Matches) == 0 {
		return []*model.Route{&base}
	}
	var out []*model.Route
	for i, m := range in.Matches {
		route := base
		route.Matches = []model.Match{r.matchOf(m, fmt.Sprintf("%s.matches[%d]", at, i))}
		out = append(out, &route)
	}
	return out
}

// retryOf: the Gateway API retries only where it is asked to.
func (r *gatewayReader) retryOf(in *routeRetry, at string) model.Retry {
	out := model.DefaultRetry()
	out.Attempts = 0
	if in == nil {
		return out
	}
	out.Attempts = 1
	if in.Attempts != nil {
		out.Attempts = *in.Attempts
	}
	out.BackOff = in.Backoff.D()
	for i, code := range in.Codes {
		if code < 400 || code > 599 {
			r.bad(fmt.Sprintf("%s.codes[%d]", at, i), "%d is not between 400 and 599", code)
		}
	}
	out.StatusCodes = slices.Clone(in.Codes)
	slices.Sort(out.StatusCodes)
	out.StatusCodes = slices.Compact(out.StatusCodes)
	r.whole(out.BackOff, at+".backoff")
	return out
}

func (r *gatewayReader) whole(d time.Duration, at string) {
	if d < 0 || d > maxDuration || d%time.Millisecond != 0 {
		r.bad(at, "%v is no whole number of milliseconds within a year", d)
	}
}

// backends reads weights as the Gateway API does: 1 where none is said.
func (r *gatewayReader) backends(list []backendRef, host hostName, at string) []model.Destination {
	var out []model.Destination
	total := uint64(0)
	for i, in := range list {
		here := fmt.Sprintf("%s[%d]", at, i)
		to, ok := r.backend(in, here)
		d := model.Destination{Weight: 1}
		if in.Weight != nil {
			d.Weight = *in.Weight
		}
		if in.Filters != nil {
			r.bad(here+".filters", unsupported)
		}
		if ok && to != host {
			d.Service, d.Namespace = to.name, to.namespace
		}
		total += uint64(d.Weight)
		out = append(out, d)
	}
	switch {
	case len(out) == 0:
		out = []model.Destination{{Weight: 100}}
	case total == 0 || total > model.Unlimited:
		r.bad(at, "weights add up to %d", total)
	}
	return out
}

func (r *gatewayReader) backend(in backendRef, at string) (hostName, bool) {
	to := hostName{in.Name, in.Namespace}
	if to.namespace == "" {
		to.namespace = r.namespace
	}
	switch {
	case in.Kind != "" && in.Kind != "Service" || in.Group != "" && in.Group != "core":
		r.bad(at+".kind", "a backend %s is not supported by the small mesh; it knows Service", in.Kind)
	case !label.MatchString(to.name) || !label.MatchString(to.namespace):
		r.bad(at+".name", "%q is no name of a Service", in.Name)
	case to.namespace != r.namespace:
		r.bad(at+".namespace", "a backend of another namespace needs a ReferenceGrant, which is not supported by the small mesh")
	default:
		if in.Port != 0 {
			r.ports = append(r.ports, portUse{to: to, port: in.Port, at: at + ".port"})
		}
		return to, true
	}
	return to, false
}

func (r *gatewayReader) matchOf(in routeMatch, at string) model.Match {
	var out model.Match
	if in.Path != nil {
		out.Path = r.pathOf(in.Path, at+".path")
	}
	if in.Method != "" {
		out.Method = &model.StringMatch{Exact: in.Method}
		if !headerName.MatchString(in.Method) {
			r.bad(at+".method", "%q is no method", in.Method)
		}
	}
	for i, h := range in.Headers {
		here := fmt.Sprintf("%s.headers[%d]", at, i)
		m := model.HeaderMatch{Name: h.Name}
		m.Exact, m.Regex = r.typed(h, here)
		if !headerName.MatchString(h.Name) {
			r.bad(here+".name", "%q is no name of a header", h.Name)
		}
		out.Headers = append(out.Headers, m)
	}
	for i, q := range in.QueryParams {
		here := fmt.Sprintf("%s.queryParams[%d]", at, i)
		m := model.QueryMatch{Name: q.Name}
		m.Exact, m.Regex = r.typed(q, here)
		if !headerValue.MatchString(q.Name) {
			r.bad(here+".name", "%q is no name of a parameter", q.Name)
		}
		out.Query = append(out.Query, m)
	}
	slices.SortStableFunc(out.Headers, func(a, b model.HeaderMatch) int { return strings.Compare(a.Name, b.Name) })
	slices.SortStableFunc(out.Query, func(a, b model.QueryMatch) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (r *gatewayReader) typed(v namedValue, at string) (exact, regex string) {
	switch v.Type {
	case "", "Exact":
		if !headerValue.MatchString(v.Value) {
			r.bad(at+".value", "must have a value, without control characters")
		}
		return v.Value, ""
	case "RegularExpression":
		if v.Value == "" {
			r.bad(at+".value", "must be set")
		}
		r.pattern(v.Value, at+".value")
		return "", v.Value
	}
	r.bad(at+".type", "%q is neither Exact nor RegularExpression", v.Type)
	return "", ""
}

func (r *gatewayReader) pathOf(in *typedValue, at string) model.PathMatch {
	value := in.Value
	if value == "" {
		value = "/"
	}
	if in.Type == "RegularExpression" {
		r.pattern(value, at+".value")
		return model.PathMatch{Regex: value}
	}
	if !strings.HasPrefix(value, "/") || !headerValue.MatchString(value) {
		r.bad(at+".value", "must begin with / and be without control characters")
	}
	switch in.Type {
	case "", "PathPrefix":
		// A slash at the end means nothing here; "/" alone takes all.
		return model.PathMatch{Segments: strings.TrimRight(value, "/")}
	case "Exact":
		return model.PathMatch{Exact: value}
	}
	r.bad(at+".type", "%q is none of Exact, PathPrefix and RegularExpression", in.Type)
	return model.PathMatch{}
}

// compareSpecific is the precedence of the Gateway API: an exact path, then the
// longest prefix, then a method, then more headers, then more parameters.
func compareSpecific(a, b *model.Route) int {
	left, right := specificity(a), specificity(b)
	return slices.Compare(right[:], left[:])
}

func specificity(r *model.Route) [5]int {
	if len(r.Matches) == 0 {
		return [5]int{}
	}
	m := r.Matches[0]
	out := [5]int{1: len(m.Path.Segments) + len(m.Path.Regex), 3: len(m.Headers), 4: len(m.Query)}
	if m.Path.Exact != "" {
		out[0] = 1
	}
	if m.Method != nil {
		out[2] = 1
	}
	return out
}
