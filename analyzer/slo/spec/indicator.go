package spec

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// sourceType is the type of a metric source that is the mesh.
const sourceType = "plimsoll"

// sliEntry is an SLI object and the reader that can place what is wrong in it.
type sliEntry struct {
	spec   indicatorSpec
	reader *reader
}

// sli keeps an SLI object for those that refer to it. It is judged even if none
// does.
func (r *reader) sli() func() {
	var o sliObject
	if !r.decode(&o) {
		return nil
	}
	r.register("SLI", o.Metadata, o.Spec.Description)
	r.slis[o.Metadata.Name] = sliEntry{o.Spec, r}
	return func() { r.indicatorSpec("spec", o.Spec) }
}

// indicator reads an indicator in place or by reference; base is "spec." or the
// path of an objective with a dot.
func (r *reader) indicator(base string, in *indicator, ref string) Indicator {
	if r.options.AnySource {
		return Indicator{Service: base, Good: DefaultGood()}
	}
	switch {
	case in != nil && ref != "":
		r.errorf(base+"indicatorRef", "stands beside indicator; write one of them")
	case in != nil:
		return r.indicatorSpec(base+"indicator.spec", in.Spec)
	case ref != "":
		if entry, ok := r.slis[ref]; ok {
			return (&reader{books: r.books, doc: entry.reader.doc}).quietly("spec", entry.spec)
		}
		r.errorf(base+"indicatorRef", "no SLI is named %q in the files", ref)
	default:
		r.errorf(base+"indicator", "is missing; write indicator or indicatorRef")
	}
	return Indicator{}
}

// quietly reads an SLI whose faults its own reader reports.
func (r *reader) quietly(path string, in indicatorSpec) Indicator {
	silent := *r.books
	silent.errs, silent.lib = nil, &Library{}
	return (&reader{books: &silent, doc: r.doc}).indicatorSpec(path, in)
}

// indicatorSpec reads the ratio metric. Good or bad, and total, must speak of
// the same requests: total is all of them.
func (r *reader) indicatorSpec(path string, in indicatorSpec) Indicator {
	if in.ThresholdMetric != nil {
		r.errorf(path+".thresholdMetric", "is not supported; use ratioMetric: that the p99 is at most 300ms is a target of 99 %% with good.metricSource.spec.latency: 300ms")
		return Indicator{}
	}
	m, path := in.RatioMetric, path+".ratioMetric"
	if m == nil {
		r.errorf(path, "is missing; write counter: true, good and total")
		return Indicator{}
	}
	if m.Raw != nil || m.RawType != nil {
		r.errorf(path+".raw", "is not supported: a ratio that is computed already cannot be added up; use good and total")
		return Indicator{}
	}
	if m.Total == nil || (m.Good == nil) == (m.Bad == nil) {
		r.errorf(path, "needs total and either good or bad")
		return Indicator{}
	}
	switch {
	case m.Counter == nil:
		r.slip("counter-missing", path+".counter", "is missing; write true: requests are counted")
	case !*m.Counter:
		r.errorf(path+".counter", "must be true: requests are counted, not gauged")
	}
	return r.ratio(path, m)
}

func (r *reader) ratio(path string, m *ratioMetric) Indicator {
	total := r.source(path+".total", m.Total)
	totalSpec := path + ".total.metricSource.spec"
	if total.Latency != "" {
		r.errorf(totalSpec+".latency", "is not supported; the bound belongs to good or bad")
	}
	name, part := "good", m.Good
	if part == nil {
		name, part = "bad", m.Bad
	}
	one := r.source(path+"."+name, part)
	oneSpec := path + "." + name + ".metricSource.spec"
	r.sameRequests(totalSpec, name, one, total)
	in := Indicator{Service: total.Service, Namespace: total.Namespace, Route: total.Route, Caller: total.Caller, Method: total.Method}
	if total.Outcomes != nil {
		in.Valid = r.outcomes(totalSpec+".outcomes", total.Outcomes)
	}
	if name == "good" {
		in.Good = r.outcomes(oneSpec+".outcomes", orElse(one.Outcomes, record.OutcomeOK.String(), record.OutcomeClientError.String()))
		in.Latency = r.latency(oneSpec+".latency", one.Latency)
	} else {
		in.Good = r.notBad(oneSpec, one)
	}
	r.binsSuffice(oneSpec, totalSpec, in)
	return in
}

func orElse(list []string, other ...string) []string {
	if list == nil {
		return other
	}
	return list
}

