package envoyconf

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	runtimev3 "github.com/envoyproxy/go-control-plane/envoy/service/runtime/v3"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// Runtime returns the layer that turns the limits a proxy was started with into
// those of want: one key per difference, and VersionKey, a hash of the rest by
// which the layer can be recognised in the proxy. Both lists hold the workload's
// upstream services in the same order; their clusters must be the same.
func Runtime(started, want []*model.Service) (*runtimev3.Runtime, error) {
	layer := map[string]float64{}
	for i, s := range started {
		for _, cluster := range s.ClusterNames() {
			if err := limitKeys(layer, "circuit_breakers."+cluster+".default.", s.Policy, want[i].Policy); err != nil {
				return nil, fmt.Errorf("rendering limits of %s: %w", s.Host(), err)
			}
		}
	}
	out := &runtimev3.Runtime{Name: RuntimeLayer, Layer: &structpb.Struct{Fields: map[string]*structpb.Value{}}}
	for key, value := range layer {
		out.Layer.Fields[key] = structpb.NewNumberValue(value)
	}
	version, err := layerVersion(layer)
	if err != nil {
		return nil, err
	}
	out.Layer.Fields[VersionKey] = structpb.NewStringValue(version)
	return out, out.ValidateAll()
}

// limitKeys adds the keys of one cluster (Envoy docs, cluster manager runtime).
func limitKeys(layer map[string]float64, prefix string, started, want model.Policy) error {
	limit := func(name string, was, is uint32) {
		if was != is {
			layer[prefix+name] = float64(is)
		}
	}
	limit("max_connections", started.Limits.Connections, want.Limits.Connections)
	limit("max_pending_requests", started.Limits.PendingRequests, want.Limits.PendingRequests)
	limit("max_requests", started.Limits.Requests, want.Limits.Requests)
	limit("max_retries", started.Limits.Retries, want.Limits.Retries)
	switch was, is := started.RetryBudget, want.RetryBudget; {
	case is == nil && was != nil:
		return fmt.Errorf("a retry budget that the proxies started with can be changed, not removed, while they run")
	case is != nil && (was == nil || *was != *is):
		layer[prefix+"retry_budget.budget_percent"] = is.Percent
		layer[prefix+"retry_budget.min_retry_concurrency"] = float64(is.MinConcurrency)
	}
	return nil
}

// layerVersion begins with a letter, so that no reader takes it for a number.
func layerVersion(layer map[string]float64) (string, error) {
	text, err := json.Marshal(layer) // keys sorted
	if err != nil {
		return "", fmt.Errorf("hashing the runtime layer: %w", err)
	}
	sum := sha256.Sum256(text)
	return "v" + hex.EncodeToString(sum[:8]), nil
}
