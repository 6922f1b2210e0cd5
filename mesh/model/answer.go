package model

import "time"

// Redirect sends the caller elsewhere. What is not set stays as it was asked.
type Redirect struct {
	Scheme    string
	Authority string // host, without a port
	Port      uint32 // 0: that of the scheme
	// KeepPort leaves the port of the request, where Port is 0.
	KeepPort bool
	Path     string // replaces the whole path
	// Prefix, where not nil, replaces the prefix that matched.
	Prefix *string
	Code   uint32 // 301, 302, 303, 307 or 308
}

// DirectResponse answers in the destination's place.
type DirectResponse struct {
	Status uint32
	Body   string
}

// Rewrite changes a call on its way. What is not set stays.
type Rewrite struct {
	Authority string
	// Prefix, where not nil, replaces the prefix that matched, or the whole path
	// where the match is exact.
	Prefix *string
	Path   string // replaces the whole path
	Regex  *RegexRewrite
}

// RegexRewrite replaces what matches in the path.
type RegexRewrite struct {
	Pattern      string // RE2
	Substitution string // with \1 for the first group
}

// HeaderChanges are those of the call and of its answer.
type HeaderChanges struct {
	Request, Response HeaderChange
}

// HeaderChange changes headers: first it removes, then it sets, then it adds.
type HeaderChange struct {
	Set    []Header // in place of what is there
	Add    []Header // beside what is there
	Remove []string // names
}

// Header is a name and a value, which stands for itself: signs of Envoy's
// format language in it are text.
type Header struct{ Name, Value string }

// Empty tells whether nothing changes.
func (c HeaderChanges) Empty() bool { return c.Request.empty() && c.Response.empty() }

func (c HeaderChange) empty() bool { return len(c.Set)+len(c.Add)+len(c.Remove) == 0 }

// CORS answers for the application which pages of other origins may call it.
type CORS struct {
	Origins          []StringMatch
	Methods          []string
	AllowHeaders     []string
	ExposeHeaders    []string
	MaxAge           time.Duration // 0: not said
	AllowCredentials bool
	// ForwardUnmatched sends a preflight of another origin to the application,
	// which is Istio's default; else the proxy answers it without CORS headers.
	ForwardUnmatched bool
}

// Fault spoils a share of the calls, on purpose.
type Fault struct {
	Delay *Delay // nil: none
	Abort *Abort // nil: none
}

// Delay holds calls back before they are sent.
type Delay struct {
	Percent float64 // 0..100
	Fixed   time.Duration
}

// Abort answers calls in place of the destination: with an HTTP status or, if
// that is 0, with a gRPC one.
type Abort struct {
	Percent    float64 // 0..100
	HTTPStatus uint32
	GRPCStatus uint32
}
