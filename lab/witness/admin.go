package witness

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Stats are Envoy's counters and gauges by name.
type Stats map[string]float64

// EnvoyStats reads the counters and gauges of the Envoy whose admin socket is
// given; histograms are left out.
func EnvoyStats(ctx context.Context, socket string) (Stats, error) {
	text, err := call(ctx, socket, http.MethodGet, "/stats", url.Values{"usedonly": {""}}, "")
	if err != nil {
		return nil, fmt.Errorf("reading Envoy's stats at %s: %w", socket, err)
	}
	return parseStats(text), nil
}

// EnvoyReady tells whether Envoy serves.
func EnvoyReady(ctx context.Context, socket string) error {
	_, err := call(ctx, socket, http.MethodGet, "/ready", nil, "")
	return err
}

func parseStats(text string) Stats {
	stats := Stats{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			continue
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			stats[name] = v
		}
	}
	return stats
}

// Sub returns the growth of each counter since before; one that is new counts
// from zero.
func (s Stats) Sub(before Stats) Stats {
	grown := Stats{}
	for name, v := range s {
		if d := v - before[name]; d != 0 {
			grown[name] = d
		}
	}
	return grown
}

// Add returns the sums of two proxies.
func (s Stats) Add(other Stats) Stats {
	sum := Stats{}
	for _, part := range []Stats{s, other} {
		for name, v := range part {
			sum[name] += v
		}
	}
	return sum
}

// LogsWritten counts the entries that the access logger took.
func (s Stats) LogsWritten() float64 { return s["access_logs.grpc_access_log.logs_written"] }

// LogsDropped counts the entries that found the buffer full.
func (s Stats) LogsDropped() float64 { return s["access_logs.grpc_access_log.logs_dropped"] }
