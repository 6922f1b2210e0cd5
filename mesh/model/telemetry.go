package model

import "time"

// Telemetry is what a workload's proxy tells.
type Telemetry struct {
	// Sampling is the share of requests that begin a trace, in percent; nil: the
	// plane's own.
	Sampling     *float64
	NoSpans      bool // reports no spans, but passes the context on
	NoClientLog  bool // no access log of calls that leave
	NoInboundLog bool // no access log of calls that arrive
}

// RateLimit bounds the calls that one proxy lets in: a bucket of Burst tokens
// that gains Requests tokens Per interval.
type RateLimit struct {
	Requests uint32
	Per      time.Duration
	Burst    uint32
}
