package config

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	networkingv1 "istio.io/api/networking/v1"
	securityv1 "istio.io/api/security/v1"
	telemetryv1 "istio.io/api/telemetry/v1"
)

// The API groups of what is read.
const (
	networking = "networking.istio.io"
	security   = "security.istio.io"
	telemetry  = "telemetry.istio.io"
	gatewayAPI = "gateway.networking.k8s.io"
	native     = "plimsoll.dev"
)

// versions are those of a group, which share their types.
var versions = map[string][]string{
	networking: {"v1", "v1beta1", "v1alpha3"},
	security:   {"v1", "v1beta1"},
	telemetry:  {"v1", "v1alpha1"},
	gatewayAPI: {"v1", "v1beta1"},
	native:     {"v1"},
}

// groups of the kinds that are read, and of those that have their place and are
// refused by name.
var groups = map[string]string{
	"VirtualService": networking, "DestinationRule": networking, "ServiceEntry": networking, "WorkloadEntry": networking, "Sidecar": networking,
	"PeerAuthentication": security, "AuthorizationPolicy": security,
	"Telemetry": telemetry,
	"HTTPRoute": gatewayAPI,
	"Mesh":      native, "Workload": native, "Service": native,
}

// newSpec returns an empty spec of Istio's kinds, nil for others.
func newSpec(kind string) proto.Message {
	switch kind {
	case "VirtualService":
		return new(networkingv1.VirtualService)
	case "DestinationRule":
		return new(networkingv1.DestinationRule)
	case "ServiceEntry":
		return new(networkingv1.ServiceEntry)
	case "WorkloadEntry":
		return new(networkingv1.WorkloadEntry)
	case "Sidecar":
		return new(networkingv1.Sidecar)
	case "PeerAuthentication":
		return new(securityv1.PeerAuthentication)
	case "AuthorizationPolicy":
		return new(securityv1.AuthorizationPolicy)
	case "Telemetry":
		return new(telemetryv1.Telemetry)
	}
	return nil
}

// knownVersion tells whether an apiVersion is one of a group's.
func knownVersion(group, apiVersion string) bool {
	of, version, _ := strings.Cut(apiVersion, "/")
	return of == group && slices.Contains(versions[group], version)
}
