package config

import (
	"fmt"
	"maps"
	"math"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	networkingv1 "istio.io/api/networking/v1"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// destinationRule is the limits and subsets of one host.
type destinationRule struct {
	*object
	host    hostName
	policy  model.Policy
	subsets []*model.Subset
}

func readDestinationRule(o *object) (*destinationRule, error) {
	spec := o.spec.(*networkingv1.DestinationRule)
	host, err := parseHost(spec.GetHost(), o.namespace)
	r := policyReader{object: o}
	if err != nil {
		r.bad("host", "%v", err)
	}
	out := &destinationRule{object: o, host: host, policy: r.policy(spec.GetTrafficPolicy())}
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
		out.subsets = append(out.subsets, &model.Subset{Name: s.GetName(), Labels: maps.Clone(s.GetLabels())})
	}
	return out, r.errs.Err()
}

// policyReader turns a traffic policy into the model's limits.
type policyReader struct {
	*object
	errs yamlfile.Errors
}

func (r *policyReader) bad(path, format string, args ...any) {
	r.errs.Add(r.errorf(path, format, args...))
}

func (r *policyReader) policy(in *networkingv1.TrafficPolicy) model.Policy {
	out := model.DefaultPolicy()
	const pool = "trafficPolicy.connectionPool"
	tcp, http := in.GetConnectionPool().GetTcp(), in.GetConnectionPool().GetHttp()
	r.limit(&out.Limits.Connections, tcp.GetMaxConnections(), pool+".tcp.maxConnections")
	r.limit(&out.Limits.PendingRequests, http.GetHttp1MaxPendingRequests(), pool+".http.http1MaxPendingRequests")
	r.limit(&out.Limits.Requests, http.GetHttp2MaxRequests(), pool+".http.http2MaxRequests")
	r.limit(&out.Limits.Retries, http.GetMaxRetries(), pool+".http.maxRetries")
	r.duration(&out.ConnectTimeout, tcp.GetConnectTimeout(), pool+".tcp.connectTimeout")
	if in.GetRetryBudget() != nil {
		out.RetryBudget = r.budget(in.GetRetryBudget())
	}
	if in.GetOutlierDetection() != nil {
		out.Outlier = r.outlier(in.GetOutlierDetection())
	}
	return out
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

func (r *policyReader) budget(in *networkingv1.TrafficPolicy_RetryBudget) *model.RetryBudget {
	const at = "trafficPolicy.retryBudget"
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

func (r *policyReader) outlier(in *networkingv1.OutlierDetection) *model.OutlierDetection {
	const at = "trafficPolicy.outlierDetection"
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
	return &out
}
