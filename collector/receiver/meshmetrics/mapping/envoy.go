package mapping

import (
	"strings"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// adminObject is the stat prefix of Envoy's own admin interface: what it counts
// is mostly our scrapes.
const adminObject = "admin"

// envoy maps Envoy's own statistics, as /stats/prometheus shows them. It takes
// the tag names of Envoy, and those of Istio, which lack "envoy_", and the
// counter suffix "_total" that OpenMetrics and OTLP exporters add.
func envoy(name string, labels Labels) (Place, Verdict) {
	name = strings.TrimPrefix(name, "envoy_")
	for i := range families {
		if rest, ok := strings.CutPrefix(name, families[i].prefix); ok {
			return families[i].place(rest, labels)
		}
	}
	return Place{}, Unmapped
}

// place finds a name, without the family's prefix, in its table.
func (f *family) place(name string, labels Labels) (Place, Verdict) {
	if f.repeats(name) {
		return Place{}, Repeat
	}
	middle, entry, ok := f.find(name)
	if !ok {
		return Place{}, Unmapped
	}
	if entry.parted && repeatsPart(middle) {
		return Place{}, Repeat
	}
	object, ok := f.objectOf(middle, labels)
	if !ok {
		return Place{}, Unmapped
	}
	if f.scope == record.ScopeHTTP && object == adminObject {
		return Place{}, Repeat
	}
	stat := Stat{Scope: f.scope, Object: object, Name: entry.name, Kind: entry.kind, Pace: entry.pace}
	if entry.tagged != "" {
		code := get(labels, entry.tagged)
		if !isCode(code) {
			return Place{}, Unmapped
		}
		stat.Name = strings.Replace(entry.name, "*", code, 1)
	}
	return Place{Stat: stat}, Mapped
}

// find looks a name up, as it is and without "_total". What stands before the
// longest name that the table has is the rest of the object: Envoy's default
// tags end a cluster's name at its first dot, and leave the rest in the metric's
// name, as in envoy_cluster_shop_upstream_rq_total{envoy_cluster_name="ratings"}.
func (f *family) find(name string) (middle string, e entry, ok bool) {
	for _, name := range []string{name, strings.TrimSuffix(name, "_total")} {
		if e, ok := f.table[name]; ok {
			return "", e, true
		}
		for i := 0; f.splits && i < len(name); i++ {
			if name[i] != '_' {
				continue
			}
			if e, ok := f.table[name[i+1:]]; ok {
				return name[:i], e, true
			}
		}
	}
	return "", entry{}, false
}

// repeats tells whether all names of this kind repeat others.
func (f *family) repeats(name string) bool {
	for _, prefix := range f.repeated {
		if strings.HasPrefix(name, prefix) || f.splits && strings.Contains(name, "_"+prefix) {
			return true
		}
	}
	return false
}

// repeatsPart tells from what stands before a name that Envoy counts in parts
// whether it is a part of what the plain name counts: by origin (external_,
// internal_, canary_), by zone, or the tries alone that were retried.
func repeatsPart(middle string) bool {
	last := middle[strings.LastIndexByte(middle, '_')+1:]
	switch last {
	case "external", "internal", "canary", "retry":
		return true
	}
	return strings.HasPrefix(middle, "zone_") || strings.Contains(middle, "_zone_")
}

// objectOf returns what the family's tag names, and behind a dot the rest that
// was left in the metric's name, in which "_" may stand for any of ". - _".
func (f *family) objectOf(middle string, labels Labels) (string, bool) {
	object := f.object
	if f.tag != "" {
		object = get(labels, f.tag)
	}
	switch {
	case f.tag != "" && object == "":
		return "", false
	case middle == "":
		return object, true
	case object == "":
		return middle, true
	}
	return object + "." + middle, true
}

// get returns a tag under Envoy's name for it, else under Istio's.
func get(labels Labels, tag string) string {
	if v := labels.Get("envoy_" + tag); v != "" {
		return v
	}
	return labels.Get(tag)
}

// isCode tells whether a tag holds a status ("503") or the digit of its class
// ("5"): nothing else may become part of a name.
func isCode(code string) bool {
	if len(code) != 1 && len(code) != 3 {
		return false
	}
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			return false
		}
	}
	return true
}
