package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	securityv1 "istio.io/api/security/v1"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// authorizationPolicy is one policy and the workloads that it is for.
type authorizationPolicy struct {
	*object
	labels map[string]string // none: the whole namespace, or mesh
	deny   bool
	policy model.AuthorizationPolicy
}

func readAuthorizationPolicy(o *object) (*authorizationPolicy, error) {
	spec := o.spec.(*securityv1.AuthorizationPolicy)
	r := accessReader{findings: findings{object: o}}
	out := &authorizationPolicy{object: o, labels: spec.GetSelector().GetMatchLabels(), policy: model.AuthorizationPolicy{Name: o.name + "." + o.namespace}}
	switch spec.GetAction() {
	case securityv1.AuthorizationPolicy_ALLOW:
	case securityv1.AuthorizationPolicy_DENY:
		out.deny = true
	default:
		r.bad("action", "%s is %s; it knows ALLOW and DENY", spec.GetAction(), unsupported)
	}
	for i, rule := range spec.GetRules() {
		out.policy.Rules = append(out.policy.Rules, r.rule(rule, fmt.Sprintf("rules[%d]", i)))
	}
	return out, r.errs.Err()
}

// covers tells whether the policy is for a workload: those of the root
// namespace are for all namespaces.
func (p *authorizationPolicy) covers(w *model.Workload, root string) bool {
	return (p.namespace == w.Namespace || p.namespace == root) && w.Has(p.labels)
}

func (c *Config) authorizationOf(w *model.Workload) model.Authorization {
	var out model.Authorization
	for _, p := range c.authorizationPolicies {
		switch {
		case !p.covers(w, c.rootNamespace()):
		case p.deny:
			out.Deny = append(out.Deny, p.policy)
		default:
			out.Allow = append(out.Allow, p.policy)
		}
	}
	return out
}

// accessReader turns rules into the model's.
type accessReader struct{ findings }

func (r *accessReader) rule(in *securityv1.Rule, at string) model.AuthorizationRule {
	var out model.AuthorizationRule
	for i, from := range in.GetFrom() {
		out.From = append(out.From, r.source(from.GetSource(), fmt.Sprintf("%s.from[%d].source", at, i)))
	}
	for i, to := range in.GetTo() {
		out.To = append(out.To, r.operation(to.GetOperation(), fmt.Sprintf("%s.to[%d].operation", at, i)))
	}
	return out
}

func (r *accessReader) source(in *securityv1.Source, at string) model.AuthorizationSource {
	out := model.AuthorizationSource{
		Principals: in.GetPrincipals(), NotPrincipals: in.GetNotPrincipals(),
		Namespaces: in.GetNamespaces(), NotNamespaces: in.GetNotNamespaces(),
		IPBlocks: in.GetIpBlocks(), NotIPBlocks: in.GetNotIpBlocks(),
	}
	r.texts(out.Principals, at+".principals")
	r.texts(out.NotPrincipals, at+".notPrincipals")
	r.texts(out.Namespaces, at+".namespaces")
	r.texts(out.NotNamespaces, at+".notNamespaces")
	r.blocks(out.IPBlocks, at+".ipBlocks")
	r.blocks(out.NotIPBlocks, at+".notIpBlocks")
	if n := len(out.Principals) + len(out.NotPrincipals) + len(out.Namespaces) + len(out.NotNamespaces) + len(out.IPBlocks) + len(out.NotIPBlocks); n == 0 {
		r.bad(at, "must name something")
	}
	return out
}

func (r *accessReader) operation(in *securityv1.Operation, at string) model.AuthorizationOperation {
	out := model.AuthorizationOperation{
		Hosts: in.GetHosts(), NotHosts: in.GetNotHosts(), Methods: in.GetMethods(), NotMethods: in.GetNotMethods(),
		Paths: in.GetPaths(), NotPaths: in.GetNotPaths(),
		Ports: r.ports(in.GetPorts(), at+".ports"), NotPorts: r.ports(in.GetNotPorts(), at+".notPorts"),
	}
	n := len(in.GetPorts()) + len(in.GetNotPorts())
	for _, list := range []struct {
		at     string
		values []string
	}{
		{"hosts", out.Hosts},
		{"notHosts", out.NotHosts},
		{"methods", out.Methods},
		{"notMethods", out.NotMethods},
		{"paths", out.Paths},
		{"notPaths", out.NotPaths},
	} {
		r.texts(list.values, at+"."+list.at)
		n += len(list.values)
	}
	if n == 0 {
		r.bad(at, "must name something")
	}
	return out
}

// texts refuses patterns that Istio would take as something else than they look
// like: a star counts at one end only, and a path template is another language.
func (r *accessReader) texts(list []string, at string) {
	for i, text := range list {
		here := fmt.Sprintf("%s[%d]", at, i)
		switch inner := strings.TrimSuffix(text, "*"); {
		case text == "" || !headerValue.MatchString(text):
			r.bad(here, "must be text without control characters")
		case strings.HasPrefix(text, "spiffe://"):
			r.bad(here, "write it without spiffe://")
		case strings.ContainsAny(text, "{}"):
			r.bad(here, "path templates are %s", unsupported)
		case strings.Contains(strings.TrimPrefix(inner, "*"), "*") || strings.HasPrefix(text, "*") && text != "*" && inner != text:
			r.bad(here, "%q: * may stand at the beginning or at the end, once", text)
		}
	}
}

func (r *accessReader) ports(list []string, at string) []uint32 {
	var out []uint32
	for i, text := range list {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil || port == 0 {
			r.bad(fmt.Sprintf("%s[%d]", at, i), "%q is not a port", text)
		}
		out = append(out, uint32(port))
	}
	return out
}

func (r *accessReader) blocks(list []string, at string) {
	for i, text := range list {
		_, blockErr := netip.ParsePrefix(text)
		if _, err := netip.ParseAddr(text); err != nil && blockErr != nil {
			r.bad(fmt.Sprintf("%s[%d]", at, i), "%q is neither an IP nor a block such as 10.0.0.0/8", text)
		}
	}
}
