package slo

import (
	"fmt"
	"strings"
)

// unsupported lists the fields that OpenSLO v1 has and this package does not
// read, with the remedy. "[]" stands for every item of a list.
var unsupported = []struct{ path, remedy string }{
	{"spec.indicatorRef", "write the indicator inline, as spec.indicator"},
	{"spec.indicator.metadata", "leave it out of an inline indicator"},
	{"spec.indicator.spec.thresholdMetric", "use ratioMetric; a latency bound is good.metricSource.spec.latency"},
	{"spec.indicator.spec.ratioMetric.bad", "use good, with the outcomes that are not bad"},
	{"spec.indicator.spec.ratioMetric.raw", "use good and total"},
	{"spec.indicator.spec.ratioMetric.rawType", "use good and total"},
	{"spec.indicator.spec.ratioMetric.good.metricSource.metricSourceRef", "write type: plimsoll"},
	{"spec.indicator.spec.ratioMetric.total.metricSource.metricSourceRef", "write type: plimsoll"},
	{"spec.timeWindow[].calendar", "use a rolling window"},
	{"spec.objectives[].op", "OpenSLO forbids it for a ratio metric"},
	{"spec.objectives[].value", "OpenSLO forbids it for a ratio metric"},
	{"spec.objectives[].timeSliceTarget", "use budgetingMethod Occurrences"},
	{"spec.objectives[].timeSliceWindow", "use budgetingMethod Occurrences"},
	{"spec.objectives[].indicator", "write one SLO for each indicator"},
	{"spec.objectives[].indicatorRef", "write one SLO for each indicator"},
	{"spec.objectives[].compositeWeight", "write one SLO for each indicator"},
	{"spec.alertPolicies", "write burn-rate rows in the annotation " + burnRate},
}

// refuseUnsupported reports every field of the list that the document has.
func (r *reader) refuseUnsupported(in *document) {
	for _, u := range unsupported {
		for _, path := range expand(u.path, max(len(in.Spec.TimeWindow), len(in.Spec.Objectives))) {
			if _, ok := r.doc.Doc(path); ok {
				r.errorf(path, "is not supported yet; %s", u.remedy)
			}
		}
	}
}

// expand replaces the "[]" of a path by [0] to [n-1].
func expand(path string, n int) []string {
	head, tail, list := strings.Cut(path, "[]")
	if !list {
		return []string{path}
	}
	paths := make([]string, n)
	for i := range paths {
		paths[i] = fmt.Sprintf("%s[%d]%s", head, i, tail)
	}
	return paths
}
