package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	networkingv1 "istio.io/api/networking/v1"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

var (
	headerName  = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$") // RFC 9110 token
	headerValue = regexp.MustCompile(`^[\t\x20-\x7e\x{80}-\x{10ffff}]+$`)
)

func (r *routeReader) matches(list []*networkingv1.HTTPMatchRequest, at string) []model.Match {
	var out []model.Match
	for i, in := range list {
		out = append(out, r.match(in, fmt.Sprintf("%s[%d]", at, i)))
	}
	return out
}

func (r *routeReader) match(in *networkingv1.HTTPMatchRequest, at string) model.Match {
	r.meshOnly(in.GetGateways(), at+".gateways")
	out := model.Match{
		Path:      r.path(in, at+".uri"),
		Method:    r.text(in.GetMethod(), at+".method"),
		Authority: r.text(in.GetAuthority(), at+".authority"),
		Scheme:    r.text(in.GetScheme(), at+".scheme"),
		Source:    model.Source{Labels: in.GetSourceLabels(), Namespace: in.GetSourceNamespace()},
	}
	for _, name := range slices.Sorted(maps.Keys(in.GetHeaders())) {
		out.Headers = append(out.Headers, r.header(name, in.GetHeaders()[name], false, at+".headers."+name))
	}
	for _, name := range slices.Sorted(maps.Keys(in.GetWithoutHeaders())) {
		out.Headers = append(out.Headers, r.header(name, in.GetWithoutHeaders()[name], true, at+".withoutHeaders."+name))
	}
	slices.SortStableFunc(out.Headers, func(a, b model.HeaderMatch) int { return strings.Compare(a.Name, b.Name) })
	for _, name := range slices.Sorted(maps.Keys(in.GetQueryParams())) {
		q := model.QueryMatch{Name: name}
		if s := r.optionalText(in.GetQueryParams()[name], at+".queryParams."+name); s != nil {
			q.StringMatch = *s
		}
		if name == "" || !headerValue.MatchString(name) {
			r.bad(at+".queryParams", "%q is no name of a parameter", name)
		}
		out.Query = append(out.Query, q)
	}
	return out
}

func (r *routeReader) path(in *networkingv1.HTTPMatchRequest, at string) model.PathMatch {
	uri := in.GetUri()
	out := model.PathMatch{Prefix: uri.GetPrefix(), Exact: uri.GetExact(), Regex: uri.GetRegex()}
	switch {
	case uri == nil:
		return out
	case out.Regex != "":
		r.pattern(out.Regex, at+".regex")
	case !strings.HasPrefix(out.Prefix+out.Exact, "/"):
		r.bad(at, "must have a prefix or an exact value that begins with /, or a regex")
	case !headerValue.MatchString(out.Prefix + out.Exact):
		r.bad(at, "must be without control characters")
	case in.GetIgnoreUriCase():
		out.IgnoreCase = true
	}
	return out
}

// text reads a comparison that must compare something; absent is nil.
func (f *findings) text(in *networkingv1.StringMatch, at string) *model.StringMatch {
	out := f.optionalText(in, at)
	if in != nil && out == nil {
		f.bad(at, "must have an exact value, a prefix or a regex")
	}
	return out
}

// optionalText reads a comparison; nil is one that compares nothing.
func (f *findings) optionalText(in *networkingv1.StringMatch, at string) *model.StringMatch {
	if in.GetMatchType() == nil {
		return nil
	}
	out := &model.StringMatch{Exact: in.GetExact(), Prefix: in.GetPrefix(), Regex: in.GetRegex()}
	switch {
	case out.Regex != "":
		f.pattern(out.Regex, at+".regex")
	case !headerValue.MatchString(out.Exact + out.Prefix):
		f.bad(at, "must have a value, without control characters")
	}
	return out
}

func (r *routeReader) header(name string, in *networkingv1.StringMatch, not bool, at string) model.HeaderMatch {
	if !headerName.MatchString(name) {
		r.bad(at, "%q is no name of a header", name)
	}
	out := model.HeaderMatch{Name: name, Not: not}
	if s := r.optionalText(in, at); s != nil {
		out.Exact, out.Prefix, out.Regex = s.Exact, s.Prefix, s.Regex
	}
	return out
}

// maxPattern bounds an expression; Envoy refuses programs that grow too large.
const maxPattern = 1024

// pattern checks an expression as Envoy's RE2 reads it, which Go's is a port of.
func (f *findings) pattern(text, at string) {
	if len(text) > maxPattern {
		f.bad(at, "is longer than %d bytes", maxPattern)
		return
	}
	if _, err := regexp.Compile(text); err != nil {
		f.bad(at, "%q is no regular expression of RE2: %v", text, err)
	}
}
