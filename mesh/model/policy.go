package model

import (
	"math"
	"time"
)

// Unlimited is the value of a limit that is off. Istio raises Envoy's limits of
// 1024 to it (pilot/pkg/networking/core cluster_traffic_policy.go).
const Unlimited = math.MaxUint32

// Policy holds the limits that one caller's proxy keeps towards a service, on
// each of its clusters.
type Policy struct {
	ConnectTimeout time.Duration
	Limits         Limits
	RetryBudget    *RetryBudget      // nil: none; where set it replaces Limits.Retries
	Outlier        *OutlierDetection // nil: off
	Connections    Connections
	Balancer       Balancer
	TLS            *ClientTLS // nil: mutual TLS with whoever offers it
}

// Connections says how long connections last. The zero value is Envoy's.
type Connections struct {
	MaxRequests uint32        // on one connection; 0: no limit
	MaxDuration time.Duration // 0: no limit
	IdleTimeout time.Duration // without a request; 0: Envoy's 1 h
	KeepAlive   *KeepAlive    // of TCP; nil: none
}

// KeepAlive is TCP's. A 0 leaves the operating system's value.
type KeepAlive struct {
	Probes         uint32
	Time, Interval time.Duration // whole seconds
}

// Limits are the thresholds of the circuit breaker, per proxy and cluster.
type Limits struct {
	Connections     uint32 // new ones beyond it are refused; open ones stay
	PendingRequests uint32 // requests that wait for a connection
	Requests        uint32 // requests in flight
	Retries         uint32 // retries in flight
}

// RetryBudget bounds retries by a share of the requests in flight.
type RetryBudget struct {
	Percent        float64 // of active and pending requests, 0..100
	MinConcurrency uint32  // retries in flight that are always allowed
}

// OutlierDetection takes a host that keeps failing out of rotation for a time.
type OutlierDetection struct {
	Consecutive5xx     uint32 // failures in a row; 0: not judged
	ConsecutiveGateway uint32 // 502, 503, 504 in a row; 0: not judged
	Interval           time.Duration
	BaseEjection       time.Duration // times the number of ejections so far
	MaxEjectionPercent uint32        // share of hosts that may be out at once
	MinHealthPercent   uint32        // below it the detection stops and all hosts are used; 0: never
	// SplitLocal judges failures that the proxy saw itself, such as a connect
	// timeout, apart from those that hosts answered.
	SplitLocal       bool
	ConsecutiveLocal uint32 // local failures in a row; 0: not judged
}

// DefaultPolicy is what holds where nothing is said: no limits, and Istio's
// connect timeout of 10 s.
func DefaultPolicy() Policy {
	return Policy{
		ConnectTimeout: 10 * time.Second,
		Limits: Limits{
			Connections: Unlimited, PendingRequests: Unlimited, Requests: Unlimited, Retries: Unlimited,
		},
	}
}

// DefaultMinRetryConcurrency and DefaultBudgetPercent are Envoy's values for a
// budget that names only the other
// (envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget).
const (
	DefaultMinRetryConcurrency = 3
	DefaultBudgetPercent       = 20
)

// DefaultOutlierDetection is what a detection that names no value means: five
// 5xx in a row, judged each 10 s, out for 30 s, at most a tenth of the hosts
// (Istio's DestinationRule reference).
func DefaultOutlierDetection() OutlierDetection {
	return OutlierDetection{
		Consecutive5xx:     5,
		Interval:           10 * time.Second,
		BaseEjection:       30 * time.Second,
		MaxEjectionPercent: 10,
	}
}
