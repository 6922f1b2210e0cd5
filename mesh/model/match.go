package model

// Match is a set of conditions that must all hold.
type Match struct {
	Path      PathMatch
	Headers   []HeaderMatch // sorted by name; of one name in the order required, forbidden
	Query     []QueryMatch  // sorted by name
	Method    *StringMatch  // nil: any
	Authority *StringMatch  // the Host header, :authority in HTTP/2; nil: any
	Scheme    *StringMatch  // nil: any
	Source    Source
}

// PathMatch compares the path without its query. The zero value takes all.
type PathMatch struct {
	Prefix string // of the text: "/a" takes "/ab", as Istio's does
	Exact  string // wins over the others
	// Segments is a prefix of whole path elements: "/a" takes "/a" and "/a/b"
	// but not "/ab", as the Gateway API's PathPrefix does.
	Segments   string
	Regex      string // RE2, of the whole path
	IgnoreCase bool   // for Prefix and Exact
}

// StringMatch compares a text in the one way that is set.
type StringMatch struct {
	Exact, Prefix string
	Regex         string // RE2, of the whole text
}

// HeaderMatch compares the value of a header. Without a value to compare, the
// header must be there.
type HeaderMatch struct {
	Name, Exact string
	Prefix      string
	Regex       string // RE2, of the whole value
	Not         bool   // the comparison must fail; a header that is missing fails it
}

// QueryMatch compares a parameter of the query. Without a value to compare, the
// parameter must be there.
type QueryMatch struct {
	Name string
	StringMatch
}

// Source restricts a match to calls that leave certain workloads. A proxy
// knows its own workload, so this is decided when its routes are made.
type Source struct {
	Labels    map[string]string // all of which the caller carries
	Namespace string            // "": any
}

// Takes tells whether the calls of a workload can match.
func (s Source) Takes(w *Workload) bool {
	return (s.Namespace == "" || s.Namespace == w.Namespace) && w.matches(s.Labels)
}

// RoutesOf returns the routes of the service as one caller's proxy needs them:
// without the matches that speak of other callers, and without the routes that
// have none left.
func (s *Service) RoutesOf(w *Workload) []*Route {
	var out []*Route
	for _, r := range s.Routes {
		if mine := r.of(w); mine != nil {
			out = append(out, mine)
		}
	}
	return out
}

// of returns the route for one caller, nil if it can match none of its calls.
func (r *Route) of(w *Workload) *Route {
	var mine []Match
	for _, m := range r.Matches {
		if m.Source.Takes(w) {
			mine = append(mine, m)
		}
	}
	switch len(mine) {
	case len(r.Matches):
		return r
	case 0:
		return nil
	}
	out := *r
	out.Matches = mine
	return &out
}
