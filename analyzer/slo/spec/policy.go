package spec

import (
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

type policyDoc struct{ spec policySpec }

type conditionDoc struct{ spec conditionSpec }

func (r *reader) policyObject() {
	var o policyObject
	if r.decode(&o) {
		r.register("AlertPolicy", o.Metadata, o.Spec.Description)
		r.policies[o.Metadata.Name] = policyDoc{o.Spec}
		r.policy("spec", o.Spec)
	}
}

func (r *reader) conditionObject() {
	var o conditionObject
	if r.decode(&o) {
		r.register("AlertCondition", o.Metadata, o.Spec.Description)
		r.conditions[o.Metadata.Name] = conditionDoc{o.Spec}
		r.condition("spec", o.Spec)
	}
}

func (r *reader) targetObject() {
	var o targetObject
	if r.decode(&o) {
		r.register("AlertNotificationTarget", o.Metadata, o.Spec.Description)
		r.targets[o.Metadata.Name] = true
		r.targetSpec("spec", o.Spec)
	}
}

func (r *reader) targetSpec(path string, t targetSpec) {
	if t.Target == "" {
		r.errorf(path+".target", "is missing: what kind of target it is, such as webhook")
	}
}

// policy checks what an AlertPolicy says by itself.
func (r *reader) policy(path string, p policySpec) {
	if p.AlertWhenNoData {
		r.slip("alert-when-no-data", path+".alertWhenNoData", "is not supported: without data an alert keeps its state, and the SLO says why there is none; write false")
	}
	if b := p.AlertWhenBreaching; b != nil && !*b {
		r.errorf(path+".alertWhenBreaching", "is false: the policy would never alert; write true, or leave the policy out")
	}
	if n := len(p.Conditions); n != 1 {
		r.errorf(path+".conditions", "needs exactly one condition, has %d", n)
	}
	for i, c := range p.Conditions {
		if c.Ref == "" {
			r.condition(fmt.Sprintf("%s.conditions[%d].spec", path, i), c.Spec)
		}
	}
	for i, t := range p.NotificationTargets {
		if t.Ref == "" {
			r.targetSpec(fmt.Sprintf("%s.notificationTargets[%d].spec", path, i), t.Spec)
		}
	}
}

// condition checks what an AlertCondition says by itself.
func (r *reader) condition(path string, c conditionSpec) {
	if c.Severity != burn.Page && c.Severity != burn.Ticket {
		r.slip("severity-mapped", path+".severity", "%q is neither page nor ticket", c.Severity)
	}
	path += ".condition"
	if c.Condition.Kind != "burnrate" {
		r.errorf(path+".kind", "%q is not supported; write burnrate", c.Condition.Kind)
	}
	switch c.Condition.Op {
	case "gt":
	case "gte":
		r.slip("op-as-gt", path+".op", "gte is not supported; write gt")
	default:
		r.errorf(path+".op", "%q is not supported; write gt: an alert fires above its threshold", c.Condition.Op)
	}
	if after := c.Condition.AlertAfter; after != "" && after != "0m" {
		r.slip("alert-after", path+".alertAfter", "is not supported; write 0m: a second, short window takes its place")
	}
	if l, err := window.ParseLength(c.Condition.LookbackWindow); err != nil {
		r.errorf(path+".lookbackWindow", "%v", err)
	} else if _, fixed := l.Fixed(); !fixed {
		r.errorf(path+".lookbackWindow", "%s has no fixed length; write days or weeks", l)
	}
}

// policyRows makes one row of each policy. Its long window is the lookback; the
// short one is a twelfth of it (The Site Reliability Workbook, chapter 5), and
// at least two buckets.
func (r *reader) policyRows(s *SLO, list []policyEntry, limits burn.Limits) []burn.Row {
	var rows []burn.Row
	for i, entry := range list {
		path := fmt.Sprintf("spec.alertPolicies[%d]", i)
		p := entry.Spec
		if entry.Ref != "" {
			doc, ok := r.policies[entry.Ref]
			if !ok {
				r.errorf(path+".alertPolicyRef", "no AlertPolicy is named %q in the files", entry.Ref)
				continue
			}
			p = doc.spec
		} else {
			r.policy(path+".spec", p)
		}
		r.notify(s, path, p)
		if c, ok := r.onlyCondition(path, p); ok && !r.failed {
			rows = append(rows, r.conditionRow(path, c, limits))
		}
	}
	return rows
}

func (r *reader) onlyCondition(path string, p policySpec) (conditionSpec, bool) {
	if len(p.Conditions) != 1 {
		return conditionSpec{}, false
	}
	c := p.Conditions[0]
	if c.Ref == "" {
		return c.Spec, true
	}
	doc, ok := r.conditions[c.Ref]
	if !ok {
		r.errorf(path, "no AlertCondition is named %q in the files", c.Ref)
	}
	return doc.spec, ok
}

func (r *reader) notify(s *SLO, path string, p policySpec) {
	for _, t := range p.NotificationTargets {
		name := t.Ref
		if name == "" {
			name = t.Metadata.Name
		} else if !r.targets[name] {
			r.errorf(path, "no AlertNotificationTarget is named %q in the files", name)
		}
		if name != "" && !slices.Contains(s.Targets, name) {
			s.Targets = append(s.Targets, name)
		}
	}
}

func (r *reader) conditionRow(path string, c conditionSpec, l burn.Limits) burn.Row {
	length, _ := window.ParseLength(c.Condition.LookbackWindow)
	long, _ := length.Fixed()
	row := burn.Row{Severity: severity(c.Severity), Long: long, Factor: c.Condition.Threshold}
	row.Short = min(long, max(2*l.Bucket, (long/12).Round(l.Bucket), time.Duration(0)))
	if err := row.Lint(l); err != nil {
		r.errorf(path, "%v", err)
	}
	return row
}

// severity maps the words that others use; what is not as grave as a page is a
// ticket.
func severity(text string) string {
	if slices.Contains([]string{burn.Page, "critical", "high", "error"}, text) {
		return burn.Page
	}
	return burn.Ticket
}
