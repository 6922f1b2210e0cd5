package config

import (
	"fmt"
	"regexp"
	"strings"
)

// label is what Kubernetes takes as a name (RFC 1123).
var label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// dnsName is the name of an external host.
var dnsName = regexp.MustCompile(`^([a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// noLabel is what is wrong with a subset's name, which becomes a part of the
// name of a cluster.
const noLabel = "is no name of a subset; write lower-case letters, digits and -, at most 63"

// hostName is a service's full name. An external one has its DNS name and the
// namespace of its ServiceEntry.
type hostName struct{ name, namespace string }

func (h hostName) String() string { return h.name + "." + h.namespace }

// parseHost resolves a host as Istio does: a short name is one of the object's
// own namespace. The forms "name.namespace", "name.namespace.svc" and
// "name.namespace.svc.cluster.local" name another.
func parseHost(host, namespace string) (hostName, error) {
	name, rest, dotted := strings.Cut(host, ".")
	if dotted {
		namespace = strings.TrimSuffix(strings.TrimSuffix(rest, ".cluster.local"), ".svc")
	}
	if strings.Contains(host, "*") {
		return hostName{}, fmt.Errorf("%q: wildcards are %s", host, unsupported)
	}
	if !label.MatchString(name) || !label.MatchString(namespace) {
		return hostName{}, fmt.Errorf("%q is no service of the mesh; write name, name.namespace or name.namespace.svc.cluster.local, or give it a ServiceEntry", host)
	}
	return hostName{name, namespace}, nil
}

// hosts are the names that ServiceEntries define.
type hosts map[string]hostName

// parse resolves a host, external ones first: "example.com" could be a service
// of a namespace too.
func (h hosts) parse(host, namespace string) (hostName, error) {
	if external, ok := h[host]; ok {
		return external, nil
	}
	return parseHost(host, namespace)
}
