package model

import "time"

// DefaultRouteName names the route of a service that has none configured.
const DefaultRouteName = "default"

// Route says where calls that match go, and for how long.
type Route struct {
	Name         string
	Matches      []Match // any of them; none: every call
	Destinations []Destination
	Timeout      time.Duration // whole call, all tries included; 0: off
	Retry        Retry
}

// Match is a set of conditions that must all hold.
type Match struct {
	Path    PathMatch
	Headers []HeaderMatch // sorted by name
}

// PathMatch compares the path without its query. The zero value takes all.
type PathMatch struct {
	Prefix string
	Exact  string // wins over Prefix
}

// HeaderMatch wants a header to have exactly this value.
type HeaderMatch struct {
	Name, Exact string
}

// Destination is a share of a route's calls.
type Destination struct {
	Subset string // "" is the whole service
	Weight uint32 // relative to the route's other destinations
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
