package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	networkingv1 "istio.io/api/networking/v1"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// redirectCodes are those that Envoy can send; Istio's default is 301.
var redirectCodes = []uint32{301, 302, 303, 307, 308}

func (r *routeReader) redirect(in *networkingv1.HTTPRedirect, at string) *model.Redirect {
	if in == nil {
		return nil
	}
	out := &model.Redirect{
		Scheme: in.GetScheme(), Authority: in.GetAuthority(), Port: in.GetPort(),
		KeepPort: in.GetDerivePort() == networkingv1.HTTPRedirect_FROM_REQUEST_PORT && hasDerivedPort(in),
		Path:     in.GetUri(), Code: in.GetRedirectCode(),
	}
	if out.Code == 0 {
		out.Code = 301
	}
	if in.GetPrefixRewrite() != "" {
		prefix := in.GetPrefixRewrite()
		out.Prefix = &prefix
	}
	switch {
	case !slices.Contains(redirectCodes, out.Code):
		r.bad(at+".redirectCode", "%d is none of %v", out.Code, redirectCodes)
	case out.Path != "" && out.Prefix != nil:
		r.bad(at+".prefixRewrite", "excludes uri")
	case out.Scheme != "" && out.Scheme != "http" && out.Scheme != "https":
		r.bad(at+".scheme", "%q is neither http nor https", out.Scheme)
	case out.Port > 65535:
		r.bad(at+".port", "%d is not a port", out.Port)
	}
	r.onWire(out.Path, at+".uri")
	r.onWire(in.GetPrefixRewrite(), at+".prefixRewrite")
	r.onWire(out.Authority, at+".authority")
	return out
}

func hasDerivedPort(in *networkingv1.HTTPRedirect) bool {
	_, ok := in.GetRedirectPort().(*networkingv1.HTTPRedirect_DerivePort)
	return ok
}

// maxBody is what Envoy takes as the body of a direct response.
const maxBody = 4096

func (r *routeReader) direct(in *networkingv1.HTTPDirectResponse, at string) *model.DirectResponse {
	if in == nil {
		return nil
	}
	out := &model.DirectResponse{Status: in.GetStatus(), Body: in.GetBody().GetString_()}
	if out.Status < 200 || out.Status > 599 {
		r.bad(at+".status", "%d is not between 200 and 599", out.Status)
	}
	if len(out.Body) > maxBody {
		r.bad(at+".body.string", "is longer than %d bytes", maxBody)
	}
	return out
}

func (r *routeReader) rewrite(in *networkingv1.HTTPRewrite, at string) *model.Rewrite {
	if in == nil {
		return nil
	}
	out := &model.Rewrite{Authority: in.GetAuthority()}
	if uri := in.GetUri(); uri != "" {
		out.Prefix = &uri
		if !strings.HasPrefix(uri, "/") {
			r.bad(at+".uri", "must begin with /")
		}
	}
	if regex := in.GetUriRegexRewrite(); regex != nil {
		out.Regex = &model.RegexRewrite{Pattern: regex.GetMatch(), Substitution: regex.GetRewrite()}
		if regex.GetMatch() == "" {
			r.bad(at+".uriRegexRewrite.match", "must be set")
		}
		r.pattern(regex.GetMatch(), at+".uriRegexRewrite.match")
		r.onWire(regex.GetRewrite(), at+".uriRegexRewrite.rewrite")
		if out.Prefix != nil {
			r.bad(at+".uriRegexRewrite", "excludes uri")
		}
	}
	if out.Authority == "" && out.Prefix == nil && out.Regex == nil {
		r.bad(at, "must have uri, authority or uriRegexRewrite")
	}
	r.onWire(in.GetUri(), at+".uri")
	r.onWire(out.Authority, at+".authority")
	return out
}

// onWire refuses what cannot stand in a header; "" is not set.
func (f *findings) onWire(text, at string) {
	if text != "" && !headerValue.MatchString(text) {
		f.bad(at, "must be without control characters")
	}
}

func (r *routeReader) headers(in *networkingv1.Headers, at string) model.HeaderChanges {
	return model.HeaderChanges{
		Request:  r.headerChange(in.GetRequest(), at+".request"),
		Response: r.headerChange(in.GetResponse(), at+".response"),
	}
}

func (r *routeReader) headerChange(in *networkingv1.Headers_HeaderOperations, at string) model.HeaderChange {
	out := model.HeaderChange{
		Set: r.headerList(in.GetSet(), at+".set"), Add: r.headerList(in.GetAdd(), at+".add"), Remove: in.GetRemove(),
	}
	for i, name := range in.GetRemove() {
		r.changeable(name, fmt.Sprintf("%s.remove[%d]", at, i))
	}
	return out
}

func (r *routeReader) headerList(in map[string]string, at string) []model.Header {
	var out []model.Header
	for _, name := range slices.Sorted(maps.Keys(in)) {
		r.changeable(name, at+"."+name)
		r.onWire(in[name], at+"."+name)
		out = append(out, model.Header{Name: name, Value: in[name]})
	}
	return out
}

// reserved are the headers by which proxies of the mesh speak to each other:
// a route that changed them would forge what telemetry believes.
var reserved = []string{"x-mesh-call", "x-mesh-peer"}

// changeable refuses headers that Envoy does not let a route change.
func (r *routeReader) changeable(name, at string) {
	lower := strings.ToLower(name)
	switch {
	case !headerName.MatchString(name):
		r.bad(at, "%q is no name of a header", name)
	case lower == "host":
		r.bad(at, "write rewrite.authority to change the host")
	case slices.Contains(reserved, lower):
		r.bad(at, "%s belongs to the mesh", name)
	}
}
