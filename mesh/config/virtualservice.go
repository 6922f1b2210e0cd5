package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	networkingv1 "istio.io/api/networking/v1"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// virtualService is the routes of one host, still without its workloads.
type virtualService struct {
	*object
	host   hostName
	routes []*model.Route
}

// readVirtualService returns one virtualService per host.
func readVirtualService(o *object) ([]*virtualService, error) {
	spec := o.spec.(*networkingv1.VirtualService)
	r := routeReader{object: o}
	var hosts []hostName
	for i, h := range spec.GetHosts() {
		host, err := parseHost(h, o.namespace)
		if err != nil {
			r.bad(fmt.Sprintf("hosts[%d]", i), "%v", err)
			continue
		}
		hosts = append(hosts, host)
	}
	if len(spec.GetHosts()) == 0 {
		r.bad("hosts", "must name a service")
	}
	if len(spec.GetHttp()) == 0 {
		r.bad("http", "must hold a route")
	}
	var out []*virtualService
	for _, host := range hosts {
		out = append(out, &virtualService{object: o, host: host, routes: r.routes(spec.GetHttp(), host)})
	}
	return out, r.errs.Err()
}

// routeReader turns Istio's routes into the model's.
type routeReader struct {
	*object
	errs yamlfile.Errors
}

func (r *routeReader) bad(path, format string, args ...any) {
	r.errs.Add(r.errorf(path, format, args...))
}

func (r *routeReader) routes(list []*networkingv1.HTTPRoute, host hostName) []*model.Route {
	var out []*model.Route
	names := map[string]bool{}
	for i, in := range list {
		at := fmt.Sprintf("http[%d]", i)
		route := &model.Route{
			Name:         in.GetName(),
			Matches:      r.matches(in.GetMatch(), at+".match"),
			Destinations: r.destinations(in.GetRoute(), host, at+".route"),
			Timeout:      r.duration(in.GetTimeout(), at+".timeout", 0),
			Retry:        r.retry(in.GetRetries(), at+".retries"),
		}
		if route.Name == "" {
			route.Name = fmt.Sprintf("%s-%d", r.name, i)
		}
		if names[route.Name] {
			r.bad(at+".name", "route %q stands twice; statistics could not tell them apart", route.Name)
		}
		names[route.Name] = true
		out = append(out, route)
	}
	return out
}

func (r *routeReader) matches(list []*networkingv1.HTTPMatchRequest, at string) []model.Match {
	var out []model.Match
	for i, in := range list {
		here := fmt.Sprintf("%s[%d]", at, i)
		match := model.Match{Path: model.PathMatch{Prefix: in.GetUri().GetPrefix(), Exact: in.GetUri().GetExact()}}
		if in.GetUri() != nil && !strings.HasPrefix(match.Path.Prefix+match.Path.Exact, "/") {
			r.bad(here+".uri", "must have a prefix or an exact value that begins with /")
		}
		for _, name := range slices.Sorted(maps.Keys(in.GetHeaders())) {
			match.Headers = append(match.Headers, r.header(name, in.GetHeaders()[name].GetExact(), here+".headers."+name))
		}
		out = append(out, match)
	}
	return out
}

var (
	headerName  = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$") // RFC 9110 token
	headerValue = regexp.MustCompile(`^[\t\x20-\x7e\x{80}-\x{10ffff}]+$`)
)

func (r *routeReader) header(name, value, at string) model.HeaderMatch {
	if !headerName.MatchString(name) {
		r.bad(at, "%q is no name of a header", name)
	}
	if !headerValue.MatchString(value) {
		r.bad(at, "must have an exact value, without control characters")
	}
	return model.HeaderMatch{Name: name, Exact: value}
}

// destinations reads weights as Istio does: a single destination gets all, of
// several those without a weight get none.
func (r *routeReader) destinations(list []*networkingv1.HTTPRouteDestination, host hostName, at string) []model.Destination {
	var out []model.Destination
	total := int64(0)
	for i, in := range list {
		here := fmt.Sprintf("%s[%d]", at, i)
		to, err := parseHost(in.GetDestination().GetHost(), r.namespace)
		switch {
		case err != nil:
			r.bad(here+".destination.host", "%v", err)
		case to != host:
			r.bad(here+".destination.host", "%s is another service than %s; routing between services is not supported by the small mesh", to, host)
		}
		if subset := in.GetDestination().GetSubset(); subset != "" && !label.MatchString(subset) {
			r.bad(here+".destination.subset", "%q %s", subset, noLabel)
		}
		if in.GetWeight() < 0 {
			r.bad(here+".weight", "%d is negative", in.GetWeight())
		}
		total += int64(in.GetWeight())
		out = append(out, model.Destination{Subset: in.GetDestination().GetSubset(), Weight: uint32(max(in.GetWeight(), 0))})
	}
	switch {
	case len(out) == 0:
		r.bad(at, "must name a destination")
	case len(out) == 1:
		out[0].Weight = 100
	case total == 0:
		r.bad(at, "weights add up to 0")
	case total > model.Unlimited:
		r.bad(at, "weights add up to more than %d", uint32(model.Unlimited))
	}
	return out
}

func (r *routeReader) retry(in *networkingv1.HTTPRetry, at string) model.Retry {
	out := model.DefaultRetry()
	if in == nil {
		return out
	}
	if in.GetAttempts() < 0 {
		r.bad(at+".attempts", "%d is negative; 0 disables retries", in.GetAttempts())
	}
	out.Attempts = uint32(max(in.GetAttempts(), 0))
	out.PerTryTimeout = r.duration(in.GetPerTryTimeout(), at+".perTryTimeout", time.Millisecond)
	if in.GetRetryOn() != "" {
		on, codes, err := model.ParseRetryOn(in.GetRetryOn())
		if err != nil {
			r.bad(at+".retryOn", "%v", err)
		}
		out.On, out.StatusCodes = on, codes
	}
	return out
}

// duration reads a duration of at least lowest; absent is 0.
func (r *routeReader) duration(d *durationpb.Duration, at string, lowest time.Duration) time.Duration {
	v, err := readDuration(d, lowest)
	if err != nil {
		r.bad(at, "%v", err)
	}
	return v
}

// maxDuration bounds what a person can mean; it also keeps far from what
// Envoy's milliseconds hold.
const maxDuration = 365 * 24 * time.Hour

func readDuration(d *durationpb.Duration, lowest time.Duration) (time.Duration, error) {
	if d == nil {
		return 0, nil
	}
	v := d.AsDuration()
	switch {
	case v < lowest:
		return 0, fmt.Errorf("%v is less than %v", v, lowest)
	case v > maxDuration:
		return 0, fmt.Errorf("%v is more than a year", v)
	case v%time.Millisecond != 0:
		return 0, fmt.Errorf("%v is no whole number of milliseconds; Envoy's timers count no finer", v)
	}
	return v, nil
}
