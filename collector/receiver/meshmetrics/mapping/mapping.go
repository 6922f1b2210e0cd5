package mapping

// Mapping is what one kind of mesh calls things.
type Mapping struct {
	Source string // as in record.ProxyStat and record.EdgeSample
	// Map finds the place of a series. It is pure, and safe for any input.
	Map func(name string, labels Labels) (Place, Verdict)
}

// all lists the mappings that there are.
func all() []Mapping {
	return []Mapping{
		{Source: "envoy", Map: envoy},
		{Source: "istio", Map: istio},
	}
}

// For returns the mapping of a source.
func For(source string) (Mapping, bool) {
	for _, m := range all() {
		if m.Source == source {
			return m, true
		}
	}
	return Mapping{}, false
}

// Sources lists the sources that have a mapping.
func Sources() []string {
	var names []string
	for _, m := range all() {
		names = append(names, m.Source)
	}
	return names
}
