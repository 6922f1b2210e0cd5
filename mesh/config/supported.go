package config

import "strings"

// supported lists, for each kind, the fields of its spec that the mesh keeps.
// "[]" stands for each item of a list, "{}" for each key of a map; a path that
// begins a listed one is kept as well.
var supported = map[string][]string{
	"VirtualService": {
		"hosts[]",
		"http[].name",
		"http[].match[].uri.prefix",
		"http[].match[].uri.exact",
		"http[].match[].headers{}.exact",
		"http[].route[].destination.host",
		"http[].route[].destination.subset",
		"http[].route[].weight",
		"http[].timeout",
		"http[].retries.attempts",
		"http[].retries.perTryTimeout",
		"http[].retries.retryOn",
	},
	"DestinationRule": {
		"host",
		"trafficPolicy.connectionPool.tcp.maxConnections",
		"trafficPolicy.connectionPool.tcp.connectTimeout",
		"trafficPolicy.connectionPool.http.http1MaxPendingRequests",
		"trafficPolicy.connectionPool.http.http2MaxRequests",
		"trafficPolicy.connectionPool.http.maxRetries",
		"trafficPolicy.retryBudget.percent",
		"trafficPolicy.retryBudget.minRetryConcurrency",
		"trafficPolicy.outlierDetection.consecutive5xxErrors",
		"trafficPolicy.outlierDetection.consecutiveGatewayErrors",
		"trafficPolicy.outlierDetection.interval",
		"trafficPolicy.outlierDetection.baseEjectionTime",
		"trafficPolicy.outlierDetection.maxEjectionPercent",
		"subsets[].name",
		"subsets[].labels{}",
	},
}

// isSupported tells whether a kind's path, in the notation of the table, is
// kept.
func isSupported(kind, path string) bool {
	for _, kept := range supported[kind] {
		rest, ok := strings.CutPrefix(kept, path)
		if ok && (rest == "" || strings.ContainsAny(rest[:1], ".[{")) {
			return true
		}
	}
	return false
}
