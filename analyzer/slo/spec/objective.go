package spec

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// objectives makes the SLOs of a document. Objectives with indicators of their
// own are the parts of one composite; several that share an indicator are an
// SLO each, named after their displayName or number.
func (r *reader) objectives(base SLO, in sloObject) []*SLO {
	list := in.Spec.Objectives
	if len(list) == 0 {
		r.errorf("spec.objectives", "needs an objective")
		return nil
	}
	own := slices.ContainsFunc(list, func(o objective) bool { return o.Indicator != nil || o.IndicatorRef != "" })
	if own {
		return r.composite(base, in)
	}
	indicator := r.indicator("spec.", in.Spec.Indicator, in.Spec.IndicatorRef)
	var slos []*SLO
	for i, o := range list {
		path := fmt.Sprintf("spec.objectives[%d]", i)
		if o.CompositeWeight != nil {
			r.errorf(path+".compositeWeight", "needs an indicator of its own; a weight is for the parts of a composite")
		}
		s := base
		s.Indicator = indicator
		r.objective(path, o, &s)
		if len(list) > 1 {
			s.Name += "-" + orNumber(slug(o.DisplayName), i)
			if !label.MatchString(s.Name) {
				r.errorf(path+".displayName", "makes the name %q, which has more than 63 characters", s.Name)
			}
			r.claim("SLO", s.Name, path)
		}
		slos = append(slos, &s)
	}
	return slos
}

func orNumber(text string, i int) string {
	if text == "" {
		return fmt.Sprint(i + 1)
	}
	return text
}

// composite reads an SLO whose objectives have indicators of their own.
func (r *reader) composite(s SLO, in sloObject) []*SLO {
	if in.Spec.Indicator != nil || in.Spec.IndicatorRef != "" {
		r.errorf("spec.indicator", "stands beside indicators of objectives; write one of them")
	}
	var slice SLO
	for i, o := range in.Spec.Objectives {
		path := fmt.Sprintf("spec.objectives[%d]", i)
		one := s
		r.objective(path, o, &one)
		if i > 0 && (one.Slice != slice.Slice || one.Slicing != slice.Slicing) {
			r.errorf(path, "has other slices than the first objective; all parts of a composite share them")
		}
		if i > 0 && s.Slicing.Method == budget.Timeslices && one.Objective != slice.Objective {
			r.errorf(path, "has another target than the first objective; a composite of Timeslices has one: a slice is bad if any part is")
		}
		slice = one
		p := Part{Name: orNumber(slug(o.DisplayName), i), Objective: one.Objective, Weight: 1}
		p.Indicator = r.indicator(path+".", o.Indicator, o.IndicatorRef)
		if w := o.CompositeWeight; w != nil {
			if !(*w > 0) || math.IsInf(*w, 0) {
				r.errorf(path+".compositeWeight", "%g is not above zero", *w)
			}
			p.Weight = *w
		}
		s.Parts = append(s.Parts, p)
	}
	if r.failed {
		return nil
	}
	s.Slice, s.Slicing, s.Objective = slice.Slice, slice.Slicing, 1-s.Beta()
	return []*SLO{&s}
}

// objective reads target and slices.
func (r *reader) objective(path string, o objective, s *SLO) {
	if o.Op != nil && !r.options.AnySource {
		r.slip("op-on-ratio", path+".op", "is not read; OpenSLO forbids it for a ratio metric")
	}
	if o.Value != nil && !r.options.AnySource {
		r.slip("value-on-ratio", path+".value", "is not read; OpenSLO forbids it for a ratio metric")
	}
	s.Objective = r.target(path, o)
	r.slices(path, o, s)
}

// target reads the target and rounds it to nine decimals.
func (r *reader) target(path string, o objective) float64 {
	if (o.Target == nil) == (o.TargetPercent == nil) {
		r.errorf(path, "needs either target or targetPercent")
		return 0
	}
	target, path, scale := o.Target, path+".target", 1.0
	if o.TargetPercent != nil {
		target, path, scale = o.TargetPercent, path+"Percent", 100.0
	}
	v := *target / scale
	rounded := math.Round(v*1e9) / 1e9
	switch {
	case !(rounded > 0 && rounded < 1):
		r.errorf(path, "must lie between nothing and all, both excluded: a target of all leaves no budget")
	case math.Abs(rounded-v) > 1e-12:
		r.errorf(path, "has more than nine decimals")
	}
	return rounded
}

// maxSlicedPeriod is how long minute rollups are kept.
const maxSlicedPeriod = 40 * window.Day

func (r *reader) slices(path string, o objective, s *SLO) {
	if s.Slicing.Method == "" {
		if o.TimeSliceTarget != nil {
			r.errorf(path+".timeSliceTarget", "needs budgetingMethod Timeslices")
		}
		if o.TimeSliceWindow != "" {
			r.errorf(path+".timeSliceWindow", "needs budgetingMethod Timeslices or RatioTimeslices")
		}
		return
	}
	switch t := o.TimeSliceTarget; {
	case s.Slicing.Method == budget.RatioTimeslices && t != nil:
		r.errorf(path+".timeSliceTarget", "needs budgetingMethod Timeslices: of RatioTimeslices the ratio itself counts")
	case s.Slicing.Method == budget.Timeslices && t == nil:
		r.errorf(path+".timeSliceTarget", "is missing: the least ratio of a good slice")
	case t != nil && !(*t > 0 && *t <= 1):
		r.errorf(path+".timeSliceTarget", "%g is not above 0 and at most 1", *t)
	case t != nil:
		s.Slicing.Target = *t
	}
	s.Slice = r.sliceWindow(path+".timeSliceWindow", o.TimeSliceWindow, s.Period)
}

// sliceWindow reads the width of a slice. OpenSLO allows a bare number of
// minutes beside a duration.
func (r *reader) sliceWindow(path, text string, period time.Duration) time.Duration {
	if text == "" {
		r.errorf(path, "is missing: the width of a slice, such as 1m")
		return 0
	}
	l, err := window.ParseLength(text)
	if err != nil {
		r.errorf(path, "%v", err)
		return 0
	}
	d, ok := l.Fixed()
	switch {
	case !ok || d > window.Day || window.Day%d != 0:
		r.errorf(path, "%s does not divide a day", text)
	case period > maxSlicedPeriod:
		r.errorf(path, "slices are not supported over a period of more than 40 days: minute rollups are kept that long")
	case period > 0 && period%d != 0:
		r.errorf(path, "%s does not divide the period", text)
	}
	return d
}
