package model

import "time"

// DefaultRouteName names the route of a service that has none configured.
const DefaultRouteName = "default"

// Route says where calls that match go, and for how long. A call is redirected,
// answered at once, or sent to Destinations.
type Route struct {
	Name         string
	Object       string  // "Kind name.namespace" that it was read from; "" for a default
	Matches      []Match // any of them; none: every call
	Destinations []Destination
	Redirect     *Redirect       // nil: none
	Direct       *DirectResponse // nil: none
	Rewrite      *Rewrite        // nil: the call goes on as it is
	Headers      HeaderChanges
	Mirrors      []Mirror
	CORS         *CORS         // nil: the application speaks for itself
	Fault        *Fault        // nil: none
	Timeout      time.Duration // whole call, all tries included; 0: off
	Retry        Retry
}

// Destination is a share of a route's calls.
type Destination struct {
	Subset  string // "" is the whole service
	Weight  uint32 // relative to the route's other destinations
	Service string // "": the service that the route belongs to
	// Namespace is that of Service; "" where that is.
	Namespace string
	Headers   HeaderChanges // besides those of the route
}

// Mirror is a copy of a share of the calls, whose answers nobody reads.
type Mirror struct {
	To      Destination // Weight is not read
	Percent float64     // 0 < Percent ≤ 100
}

// DefaultRoute takes every call to the whole service: no timeout, Istio's
// default retries.
func DefaultRoute() *Route {
	return &Route{
		Name:         DefaultRouteName,
		Destinations: []Destination{{Weight: 100}},
		Retry:        DefaultRetry(),
	}
}

// Forwards tells whether calls go on to a service.
func (r *Route) Forwards() bool { return r.Redirect == nil && r.Direct == nil }

// Destination returns the service that a destination of one of its routes
// means, nil if the mesh has none.
func (m *Mesh) Destination(of *Service, d Destination) *Service {
	if d.Service == "" {
		return of
	}
	return m.Service(d.Namespace, d.Service)
}
