package config

import "strings"

// supported lists, for each kind, the fields of its spec that the mesh keeps.
// "[]" stands for each item of a list, "{}" for each key of a map; a path that
// begins a listed one is kept as well.
var supported = map[string][]string{
	"VirtualService": {
		"hosts[]",
		"gateways[]",
		"exportTo[]",
		"http[].name",
		"http[].match[].name",
		"http[].match[].uri.prefix", "http[].match[].uri.exact", "http[].match[].uri.regex",
		"http[].match[].ignoreUriCase",
		"http[].match[].scheme.prefix", "http[].match[].scheme.exact", "http[].match[].scheme.regex",
		"http[].match[].method.prefix", "http[].match[].method.exact", "http[].match[].method.regex",
		"http[].match[].authority.prefix", "http[].match[].authority.exact", "http[].match[].authority.regex",
		"http[].match[].headers{}.prefix", "http[].match[].headers{}.exact", "http[].match[].headers{}.regex",
		"http[].match[].withoutHeaders{}.prefix", "http[].match[].withoutHeaders{}.exact", "http[].match[].withoutHeaders{}.regex",
		"http[].match[].queryParams{}.prefix", "http[].match[].queryParams{}.exact", "http[].match[].queryParams{}.regex",
		"http[].match[].sourceLabels{}",
		"http[].match[].sourceNamespace",
		"http[].match[].gateways[]",
		"http[].route[].destination.host",
		"http[].route[].destination.subset",
		"http[].route[].destination.port.number",
		"http[].route[].weight",
		"http[].route[].headers.request.set{}", "http[].route[].headers.request.add{}", "http[].route[].headers.request.remove[]",
		"http[].route[].headers.response.set{}", "http[].route[].headers.response.add{}", "http[].route[].headers.response.remove[]",
		"http[].headers.request.set{}", "http[].headers.request.add{}", "http[].headers.request.remove[]",
		"http[].headers.response.set{}", "http[].headers.response.add{}", "http[].headers.response.remove[]",
		"http[].redirect.uri", "http[].redirect.authority", "http[].redirect.port", "http[].redirect.derivePort",
		"http[].redirect.scheme", "http[].redirect.redirectCode", "http[].redirect.prefixRewrite",
		"http[].directResponse.status", "http[].directResponse.body.string",
		"http[].rewrite.uri", "http[].rewrite.authority",
		"http[].rewrite.uriRegexRewrite.match", "http[].rewrite.uriRegexRewrite.rewrite",
		"http[].timeout",
		"http[].retries.attempts",
		"http[].retries.perTryTimeout",
		"http[].retries.retryOn",
		"http[].retries.backoff",
		"http[].retries.retryIgnorePreviousHosts",
		"http[].fault.delay.percent", "http[].fault.delay.percentage.value", "http[].fault.delay.fixedDelay",
		"http[].fault.abort.percentage.value", "http[].fault.abort.httpStatus", "http[].fault.abort.grpcStatus",
		"http[].mirror.host", "http[].mirror.subset", "http[].mirror.port.number",
		"http[].mirrorPercent", "http[].mirrorPercentage.value",
		"http[].mirrors[].destination.host", "http[].mirrors[].destination.subset", "http[].mirrors[].destination.port.number",
		"http[].mirrors[].percentage.value",
		"http[].corsPolicy.allowOrigin[]",
		"http[].corsPolicy.allowOrigins[].exact", "http[].corsPolicy.allowOrigins[].prefix", "http[].corsPolicy.allowOrigins[].regex",
		"http[].corsPolicy.allowMethods[]", "http[].corsPolicy.allowHeaders[]", "http[].corsPolicy.exposeHeaders[]",
		"http[].corsPolicy.maxAge", "http[].corsPolicy.allowCredentials", "http[].corsPolicy.unmatchedPreflights",
	},
	"DestinationRule": append(append(append([]string{
		"host",
		"exportTo[]",
		"subsets[].name",
		"subsets[].labels{}",
		"trafficPolicy.retryBudget.percent",
		"trafficPolicy.retryBudget.minRetryConcurrency",
		"subsets[].trafficPolicy.retryBudget.percent",
		"subsets[].trafficPolicy.retryBudget.minRetryConcurrency",
		"trafficPolicy.portLevelSettings[].port.number",
		"subsets[].trafficPolicy.portLevelSettings[].port.number",
	}, below("trafficPolicy.", policyFields)...),
		below("trafficPolicy.portLevelSettings[].", policyFields)...),
		append(below("subsets[].trafficPolicy.", policyFields),
			below("subsets[].trafficPolicy.portLevelSettings[].", policyFields)...)...),
	"PeerAuthentication": {"selector.matchLabels{}", "mtls.mode", "portLevelMtls{}.mode"},
	"AuthorizationPolicy": {
		"selector.matchLabels{}", "action",
		"rules[].from[].source.principals[]", "rules[].from[].source.notPrincipals[]",
		"rules[].from[].source.namespaces[]", "rules[].from[].source.notNamespaces[]",
		"rules[].from[].source.ipBlocks[]", "rules[].from[].source.notIpBlocks[]",
		"rules[].to[].operation.hosts[]", "rules[].to[].operation.notHosts[]",
		"rules[].to[].operation.ports[]", "rules[].to[].operation.notPorts[]",
		"rules[].to[].operation.methods[]", "rules[].to[].operation.notMethods[]",
		"rules[].to[].operation.paths[]", "rules[].to[].operation.notPaths[]",
	},
	"ServiceEntry": {
		"hosts[]", "location", "resolution", "exportTo[]", "subjectAltNames[]",
		"ports[].number", "ports[].protocol", "ports[].name", "ports[].targetPort",
		"endpoints[].address", "endpoints[].ports{}", "endpoints[].labels{}", "endpoints[].weight", "endpoints[].serviceAccount",
		"workloadSelector.labels{}",
	},
	"WorkloadEntry": {"address", "ports{}", "labels{}", "weight", "serviceAccount"},
	"Sidecar":       {"workloadSelector.labels{}", "egress[].hosts[]"},
	"Telemetry": {
		"selector.matchLabels{}",
		"tracing[].randomSamplingPercentage", "tracing[].disableSpanReporting",
		"accessLogging[].disabled", "accessLogging[].match.mode",
	},
}

