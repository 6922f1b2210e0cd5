package config

import (
	"time"

	networkingv1 "istio.io/api/networking/v1"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

func (r *policyReader) balancer(in *networkingv1.LoadBalancerSettings, at string) model.Balancer {
	if in.GetConsistentHash() != nil {
		return r.consistentHash(in.GetConsistentHash(), at+".consistentHash")
	}
	switch in.GetSimple() {
	case networkingv1.LoadBalancerSettings_ROUND_ROBIN:
		return model.Balancer{Algorithm: model.RoundRobin}
	case networkingv1.LoadBalancerSettings_RANDOM:
		return model.Balancer{Algorithm: model.Random}
	case networkingv1.LoadBalancerSettings_UNSPECIFIED:
		return model.Balancer{}
	case networkingv1.LoadBalancerSettings_LEAST_REQUEST, networkingv1.LoadBalancerSettings_LEAST_CONN:
		return model.Balancer{Algorithm: model.LeastRequest}
	}
	r.bad(at+".simple", "%s is %s", in.GetSimple(), unsupported)
	return model.Balancer{}
}

// The bounds of Envoy: the largest ring, and the largest of Maglev's tables.
const (
	maxRing  = 8 << 20
	maxTable = 5000011
)

func (r *policyReader) consistentHash(in *networkingv1.LoadBalancerSettings_ConsistentHashLB, at string) model.Balancer {
	out := model.Balancer{
		Algorithm: model.RingHash,
		Hash:      &model.Hash{Header: in.GetHttpHeaderName(), Query: in.GetHttpQueryParameterName(), SourceIP: in.GetUseSourceIp()},
		TableSize: max(in.GetRingHash().GetMinimumRingSize(), in.GetMinimumRingSize()), //nolint:staticcheck // Istio reads both
	}
	if in.GetMaglev() != nil {
		out.Algorithm, out.TableSize = model.Maglev, in.GetMaglev().GetTableSize()
		if out.TableSize > maxTable || out.TableSize > 0 && !prime(out.TableSize) {
			r.bad(at+".maglev.tableSize", "%d is no prime of at most %d", out.TableSize, maxTable)
		}
	} else if out.TableSize > maxRing {
		r.bad(at, "a ring of %d is larger than %d", out.TableSize, maxRing)
	}
	if c := in.GetHttpCookie(); c != nil {
		out.Hash.Cookie = r.cookie(c, at+".httpCookie")
	}
	switch h := out.Hash; {
	case h.Header == "" && h.Query == "" && !h.SourceIP && h.Cookie == nil:
		r.bad(at, "must have httpHeaderName, httpCookie, useSourceIp or httpQueryParameterName")
	case h.Header != "" && !headerName.MatchString(h.Header):
		r.bad(at+".httpHeaderName", "%q is no name of a header", h.Header)
	}
	return out
}

func (r *policyReader) cookie(in *networkingv1.LoadBalancerSettings_ConsistentHashLB_HTTPCookie, at string) *model.Cookie {
	out := &model.Cookie{Name: in.GetName(), Path: in.GetPath()}
	if !headerName.MatchString(out.Name) {
		r.bad(at+".name", "%q is no name of a cookie", out.Name)
	}
	r.onWire(out.Path, at+".path")
	if in.GetTtl() != nil {
		ttl := r.findings.duration(in.GetTtl(), at+".ttl", 0)
		if ttl%time.Second != 0 {
			r.bad(at+".ttl", "%v is no whole number of seconds", ttl)
		}
		out.TTL = &ttl
	}
	return out
}

// prime tells of a number of at most maxTable.
func prime(n uint64) bool {
	for d := uint64(2); d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return n > 1
}