// notBad turns the outcomes of bad requests into those of good ones.
func (r *reader) notBad(path string, bad sourceSpec) []record.Outcome {
	if bad.Latency != "" {
		r.errorf(path+".latency", "is not supported in bad; write the bound into good")
	}
	if bad.Outcomes == nil {
		r.errorf(path+".outcomes", "is missing: which requests are bad")
		return nil
	}
	excluded := r.outcomes(path+".outcomes", bad.Outcomes)
	var good []record.Outcome
	for i := range record.OutcomeNames() {
		if o := record.Outcome(i); !slices.Contains(excluded, o) {
			good = append(good, o)
		}
	}
	if len(good) == 0 {
		r.errorf(path+".outcomes", "names every outcome: no request would be good")
	}
	return good
}

// binsSuffice refuses what the latency bins cannot tell: they know whether a
// request failed, and neither its outcome nor its method.
func (r *reader) binsSuffice(one, total string, in Indicator) {
	if in.Latency == 0 {
		return
	}
	if !slices.Equal(in.Good, DefaultGood()) {
		r.errorf(one+".outcomes", "with a latency bound only [ok, client_error] is supported: latency bins keep no finer split")
	}
	if in.Valid != nil {
		r.errorf(total+".outcomes", "is not supported with a latency bound: latency bins keep no finer split")
	}
	if in.Method != "" {
		r.errorf(one+".method", "is not supported with a latency bound: latency bins keep no method; name a route")
	}
}

func (r *reader) source(path string, m *metric) sourceSpec {
	kind := m.MetricSource.Type
	if ref := m.MetricSource.MetricSourceRef; ref != "" {
		if kind != "" {
			r.errorf(path+".metricSource.metricSourceRef", "stands beside type; write one of them")
		}
		var ok bool
		if kind, ok = r.sources[ref]; !ok {
			r.errorf(path+".metricSource.metricSourceRef", "no DataSource is named %q in the files", ref)
			return m.MetricSource.Spec
		}
	}
	if kind != sourceType {
		r.errorf(path+".metricSource.type", "%q is not supported; write plimsoll", kind)
	}
	if m.MetricSource.Spec.Service == "" {
		r.errorf(path+".metricSource.spec.service", "is missing: the service whose requests are counted")
	}
	return m.MetricSource.Spec
}

func (r *reader) sameRequests(path, name string, one, total sourceSpec) {
	for _, f := range []struct{ name, one, total string }{
		{"service", one.Service, total.Service},
		{"namespace", one.Namespace, total.Namespace},
		{"route", one.Route, total.Route},
		{"caller", one.Caller, total.Caller},
		{"method", one.Method, total.Method},
	} {
		if f.one != f.total {
			r.errorf(path+"."+f.name, "%q differs from %q of %s; both must count the same requests", f.total, f.one, name)
		}
	}
}

// DefaultGood lists the outcomes that are good unless an SLO says otherwise.
func DefaultGood() []record.Outcome {
	return []record.Outcome{record.OutcomeOK, record.OutcomeClientError}
}

func (r *reader) outcomes(path string, names []string) []record.Outcome {
	known := record.OutcomeNames()
	var list []record.Outcome
	for i, name := range names {
		n := slices.Index(known, name)
		if n < 0 {
			r.errorf(fmt.Sprintf("%s[%d]", path, i), "%q is not an outcome; known are %s", name, strings.Join(known, ", "))
			continue
		}
		list = append(list, record.Outcome(n))
	}
	if len(names) == 0 {
		r.errorf(path, "is empty: no request would count")
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// latency reads a bound, which must be an edge of a latency bin: only then is
// the count of requests at or below it exact.
func (r *reader) latency(path, text string) time.Duration {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		r.errorf(path, "%q is not a duration such as 250ms or 1.5s", text)
		return 0
	}
	if err := exactBound(text, d); err != nil {
		r.errorf(path, "%v", err)
		return 0
	}
	return d
}

func exactBound(text string, d time.Duration) error {
	if d%time.Microsecond != 0 || d.Microseconds() > math.MaxUint32 {
		return fmt.Errorf("%s is not a whole number of microseconds under 71 minutes", text)
	}
	us := d.Microseconds()
	if _, edge := record.BinOf(uint32(us)).Bounds(); edge != us {
		return fmt.Errorf("%s has more than two significant digits, so the count at or below it is not exact; %s is the next that is",
			text, time.Duration(edge)*time.Microsecond)
	}
	return nil
}
