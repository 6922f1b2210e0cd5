package config

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	networkingv1 "istio.io/api/networking/v1"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// virtualService is the routes of one host, still without its workloads.
type virtualService struct {
	*object
	host   hostName
	routes []*model.Route
	ports  []portUse
}

// portUse is a destination that names a port, to be compared with the service's
// only one when that is known.
type portUse struct {
	to   hostName
	port uint32
	at   string
}

// readVirtualService returns one virtualService per host.
func readVirtualService(o *object, known hosts) ([]*virtualService, error) {
	spec := o.spec.(*networkingv1.VirtualService)
	r := routeReader{findings: findings{object: o}, known: known}
	var hosts []hostName
	for i, h := range spec.GetHosts() {
		host, err := known.parse(h, o.namespace)
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
	r.meshOnly(spec.GetGateways(), "gateways")
	r.everywhere(spec.GetExportTo())
	var out []*virtualService
	for _, host := range hosts {
		r.ports = nil
		out = append(out, &virtualService{object: o, host: host, routes: r.routes(spec.GetHttp(), host), ports: r.ports})
	}
	return out, r.errs.Err()
}

// meshOnly refuses gateways other than the sidecars themselves.
func (f *findings) meshOnly(gateways []string, at string) {
	for i, g := range gateways {
		if g != "mesh" {
			f.bad(fmt.Sprintf("%s[%d]", at, i), "gateway %q is %s; write mesh", g, unsupported)
		}
	}
}

// everywhere refuses an object that is not for every namespace.
func (f *findings) everywhere(exportTo []string) {
	for i, e := range exportTo {
		if e != "*" {
			f.bad(fmt.Sprintf("exportTo[%d]", i), "%q is %s; write \"*\"", e, unsupported)
		}
	}
}

// routeReader turns Istio's routes into the model's.
type routeReader struct {
	findings
	known hosts
	ports []portUse
}

func (r *routeReader) routes(list []*networkingv1.HTTPRoute, host hostName) []*model.Route {
	var out []*model.Route
	names := map[string]bool{}
	for i, in := range list {
		at := fmt.Sprintf("http[%d]", i)
		route := r.route(in, host, at)
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

func (r *routeReader) route(in *networkingv1.HTTPRoute, host hostName, at string) *model.Route {
	r.oneAction(in, at)
	route := &model.Route{
		Name:     in.GetName(),
		Object:   r.String(),
		Matches:  r.matches(in.GetMatch(), at+".match"),
		Redirect: r.redirect(in.GetRedirect(), at+".redirect"),
		Direct:   r.direct(in.GetDirectResponse(), at+".directResponse"),
		Rewrite:  r.rewrite(in.GetRewrite(), at+".rewrite"),
		Headers:  r.headers(in.GetHeaders(), at+".headers"),
		CORS:     r.cors(in.GetCorsPolicy(), at+".corsPolicy"),
		Fault:    r.fault(in.GetFault(), at+".fault"),
		Mirrors:  r.mirrors(in, host, at),
		Timeout:  r.duration(in.GetTimeout(), at+".timeout", 0),
		Retry:    r.retry(in.GetRetries(), at+".retries"),
	}
	if route.Forwards() {
		route.Destinations = r.destinations(in.GetRoute(), host, at+".route")
	}
	return route
}

// oneAction refuses a route that both forwards and answers; Istio does, too.
func (r *routeReader) oneAction(in *networkingv1.HTTPRoute, at string) {
	switch {
	case in.GetRedirect() != nil && in.GetDirectResponse() != nil:
		r.bad(at+".directResponse", "excludes redirect")
	case in.GetRedirect() != nil && len(in.GetRoute()) > 0:
		r.bad(at+".redirect", "excludes route")
	case in.GetDirectResponse() != nil && len(in.GetRoute()) > 0:
		r.bad(at+".directResponse", "excludes route")
	case in.GetRedirect() != nil && (in.GetRewrite() != nil || in.GetFault() != nil):
		r.bad(at+".redirect", "excludes rewrite and fault")
	}
}

// destinations reads weights as Istio does: a single destination gets all, of
// several those without a weight get none.
func (r *routeReader) destinations(list []*networkingv1.HTTPRouteDestination, host hostName, at string) []model.Destination {
	var out []model.Destination
	total := int64(0)
	for i, in := range list {
		here := fmt.Sprintf("%s[%d]", at, i)
		d := r.destination(in.GetDestination(), host, here+".destination")
		if in.GetWeight() < 0 {
			r.bad(here+".weight", "%d is negative", in.GetWeight())
		}
		total += int64(in.GetWeight())
		d.Weight = uint32(max(in.GetWeight(), 0))
		d.Headers = r.headers(in.GetHeaders(), here+".headers")
		out = append(out, d)
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

// destination names the service only where it is another than the route's.
func (r *routeReader) destination(in *networkingv1.Destination, host hostName, at string) model.Destination {
	out := model.Destination{Subset: in.GetSubset()}
	to, err := r.known.parse(in.GetHost(), r.namespace)
	switch {
	case err != nil:
		r.bad(at+".host", "%v", err)
	case to != host:
		out.Service, out.Namespace = to.name, to.namespace
	}
	if out.Subset != "" && !label.MatchString(out.Subset) {
		r.bad(at+".subset", "%q %s", out.Subset, noLabel)
	}
	if port := in.GetPort().GetNumber(); port != 0 {
		r.ports = append(r.ports, portUse{to: to, port: port, at: at + ".port.number"})
	}
	return out
}

// mirrors reads the list, and the older single mirror.
func (r *routeReader) mirrors(in *networkingv1.HTTPRoute, host hostName, at string) []model.Mirror {
	var out []model.Mirror
	add := func(to *networkingv1.Destination, percent *networkingv1.Percent, toAt, percentAt string) {
		m := model.Mirror{To: r.destination(to, host, toAt), Percent: 100}
		if percent != nil {
			m.Percent = r.percent(percent.GetValue(), percentAt)
		}
		if m.Percent > 0 {
			out = append(out, m)
		}
	}
	if in.GetMirror() != nil {
		percent := in.GetMirrorPercentage()
		if percent == nil && in.GetMirrorPercent() != nil { //nolint:staticcheck // Istio reads it still
			percent = &networkingv1.Percent{Value: float64(in.GetMirrorPercent().GetValue())} //nolint:staticcheck // as above
		}
		add(in.GetMirror(), percent, at+".mirror", at+".mirrorPercentage")
		if len(in.GetMirrors()) > 0 {
			r.bad(at+".mirrors", "excludes mirror")
		}
	}
	for i, m := range in.GetMirrors() {
		here := fmt.Sprintf("%s.mirrors[%d]", at, i)
		add(m.GetDestination(), m.GetPercentage(), here+".destination", here+".percentage")
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
	out.BackOff = r.duration(in.GetBackoff(), at+".backoff", time.Millisecond)
	if before := in.GetRetryIgnorePreviousHosts(); before != nil {
		out.SameHost = !before.GetValue()
	}
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
func (f *findings) duration(d *durationpb.Duration, at string, lowest time.Duration) time.Duration {
	v, err := readDuration(d, lowest)
	if err != nil {
		f.bad(at, "%v", err)
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

// hostsPath is where the object names the services that it is for.
func (s *virtualService) hostsPath() string {
	if s.kind == "HTTPRoute" {
		return "parentRefs"
	}
	return "hosts"
}

// routePath is where the object has its i-th route.
func (s *virtualService) routePath(i int) string {
	if s.kind == "HTTPRoute" {
		return fmt.Sprintf("rules[%d]", i)
	}
	return fmt.Sprintf("http[%d]", i)
}
