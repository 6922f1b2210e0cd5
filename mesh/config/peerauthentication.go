package config

import (
	"fmt"
	"maps"
	"slices"

	securityv1 "istio.io/api/security/v1"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// peerAuthentication says what the workloads of a scope take.
type peerAuthentication struct {
	*object
	labels map[string]string // nil: the whole namespace
	mode   model.PeerMode    // "": inherits
	ports  map[uint32]model.PeerMode
}

func readPeerAuthentication(o *object) (*peerAuthentication, error) {
	spec := o.spec.(*securityv1.PeerAuthentication)
	f := findings{object: o}
	out := &peerAuthentication{object: o, labels: spec.GetSelector().GetMatchLabels(), mode: peerMode(spec.GetMtls())}
	if len(out.labels) == 0 {
		out.labels = nil
	}
	for _, port := range slices.Sorted(maps.Keys(spec.GetPortLevelMtls())) {
		at := fmt.Sprintf("portLevelMtls.%d", port)
		switch {
		case port < 1 || port > 65535:
			f.bad(at, "is not a port")
		case out.labels == nil:
			f.bad(at, "needs a selector: ports differ from workload to workload")
		}
		if out.ports == nil {
			out.ports = map[uint32]model.PeerMode{}
		}
		out.ports[port] = peerMode(spec.GetPortLevelMtls()[port])
	}
	return out, f.errs.Err()
}

// peerMode is "" for UNSET.
func peerMode(in *securityv1.PeerAuthentication_MutualTLS) model.PeerMode {
	if mode := in.GetMode(); mode != securityv1.PeerAuthentication_MutualTLS_UNSET {
		return model.PeerMode(mode.String())
	}
	return ""
}

// scope ranks a policy for a workload: 1 mesh, 2 namespace, 3 workload; 0 is
// none of its business. One with a selector in the root namespace is not for
// the mesh, only for the workloads there.
func (p *peerAuthentication) scope(w *model.Workload, root string) int {
	switch {
	case p.labels != nil && p.namespace == w.Namespace && w.Has(p.labels):
		return 3
	case p.labels == nil && p.namespace == w.Namespace && p.namespace != root:
		return 2
	case p.labels == nil && p.namespace == root:
		return 1
	}
	return 0
}

// peerModeOf composes the policies: mesh, then namespace, then workload, then
// port; what is unset inherits, and of several in one scope the oldest wins
// (pilot/pkg/security/authn policy_applier.go ComposePeerAuthentication).
func (c *Config) peerModeOf(w *model.Workload) model.PeerMode {
	mode := model.PeerPermissive
	for scope := 1; scope <= 3; scope++ {
		p := c.peerPolicy(w, scope)
		if p == nil {
			continue
		}
		if p.mode != "" {
			mode = p.mode
		}
		if port := p.ports[uint32(w.AppPort)]; port != "" {
			mode = port
		}
	}
	return mode
}

// peerPolicy returns the oldest of a scope; the list is in that order.
func (c *Config) peerPolicy(w *model.Workload, scope int) *peerAuthentication {
	for _, p := range c.peerAuthentications {
		if p.scope(w, c.rootNamespace()) == scope {
			return p
		}
	}
	return nil
}
