package config

import (
	"fmt"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// routeFilter is one of an HTTPRoute's filters; its type says which field holds.
type routeFilter struct {
	Type                   string          `yaml:"type"`
	RequestHeaderModifier  *headerModifier `yaml:"requestHeaderModifier"`
	ResponseHeaderModifier *headerModifier `yaml:"responseHeaderModifier"`
	RequestMirror          *requestMirror  `yaml:"requestMirror"`
	RequestRedirect        *routeRedirect  `yaml:"requestRedirect"`
	URLRewrite             *urlRewrite     `yaml:"urlRewrite"`
	CORS                   any             `yaml:"cors"`
	ExtensionRef           any             `yaml:"extensionRef"`
}

type headerModifier struct {
	Set    []namedValue `yaml:"set"`
	Add    []namedValue `yaml:"add"`
	Remove []string     `yaml:"remove"`
}

type requestMirror struct {
	BackendRef backendRef `yaml:"backendRef"`
	Percent    *float64   `yaml:"percent"`
	Fraction   any        `yaml:"fraction"`
}

type routeRedirect struct {
	Scheme     string       `yaml:"scheme"`
	Hostname   string       `yaml:"hostname"`
	Path       *pathReplace `yaml:"path"`
	Port       uint32       `yaml:"port"`
	StatusCode uint32       `yaml:"statusCode"`
}

type urlRewrite struct {
	Hostname string       `yaml:"hostname"`
	Path     *pathReplace `yaml:"path"`
}

type pathReplace struct {
	Type               string  `yaml:"type"`
	ReplaceFullPath    *string `yaml:"replaceFullPath"`
	ReplacePrefixMatch *string `yaml:"replacePrefixMatch"`
}

func (r *gatewayReader) filters(list []routeFilter, to *model.Route, host hostName, at string) {
	for i, f := range list {
		here := fmt.Sprintf("%s.filters[%d]", at, i)
		switch {
		case f.Type == "RequestHeaderModifier" && f.RequestHeaderModifier != nil:
			to.Headers.Request = r.modifier(f.RequestHeaderModifier, here+".requestHeaderModifier")
		case f.Type == "ResponseHeaderModifier" && f.ResponseHeaderModifier != nil:
			to.Headers.Response = r.modifier(f.ResponseHeaderModifier, here+".responseHeaderModifier")
		case f.Type == "RequestMirror" && f.RequestMirror != nil:
			to.Mirrors = append(to.Mirrors, r.mirrorOf(f.RequestMirror, host, here+".requestMirror")...)
		case f.Type == "RequestRedirect" && f.RequestRedirect != nil:
			to.Redirect = r.redirectOf(f.RequestRedirect, here+".requestRedirect")
		case f.Type == "URLRewrite" && f.URLRewrite != nil:
			to.Rewrite = r.rewriteOf(f.URLRewrite, here+".urlRewrite")
		case f.Type == "ExtensionRef" || f.Type == "CORS":
			r.bad(here+".type", "%s is %s", f.Type, unsupported)
		default:
			r.bad(here+".type", "%q is no filter, or its settings are missing", f.Type)
		}
	}
	if to.Redirect != nil && to.Rewrite != nil {
		r.bad(at+".filters", "RequestRedirect and URLRewrite exclude each other")
	}
}

func (r *gatewayReader) modifier(in *headerModifier, at string) model.HeaderChange {
	out := model.HeaderChange{Remove: in.Remove}
	list := func(values []namedValue, at string) []model.Header {
		var headers []model.Header
		for i, v := range values {
			r.changeable(v.Name, fmt.Sprintf("%s[%d].name", at, i))
			r.onWire(v.Value, fmt.Sprintf("%s[%d].value", at, i))
			headers = append(headers, model.Header{Name: v.Name, Value: v.Value})
		}
		return headers
	}
	out.Set, out.Add = list(in.Set, at+".set"), list(in.Add, at+".add")
	for i, name := range in.Remove {
		r.changeable(name, fmt.Sprintf("%s.remove[%d]", at, i))
	}
	return out
}

func (r *gatewayReader) mirrorOf(in *requestMirror, host hostName, at string) []model.Mirror {
	m := model.Mirror{Percent: 100}
	if in.Percent != nil {
		m.Percent = r.percent(*in.Percent, at+".percent")
	}
	if in.Fraction != nil {
		r.bad(at+".fraction", unsupported+"; write percent")
	}
	if to, ok := r.backend(in.BackendRef, at+".backendRef"); ok && to != host {
		m.To.Service, m.To.Namespace = to.name, to.namespace
	}
	if m.Percent == 0 {
		return nil
	}
	return []model.Mirror{m}
}

func (r *gatewayReader) redirectOf(in *routeRedirect, at string) *model.Redirect {
	out := &model.Redirect{Scheme: in.Scheme, Authority: in.Hostname, Port: in.Port, Code: in.StatusCode}
	if out.Code == 0 {
		out.Code = 302
	}
	out.KeepPort = out.Port == 0 && out.Scheme == ""
	out.Path, out.Prefix = r.replace(in.Path, at+".path")
	switch {
	case out.Code != 301 && out.Code != 302 && out.Code != 303 && out.Code != 307 && out.Code != 308:
		r.bad(at+".statusCode", "%d is none of %v", out.Code, redirectCodes)
	case out.Scheme != "" && out.Scheme != "http" && out.Scheme != "https":
		r.bad(at+".scheme", "%q is neither http nor https", out.Scheme)
	case out.Port > 65535:
		r.bad(at+".port", "%d is not a port", out.Port)
	}
	r.onWire(out.Authority, at+".hostname")
	return out
}

func (r *gatewayReader) rewriteOf(in *urlRewrite, at string) *model.Rewrite {
	out := &model.Rewrite{Authority: in.Hostname}
	out.Path, out.Prefix = r.replace(in.Path, at+".path")
	r.onWire(out.Authority, at+".hostname")
	if out.Authority == "" && out.Path == "" && out.Prefix == nil {
		r.bad(at, "must have a hostname or a path")
	}
	return out
}

// replace returns the whole path, or what its prefix becomes.
func (r *gatewayReader) replace(in *pathReplace, at string) (path string, prefix *string) {
	if in == nil {
		return "", nil
	}
	switch {
	case in.Type == "ReplaceFullPath" && in.ReplaceFullPath != nil && strings.HasPrefix(*in.ReplaceFullPath, "/"):
		r.onWire(*in.ReplaceFullPath, at+".replaceFullPath")
		return *in.ReplaceFullPath, nil
	case in.Type == "ReplacePrefixMatch" && in.ReplacePrefixMatch != nil:
		r.onWire(*in.ReplacePrefixMatch, at+".replacePrefixMatch")
		return "", in.ReplacePrefixMatch
	}
	r.bad(at, "must be ReplaceFullPath with a path, or ReplacePrefixMatch with a prefix")
	return "", nil
}