// policyFields are those of a traffic policy, whichever of an object's several
// it is.
var policyFields = []string{
	"connectionPool.tcp.maxConnections",
	"connectionPool.tcp.connectTimeout",
	"connectionPool.tcp.maxConnectionDuration",
	"connectionPool.tcp.tcpKeepalive.probes", "connectionPool.tcp.tcpKeepalive.time", "connectionPool.tcp.tcpKeepalive.interval",
	"connectionPool.http.http1MaxPendingRequests",
	"connectionPool.http.http2MaxRequests",
	"connectionPool.http.maxRetries",
	"connectionPool.http.maxRequestsPerConnection",
	"connectionPool.http.idleTimeout",
	"outlierDetection.consecutive5xxErrors",
	"outlierDetection.consecutiveGatewayErrors",
	"outlierDetection.interval",
	"outlierDetection.baseEjectionTime",
	"outlierDetection.maxEjectionPercent",
	"outlierDetection.minHealthPercent",
	"outlierDetection.splitExternalLocalOriginErrors",
	"outlierDetection.consecutiveLocalOriginFailures",
	"loadBalancer.simple",
	"loadBalancer.consistentHash.httpHeaderName",
	"loadBalancer.consistentHash.httpQueryParameterName",
	"loadBalancer.consistentHash.useSourceIp",
	"loadBalancer.consistentHash.httpCookie.name", "loadBalancer.consistentHash.httpCookie.path", "loadBalancer.consistentHash.httpCookie.ttl",
	"loadBalancer.consistentHash.ringHash.minimumRingSize",
	"loadBalancer.consistentHash.maglev.tableSize",
	"loadBalancer.consistentHash.minimumRingSize",
	"tls.mode", "tls.sni", "tls.subjectAltNames[]",
	"tls.clientCertificate", "tls.privateKey", "tls.caCertificates", "tls.insecureSkipVerify",
}

func below(prefix string, fields []string) []string {
	var out []string
	for _, f := range fields {
		out = append(out, prefix+f)
	}
	return out
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

// closes tells whether a field restricts something, so that to leave it out
// would open what its author closed. No leniency reaches it.
func closes(kind, path string) bool {
	switch kind {
	case "AuthorizationPolicy", "PeerAuthentication", "Sidecar":
		return true
	case "VirtualService":
		return strings.HasPrefix(path, "http[].match[]")
	case "DestinationRule":
		return strings.Contains(path, "tls")
	}
	return false
}
