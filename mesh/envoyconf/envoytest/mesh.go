package envoytest

import (
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// Mesh returns a small mesh at fixed ports: reviews (v1, v2, v3) with two
// callers of ratings, a route by header, weights, retries and a limit.
func Mesh() *model.Mesh {
	return &model.Mesh{
		Name: "demo", Cluster: "local",
		Workloads: []*model.Workload{
			workload("productpage", "productpage", "v1", 21310, model.Upstream{Service: "reviews", Namespace: "default", LocalPort: 21312}),
			workload("reviews-v1", "reviews", "v1", 21320),
			workload("reviews-v2", "reviews", "v2", 21330, model.Upstream{Service: "ratings", Namespace: "default", LocalPort: 21332}),
			workload("reviews-v3", "reviews", "v3", 21340, model.Upstream{Service: "ratings", Namespace: "default", LocalPort: 21342}),
			workload("ratings-v1", "ratings", "v1", 21350),
		},
		Services: []*model.Service{productpage(), reviews(), ratings()},
	}
}

func workload(name, service, version string, port int, upstreams ...model.Upstream) *model.Workload {
	return &model.Workload{
		Name: name, Namespace: "default", Service: service, Version: version, ServiceAccount: service,
		Labels:  map[string]string{"app": service, "version": version},
		Address: "127.0.0.1", InboundPort: port, AppPort: port + 1, Upstreams: upstreams,
	}
}

func productpage() *model.Service {
	return &model.Service{
		Name: "productpage", Namespace: "default", Port: model.HTTPPort,
		Routes: []*model.Route{model.DefaultRoute()}, Policy: model.DefaultPolicy(),
	}
}

func reviews() *model.Service {
	s := &model.Service{
		Name: "reviews", Namespace: "default", Port: model.HTTPPort, Policy: model.DefaultPolicy(),
		Subsets: []*model.Subset{version("v1"), version("v2"), version("v3")},
	}
	s.Routes = []*model.Route{
		{
			Name:         "jason",
			Matches:      []model.Match{{Path: model.PathMatch{Prefix: "/"}, Headers: []model.HeaderMatch{{Name: "end-user", Exact: "jason"}}}},
			Destinations: []model.Destination{{Subset: "v2", Weight: 100}},
			Timeout:      500 * time.Millisecond,
		},
		{
			Name:         "split",
			Destinations: []model.Destination{{Subset: "v1", Weight: 90}, {Subset: "v3", Weight: 10}},
			Retry:        model.DefaultRetry(),
		},
	}
	s.Policy.Outlier = &model.OutlierDetection{
		Consecutive5xx: 5, Interval: time.Second, BaseEjection: 3 * time.Second, MaxEjectionPercent: 50,
	}
	return s
}

func ratings() *model.Service {
	s := &model.Service{Name: "ratings", Namespace: "default", Port: model.HTTPPort, Policy: model.DefaultPolicy()}
	s.Policy.ConnectTimeout = time.Second
	s.Policy.Limits.Requests = 200
	s.Policy.RetryBudget = &model.RetryBudget{Percent: 50, MinConcurrency: 5}
	s.Routes = []*model.Route{{
		Name:         "ratings",
		Destinations: []model.Destination{{Weight: 100}},
		Timeout:      2 * time.Second,
		Retry: model.Retry{
			Attempts: 3, PerTryTimeout: 100 * time.Millisecond,
			On: []string{"gateway-error", "connect-failure", "refused-stream"}, StatusCodes: []uint32{429},
		},
	}}
	return s
}

func version(v string) *model.Subset {
	return &model.Subset{Name: v, Labels: map[string]string{model.VersionLabel: v}}
}
