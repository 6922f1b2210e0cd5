package mapping

import (
	"cmp"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// unnamed stands for a mesh, cluster or namespace that no label names.
const unnamed = "default"

// istioSource returns the caller.
func istioSource(labels Labels) record.Peer {
	return istioPeer(labels, "source_", known(labels, "source_canonical_service"))
}

// istioDestination returns the callee.
func istioDestination(labels Labels) record.Peer {
	service := known(labels, "destination_service_name")
	if isPseudoCluster(service) {
		// Its destination_service is the Host header, which is the caller's to
		// choose: not a name to keep.
		return record.Peer{ID: record.ExternalID(service), Source: record.IDClusterName}
	}
	return istioPeer(labels, "destination_", service)
}

// isPseudoCluster tells the clusters of Istio that stand for no service.
func isPseudoCluster(name string) bool {
	return name == "BlackHoleCluster" || name == "PassthroughCluster" || strings.HasPrefix(name, "InboundPassthroughCluster")
}

// istioPeer names one end by its workload, else by its service, else by what is
// known of its namespace. A destination without a cluster is a service that has
// no host: it is named in the caller's.
func istioPeer(labels Labels, side, service string) record.Peer {
	mesh := cmp.Or(labels.Get("mesh"), unnamed)
	cluster := cmp.Or(known(labels, side+"cluster"), known(labels, "source_cluster"), unnamed)
	namespace := cmp.Or(known(labels, side+"workload_namespace"), known(labels, side+"service_namespace"))
	p := record.Peer{Service: service, Version: known(labels, side+"version"), Source: record.IDPeerMetadata}
	if principal := known(labels, side+"principal"); principal != "" {
		p.Principal, p.Source = principal, record.IDMTLS
	}
	workload := known(labels, side+"workload")
	switch {
	case workload != "":
		p.ID = record.WorkloadID(mesh, cluster, cmp.Or(namespace, unnamed), workload)
	case service != "" && namespace != "":
		p.ID = record.ServiceID(mesh, cluster, namespace, service)
	default:
		p.ID = record.UnknownID(namespace)
		p.Source = record.IDNone
	}
	return p
}
