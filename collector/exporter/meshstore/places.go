package meshstore

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/mapping"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// place is where a data point belongs.
type place struct {
	mapping.Place
	source string
}

// places finds where points belong, in the mappings that scrapes are read with.
type places []mapping.Mapping

func newPlaces() (all places) {
	for _, source := range mapping.Sources() {
		if m, ok := mapping.For(source); ok {
			all = append(all, m)
		}
	}
	return all
}

// metricName is the name of a metric as it came, and as mappings know it. They
// know the names that Prometheus has: OTLP's have dots where it has underscores,
// Envoy's sink leaves the prefix "envoy" away, and Istio's filter has one of its
// own.
type metricName struct {
	sent, envoy, mesh string
}

func nameOf(sent string) metricName {
	exposed := strings.ReplaceAll(sent, ".", "_")
	n := metricName{sent: sent, envoy: exposed, mesh: strings.TrimPrefix(exposed, "istiocustom_")}
	if !strings.HasPrefix(exposed, "envoy_") {
		n.envoy = "envoy_" + exposed
	}
	return n
}

// of finds the place of a point.
func (all places) of(n *metricName, attrs pcommon.Map, resource *names) (place, mapping.Verdict) {
	for i := range all {
		isEnvoy, name := all[i].Source == envoySource, n.mesh
		if isEnvoy {
			name = n.envoy
		}
		p, verdict := all[i].Map(name, labels{attrs, resource})
		if verdict == mapping.Unmapped {
			continue
		}
		if isEnvoy {
			p.Stat.Object = dotted(p.Stat, n.sent, attrs)
		}
		return place{p, all[i].Source}, verdict
	}
	return place{}, mapping.Unmapped
}

// envoySource is the mapping of Envoy's own statistics.
const envoySource = "envoy"

// clusterTag names the cluster of a statistic. Envoy's expression for it ends at
// the first dot: "outbound|80||a.shop" arrives as the tag "outbound|80||a" and
// the name "cluster.shop.upstream_rq_retry".
const clusterTag = "envoy.cluster_name"

// dotted returns the object of a statistic, with the dots in the part of a
// cluster's name that is in the metric's, where Prometheus lost them.
func dotted(s mapping.Stat, name string, attrs pcommon.Map) string {
	tag, ok := attrs.Get(clusterTag)
	if s.Scope != record.ScopeCluster || !ok {
		return s.Object
	}
	rest, ok := strings.CutPrefix(s.Object, tag.AsString()+".")
	_, tail, _ := strings.Cut(strings.TrimPrefix(name, "envoy."), ".")
	if !ok || len(rest) > len(tail) {
		return s.Object
	}
	return tag.AsString() + "." + tail[:len(rest)]
}

// isEnvoys tells whether a point that is not kept is at least a statistic of
// Envoy: by a tag.
func isEnvoys(attrs pcommon.Map) bool {
	for key := range attrs.All() {
		if strings.HasPrefix(key, "envoy.") {
			return true
		}
	}
	return false
}

// labels are the attributes of a data point by the names that Prometheus has.
type labels struct {
	attrs    pcommon.Map
	resource *names
}

// Get returns an attribute as text, "" if it is missing. Label "mesh" is the
// resource's to tell, as it is that of a scraped target.
func (l labels) Get(name string) string {
	if name == "mesh" {
		return l.resource[meshPart]
	}
	for key, value := range l.attrs.All() {
		if sameLabel(key, name) {
			return value.AsString()
		}
	}
	return ""
}

// sameLabel compares the name of an attribute with one in which dots became
// underscores.
func sameLabel(key, name string) bool {
	if len(key) != len(name) {
		return false
	}
	for i := range len(key) {
		if key[i] != name[i] && (key[i] != '.' || name[i] != '_') {
			return false
		}
	}
	return true
}
