package envoyconf

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// Rendered returns an error for each part of the mesh that Bootstrap and
// RouteConfigs leave out. To configure proxies without it would be a lie: a policy
// that nobody enforces, a route that nobody takes.
func Rendered(m *model.Mesh) error {
	var errs []error
	for _, w := range m.Workloads {
		errs = append(errs, unrendered("workload "+m.ID(w), []part{
			{"STRICT mutual TLS", w.PeerMode == model.PeerStrict},
			{"AuthorizationPolicy", set(w.Authorization)},
			{"Telemetry", set(w.Telemetry)},
			{"a local rate limit", w.RateLimit != nil},
		}))
	}
	for _, s := range m.Services {
		name := "service " + s.Host()
		errs = append(errs, unrendered(name, []part{{"ServiceEntry", s.External != nil}}), policyRendered(name, s.Policy))
		for _, sub := range s.Subsets {
			errs = append(errs, unrendered(name+", subset "+sub.Name, []part{{"a policy of its own", sub.Policy != nil}}))
		}
		for _, r := range s.Routes {
			errs = append(errs, routeRendered(name+", route "+r.Name, r))
		}
	}
	return errors.Join(errs...)
}

// part is something that a mesh may have, by a name that its author knows.
type part struct {
	name string
	is   bool
}

func unrendered(where string, parts []part) error {
	var errs []error
	for _, p := range parts {
		if p.is {
			errs = append(errs, fmt.Errorf("%s: %s is not supported by a mesh that is configured by files", where, p.name))
		}
	}
	return errors.Join(errs...)
}

func set(v any) bool { return !reflect.ValueOf(v).IsZero() }

func policyRendered(where string, p model.Policy) error {
	parts := []part{
		{"connectionPool beyond limits and connectTimeout", set(p.Connections)},
		{"loadBalancer", set(p.Balancer) && p.Balancer != model.Balancer{Algorithm: model.LeastRequest}},
		{"tls", p.TLS != nil && p.TLS.Mode != model.TLSDisable},
	}
	if o := p.Outlier; o != nil {
		parts = append(parts, part{"outlierDetection beyond counts, times and maxEjectionPercent", o.MinHealthPercent != 0 || o.SplitLocal || o.ConsecutiveLocal != 0})
	}
	return unrendered(where, parts)
}

func routeRendered(where string, r *model.Route) error {
	parts := []part{
		{"redirect", r.Redirect != nil},
		{"directResponse", r.Direct != nil},
		{"rewrite", r.Rewrite != nil},
		{"headers", !r.Headers.Empty()},
		{"mirror", len(r.Mirrors) > 0},
		{"corsPolicy", r.CORS != nil},
		{"fault", r.Fault != nil},
		{"retries.backoff", r.Retry.BackOff != 0},
		{"retries.retryIgnorePreviousHosts", r.Retry.SameHost},
	}
	for _, d := range r.Destinations {
		parts = append(parts, part{"a destination of another service", d.Service != ""}, part{"headers of a destination", !d.Headers.Empty()})
	}
	for _, m := range r.Matches {
		parts = append(parts, part{"a match of " + extras(m), extras(m) != ""})
	}
	return unrendered(where, parts)
}

// extras names a condition of a match beyond exact and prefix paths and exact
// headers; "" if there is none.
func extras(m model.Match) string {
	switch {
	case m.Path.Regex != "" || m.Path.Segments != "" || m.Path.IgnoreCase:
		return "uri by regex, whole segments or without regard to case"
	case len(m.Query) > 0:
		return "queryParams"
	case m.Method != nil:
		return "method"
	case m.Authority != nil:
		return "authority"
	case m.Scheme != nil:
		return "scheme"
	case set(m.Source):
		return "the caller's labels or namespace"
	}
	for _, h := range m.Headers {
		if h.Exact == "" || h.Prefix != "" || h.Regex != "" || h.Not {
			return "headers other than exact ones"
		}
	}
	return ""
}
