package config

import (
	"fmt"
	"strings"

	networkingv1 "istio.io/api/networking/v1"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// sidecar says which services the workloads of a scope know.
type sidecar struct {
	*object
	labels map[string]string // none: the whole namespace, or mesh
	egress []model.EgressHost
}

func readSidecar(o *object) (*sidecar, error) {
	spec := o.spec.(*networkingv1.Sidecar)
	f := findings{object: o}
	out := &sidecar{object: o, labels: spec.GetWorkloadSelector().GetLabels()}
	if len(spec.GetEgress()) == 0 {
		f.bad("egress", "must name hosts; without them a Sidecar does nothing here")
	}
	for i, e := range spec.GetEgress() {
		for j, host := range e.GetHosts() {
			namespace, name, ok := strings.Cut(host, "/")
			at := fmt.Sprintf("egress[%d].hosts[%d]", i, j)
			if !ok || namespace == "" || name == "" {
				f.bad(at, "%q is not of the form namespace/host", host)
				continue
			}
			if namespace == "~" {
				continue // nothing
			}
			if namespace == "." {
				namespace = o.namespace
			}
			out.egress = append(out.egress, egressHost(&f, namespace, name, at))
		}
	}
	return out, f.errs.Err()
}

// egressHost reads a host of the mesh in any of its forms, an external one, or
// a star.
func egressHost(f *findings, namespace, name, at string) model.EgressHost {
	if name == "*" {
		return model.EgressHost{Namespace: namespace, Name: name}
	}
	if strings.Contains(name, "*") || namespace != "*" && !label.MatchString(namespace) {
		f.bad(at, "%q is %s; write a namespace or *, and a host or *", namespace+"/"+name, unsupported)
	}
	short, rest, dotted := strings.Cut(name, ".")
	if dotted {
		of := strings.TrimSuffix(strings.TrimSuffix(rest, ".cluster.local"), ".svc")
		if strings.HasSuffix(rest, ".svc.cluster.local") || of == namespace {
			name, namespace = short, of
		}
	}
	return model.EgressHost{Namespace: namespace, Name: name}
}

// sidecarOf returns the one that holds for a workload: with a selector before
// that of the namespace before that of the root namespace.
func (c *Config) sidecarOf(w *model.Workload) *sidecar {
	return narrowest(c.sidecars, func(s *sidecar) int { return scope(s.object, s.labels, w, c.rootNamespace()) })
}

// scope ranks an object with a selector for a workload: 3 its own, 2 of its
// namespace, 1 of the mesh, 0 none of its business.
func scope(o *object, labels map[string]string, w *model.Workload, root string) int {
	switch {
	case len(labels) > 0 && o.namespace == w.Namespace && w.Has(labels):
		return 3
	case len(labels) > 0:
		return 0
	case o.namespace == w.Namespace && o.namespace != root:
		return 2
	case o.namespace == root:
		return 1
	}
	return 0
}

// narrowest returns the first of the highest rank above 0, the zero value if
// none has one.
func narrowest[T any](list []T, rank func(T) int) T {
	var best T
	highest := 0
	for _, v := range list {
		if n := rank(v); n > highest {
			best, highest = v, n
		}
	}
	return best
}
