package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Retry says when a failed try is followed by another.
type Retry struct {
	Attempts      uint32        // tries after the first; 0: off
	PerTryTimeout time.Duration // 0: the route's timeout
	On            []string      // Envoy's retry_on conditions
	StatusCodes   []uint32      // retried besides, ascending
	BackOff       time.Duration // before the first retry, doubled for each; 0: Envoy's 25 ms
	SameHost      bool          // a retry may go to the host that has failed
}

// conditions are the retry_on values that Envoy's router knows
// (x-envoy-retry-on and x-envoy-retry-grpc-on of its documentation).
var conditions = []string{
	"5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "envoy-ratelimited",
	"retriable-4xx", "refused-stream", "retriable-status-codes", "retriable-headers", "http3-post-connect-failure",
	"cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable",
}

// DefaultRetry is what Istio does where nothing is said: two more tries when
// the first surely did no work (pilot/pkg/networking/core/route/retry
// DefaultPolicy).
func DefaultRetry() Retry {
	return Retry{Attempts: 2, On: []string{"connect-failure", "refused-stream", "unavailable", "cancelled"}}
}

// ParseRetryOn splits a comma-separated list of conditions and status codes; an
// empty one is no condition. An unknown condition is an error: Envoy would
// ignore it.
func ParseRetryOn(list string) (on []string, codes []uint32, err error) {
	for _, item := range strings.Split(list, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		if code, bad := strconv.ParseUint(item, 10, 32); bad == nil {
			if code < 100 || code > 599 {
				return nil, nil, fmt.Errorf("%q is not an HTTP status code", item)
			}
			codes = append(codes, uint32(code))
			continue
		}
		if !slices.Contains(conditions, item) {
			return nil, nil, fmt.Errorf("unknown retry condition %q; Envoy knows %s and status codes", item, strings.Join(conditions, ", "))
		}
		if !slices.Contains(on, item) {
			on = append(on, item)
		}
	}
	slices.Sort(codes)
	return on, slices.Compact(codes), nil
}

// RetryOn returns the list that ParseRetryOn reads back.
func (r Retry) RetryOn() string {
	items := slices.Clone(r.On)
	for _, code := range r.StatusCodes {
		items = append(items, strconv.FormatUint(uint64(code), 10))
	}
	return strings.Join(items, ",")
}
