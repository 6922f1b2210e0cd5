package config

import (
	"fmt"
	"maps"
	"math"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	networkingv1 "istio.io/api/networking/v1"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// destinationRule is the limits and subsets of one host.
type destinationRule struct {
	*object
	host    hostName
	traffic *networkingv1.TrafficPolicy // checked
	subsets []*subset
}

// subset is one of a rule, still without its port.
type subset struct {
	name    string
	labels  map[string]string
	traffic *networkingv1.TrafficPolicy // nil: the rule's
}

func readDestinationRule(o *object, known hosts) (*destinationRule, error) {
	spec := o.spec.(*networkingv1.DestinationRule)
	host, err := known.parse(spec.GetHost(), o.namespace)
	r := policyReader{findings: findings{object: o}}
	if err != nil {
		r.bad("host", "%v", err)
	}
	r.everywhere(spec.GetExportTo())
	r.checkTraffic(spec.GetTrafficPolicy(), "trafficPolicy")
	out := &destinationRule{object: o, host: host, traffic: spec.GetTrafficPolicy()}
	names := map[string]bool{}
	for i, s := range spec.GetSubsets() {
		at := fmt.Sprintf("subsets[%d]", i)
		switch name := s.GetName(); {
		case name == "":
			r.bad(at+".name", "must be set")
		case !label.MatchString(name):
			r.bad(at+".name", "%q %s", name, noLabel)
		case names[name]:
			r.bad(at+".name", "subset %q stands twice", name)
		}
		names[s.GetName()] = true
		r.checkTraffic(s.GetTrafficPolicy(), at+".trafficPolicy")
		out.subsets = append(out.subsets, &subset{name: s.GetName(), labels: maps.Clone(s.GetLabels()), traffic: s.GetTrafficPolicy()})
	}
	return out, r.errs.Err()
}

// policy returns the limits of the whole on a port.
func (d *destinationRule) policy(port int) model.Policy {
	return d.read(onPort(d.traffic, port))
}

// modelSubsets returns the subsets with their limits on a port.
func (d *destinationRule) modelSubsets(port int) []*model.Subset {
	var out []*model.Subset
	for _, s := range d.subsets {
		sub := &model.Subset{Name: s.name, Labels: s.labels}
		if s.traffic != nil {
			policy := d.read(merge(onPort(d.traffic, port), onPort(s.traffic, port)))
			sub.Policy = &policy
		}
		out = append(out, sub)
	}
	return out
}

// read cannot find anything: the parts were checked when the rule was read.
func (d *destinationRule) read(in *networkingv1.TrafficPolicy) model.Policy {
	r := policyReader{findings: findings{object: d.object}}
	return r.policy(in, "trafficPolicy")
}

// onPort returns what holds on a port. Settings of the destination are not
// inherited where those of the port are set (Istio's reference of
// TrafficPolicy.portLevelSettings).
func onPort(in *networkingv1.TrafficPolicy, port int) *networkingv1.TrafficPolicy {
	for _, p := range in.GetPortLevelSettings() {
		if int(p.GetPort().GetNumber()) == port {
			return &networkingv1.TrafficPolicy{
				LoadBalancer: p.GetLoadBalancer(), ConnectionPool: p.GetConnectionPool(),
				OutlierDetection: p.GetOutlierDetection(), Tls: p.GetTls(), RetryBudget: in.GetRetryBudget(),
			}
		}
	}
	return in
}

// merge lays the parts that a subset sets over those of its rule, each as a
// whole (pilot/pkg/networking/core cluster_traffic_policy.go,
// util.MergeSubsetTrafficPolicy).
func merge(rule, subset *networkingv1.TrafficPolicy) *networkingv1.TrafficPolicy {
	out := &networkingv1.TrafficPolicy{
		LoadBalancer: rule.GetLoadBalancer(), ConnectionPool: rule.GetConnectionPool(),
		OutlierDetection: rule.GetOutlierDetection(), Tls: rule.GetTls(), RetryBudget: rule.GetRetryBudget(),
	}
	if v := subset.GetLoadBalancer(); v != nil {
		out.LoadBalancer = v
	}
	if v := subset.GetConnectionPool(); v != nil {
		out.ConnectionPool = v
	}
	if v := subset.GetOutlierDetection(); v != nil {
		out.OutlierDetection = v
	}
	if v := subset.GetTls(); v != nil {
		out.Tls = v
	}
	if v := subset.GetRetryBudget(); v != nil {
		out.RetryBudget = v
	}
	return out
}

// policyReader turns a traffic policy into the model's limits.
type policyReader struct {
	findings
}

// checkTraffic reads a policy and those of its ports only for what is wrong.
func (r *policyReader) checkTraffic(in *networkingv1.TrafficPolicy, at string) {
	r.policy(in, at)
	seen := map[uint32]bool{}
	for i, p := range in.GetPortLevelSettings() {
		here := fmt.Sprintf("%s.portLevelSettings[%d]", at, i)
		port := p.GetPort().GetNumber()
		switch {
		case port < 1 || port > 65535:
			r.bad(here+".port.number", "%d is not a port", port)
		case seen[port]:
			r.bad(here+".port.number", "%d stands twice", port)
		}
		seen[port] = true
		r.policy(&networkingv1.TrafficPolicy{
			LoadBalancer: p.GetLoadBalancer(), ConnectionPool: p.GetConnectionPool(), OutlierDetection: p.GetOutlierDetection(), Tls: p.GetTls(),
		}, here)
	}
}

func (r *policyReader) policy(in *networkingv1.TrafficPolicy, at string) model.Policy {
	out := model.DefaultPolicy()
	pool := at + ".connectionPool"
	tcp, http := in.GetConnectionPool().GetTcp(), in.GetConnectionPool().GetHttp()
	r.limit(&out.Limits.Connections, tcp.GetMaxConnections(), pool+".tcp.maxConnections")
	r.limit(&out.Limits.PendingRequests, http.GetHttp1MaxPendingRequests(), pool+".http.http1MaxPendingRequests")
	r.limit(&out.Limits.Requests, http.GetHttp2MaxRequests(), pool+".http.http2MaxRequests")
	r.limit(&out.Limits.Retries, http.GetMaxRetries(), pool+".http.maxRetries")
	r.duration(&out.ConnectTimeout, tcp.GetConnectTimeout(), pool+".tcp.connectTimeout")
	r.connections(&out.Connections, in.GetConnectionPool(), pool)
	if in.GetRetryBudget() != nil {
		out.RetryBudget = r.budget(in.GetRetryBudget(), at+".retryBudget")
	}
	if in.GetOutlierDetection() != nil {
		out.Outlier = r.outlier(in.GetOutlierDetection(), at+".outlierDetection")
	}
	if in.GetLoadBalancer() != nil {
		out.Balancer = r.balancer(in.GetLoadBalancer(), at+".loadBalancer")
	}
	if in.GetTls() != nil {
		out.TLS = r.tls(in.GetTls(), at+".tls")
	}
	return out
}

func (r *policyReader) connections(out *model.Connections, in *networkingv1.ConnectionPoolSettings, at string) {
	r.limit(&out.MaxRequests, in.GetHttp().GetMaxRequestsPerConnection(), at+".http.maxRequestsPerConnection")
	r.duration(&out.IdleTimeout, in.GetHttp().GetIdleTimeout(), at+".http.idleTimeout")
	r.duration(&out.MaxDuration, in.GetTcp().GetMaxConnectionDuration(), at+".tcp.maxConnectionDuration")
	keep := in.GetTcp().GetTcpKeepalive()
	if keep == nil {
		return
	}
	out.KeepAlive = &model.KeepAlive{Probes: keep.GetProbes()}
	r.seconds(&out.KeepAlive.Time, keep.GetTime(), at+".tcp.tcpKeepalive.time")
	r.seconds(&out.KeepAlive.Interval, keep.GetInterval(), at+".tcp.tcpKeepalive.interval")
}

// seconds reads what the operating system counts in whole ones.
func (r *policyReader) seconds(to *time.Duration, d *durationpb.Duration, at string) {
	r.duration(to, d, at)
	if *to%time.Second != 0 {
		r.bad(at, "%v is no whole number of seconds", *to)
	}
}

// limit leaves the default in place for 0, which in Istio means "not set".
func (r *policyReader) limit(to *uint32, value int32, at string) {
	switch {
	case value < 0:
		r.bad(at, "%d is negative", value)
	case value > 0:
		*to = uint32(value)
	}
}

func (r *policyReader) duration(to *time.Duration, d *durationpb.Duration, at string) {
	v, err := readDuration(d, time.Millisecond)
	if err != nil {
		r.bad(at, "%v", err)
	}
	if v > 0 {
		*to = v
	}
}

func (r *policyReader) budget(in *networkingv1.TrafficPolicy_RetryBudget, at string) *model.RetryBudget {
	out := &model.RetryBudget{Percent: model.DefaultBudgetPercent, MinConcurrency: model.DefaultMinRetryConcurrency}
	if in.GetPercent() != nil {
		out.Percent = in.GetPercent().GetValue()
	}
	if in.GetMinRetryConcurrency() > 0 {
		out.MinConcurrency = in.GetMinRetryConcurrency()
	}
	if math.IsNaN(out.Percent) || out.Percent < 0 || out.Percent > 100 {
		r.bad(at+".percent", "%v is not between 0 and 100", out.Percent)
	}
	return out
}

func (r *policyReader) outlier(in *networkingv1.OutlierDetection, at string) *model.OutlierDetection {
	out := model.DefaultOutlierDetection()
	if in.GetConsecutive_5XxErrors() != nil {
		out.Consecutive5xx = in.GetConsecutive_5XxErrors().GetValue()
	}
	if in.GetConsecutiveGatewayErrors() != nil {
		out.ConsecutiveGateway = in.GetConsecutiveGatewayErrors().GetValue()
	}
	r.duration(&out.Interval, in.GetInterval(), at+".interval")
	r.duration(&out.BaseEjection, in.GetBaseEjectionTime(), at+".baseEjectionTime")
	if percent := in.GetMaxEjectionPercent(); percent < 0 || percent > 100 {
		r.bad(at+".maxEjectionPercent", "%d is not between 0 and 100", percent)
	} else if percent > 0 {
		out.MaxEjectionPercent = uint32(percent)
	}
	if percent := in.GetMinHealthPercent(); percent < 0 || percent > 100 {
		r.bad(at+".minHealthPercent", "%d is not between 0 and 100", percent)
	} else {
		out.MinHealthPercent = uint32(percent)
	}
	out.SplitLocal = in.GetSplitExternalLocalOriginErrors()
	if out.SplitLocal {
		out.ConsecutiveLocal = 5 // Envoy's default
		if in.GetConsecutiveLocalOriginFailures() != nil {
			out.ConsecutiveLocal = in.GetConsecutiveLocalOriginFailures().GetValue()
		}
	} else if in.GetConsecutiveLocalOriginFailures() != nil {
		r.bad(at+".consecutiveLocalOriginFailures", "needs splitExternalLocalOriginErrors")
	}
	return &out
}
