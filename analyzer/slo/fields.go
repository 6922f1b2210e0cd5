package slo

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
	"github.com/plimsoll-mesh/plimsoll/record"
)

const ratioPath = "spec.indicator.spec.ratioMetric"

// indicator reads the ratio metric. Good and total must speak of the same
// requests: total is all of them, good those with a good outcome in time.
func (r *reader) indicator(m *ratioMetric) Indicator {
	if m == nil || m.Good == nil || m.Total == nil {
		r.errorf(ratioPath, "needs counter: true, good and total")
		return Indicator{}
	}
	if !m.Counter {
		r.errorf(ratioPath+".counter", "must be true: requests are counted, not gauged")
	}
	good := r.source(ratioPath+".good", m.Good)
	total := r.source(ratioPath+".total", m.Total)
	r.sameRequests(good, total)
	in := Indicator{Service: good.Service, Namespace: good.Namespace, Route: good.Route}
	in.Good = r.outcomes(ratioPath+".good.metricSource.spec.outcomes", good.Outcomes)
	in.Latency = r.latency(ratioPath+".good.metricSource.spec.latency", good.Latency)
	if in.Latency > 0 && !slices.Equal(in.Good, defaultGood()) {
		r.errorf(ratioPath+".good.metricSource.spec.outcomes", "with a latency bound only [ok, client_error] is supported yet: latency bins keep no finer split")
	}
	return in
}

func (r *reader) source(path string, m *metric) sourceSpec {
	if t := m.MetricSource.Type; t != "plimsoll" {
		r.errorf(path+".metricSource.type", "%q is not supported; write plimsoll", t)
	}
	if m.MetricSource.Spec.Service == "" {
		r.errorf(path+".metricSource.spec.service", "is missing: the service whose requests are counted")
	}
	return m.MetricSource.Spec
}

func (r *reader) sameRequests(good, total sourceSpec) {
	path := ratioPath + ".total.metricSource.spec."
	for _, f := range []struct{ name, good, total string }{
		{"service", good.Service, total.Service},
		{"namespace", good.Namespace, total.Namespace},
		{"route", good.Route, total.Route},
	} {
		if f.good != f.total {
			r.errorf(path+f.name, "%q differs from %q of good; both must count the same requests", f.total, f.good)
		}
	}
	if total.Outcomes != nil {
		r.errorf(path+"outcomes", "is not supported yet; total counts every outcome")
	}
	if total.Latency != "" {
		r.errorf(path+"latency", "is not supported; the bound belongs to good")
	}
}

func defaultGood() []record.Outcome {
	return []record.Outcome{record.OutcomeOK, record.OutcomeClientError}
}

func (r *reader) outcomes(path string, names []string) []record.Outcome {
	if names == nil {
		return defaultGood()
	}
	known := record.OutcomeNames()
	var good []record.Outcome
	for i, name := range names {
		n := slices.Index(known, name)
		if n < 0 {
			r.errorf(fmt.Sprintf("%s[%d]", path, i), "%q is not an outcome; known are %s", name, strings.Join(known, ", "))
			continue
		}
		good = append(good, record.Outcome(n))
	}
	if len(names) == 0 {
		r.errorf(path, "is empty: no request would be good")
	}
	slices.Sort(good)
	return slices.Compact(good)
}

// latency reads a bound, which must be an edge of a latency bin: only then is
// the count of requests at or below it exact.
func (r *reader) latency(path, text string) time.Duration {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil || d <= 0:
		r.errorf(path, "%q is not a duration such as 250ms or 1.5s", text)
		return 0
	case d%time.Microsecond != 0 || d.Microseconds() > math.MaxUint32:
		r.errorf(path, "%s is not a whole number of microseconds under 71 minutes", text)
		return 0
	}
	us := d.Microseconds()
	if _, edge := record.BinOf(uint32(us)).Bounds(); edge != us {
		r.errorf(path, "%s has more than two significant digits, so the count at or below it is not exact; %s is the next that is",
			text, time.Duration(edge)*time.Microsecond)
		return 0
	}
	return d
}

func (r *reader) period(windows []timeWindow) time.Duration {
	if len(windows) != 1 {
		r.errorf("spec.timeWindow", "needs exactly one window, has %d", len(windows))
		return 0
	}
	w := windows[0]
	if !w.IsRolling {
		r.errorf("spec.timeWindow[0].isRolling", "must be true: calendar windows are not supported yet")
	}
	d, err := parsePeriod(w.Duration)
	if err != nil {
		r.errorf("spec.timeWindow[0].duration", "%v", err)
	}
	return d
}

// objective reads the target and rounds it to nine decimals.
func (r *reader) objective(list []objective) float64 {
	if len(list) != 1 {
		r.errorf("spec.objectives", "needs exactly one objective, has %d; composite SLOs are not supported yet", len(list))
		return 0
	}
	o := list[0]
	if (o.Target == nil) == (o.TargetPercent == nil) {
		r.errorf("spec.objectives[0]", "needs either target or targetPercent")
		return 0
	}
	var target float64
	path := "spec.objectives[0].targetPercent"
	if o.TargetPercent != nil {
		target = *o.TargetPercent / 100
	} else {
		target, path = *o.Target, "spec.objectives[0].target"
	}
	rounded := math.Round(target*1e9) / 1e9
	switch {
	case !(rounded > 0 && rounded < 1):
		r.errorf(path, "must lie between nothing and all, both excluded: a target of all leaves no budget")
	case math.Abs(rounded-target) > 1e-12:
		r.errorf(path, "has more than nine decimals")
	}
	return rounded
}

// parsePeriod reads the length of a rolling period.
func parsePeriod(s string) (time.Duration, error) {
	l, err := window.ParseLength(s)
	if err != nil {
		return 0, err
	}
	d, ok := l.Fixed()
	if !ok {
		return 0, fmt.Errorf("unit %q is not supported yet for a rolling window; write days or weeks", string(l.Unit))
	}
	return d, nil
}
