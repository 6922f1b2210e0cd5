package alert

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
)

// The types below are Alertmanager's webhook format, version 4
// (prometheus/alertmanager: notify/webhook, template.Data).

type payload struct {
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   int               `json:"truncatedAlerts"`
	Status            string            `json:"status"`
	Receiver          string            `json:"receiver"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Alerts            []alertV4         `json:"alerts"`
}

type alertV4 struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"` // the zero time while firing, as Alertmanager has it
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

// notes are the annotations of a message for an event, firing or resolved.
type notes func(event string) map[string]string

// bodyOf returns the body that tells of an incident: firing, or resolved if
// the incident is.
func bodyOf(in Incident, say notes) body {
	event := firing
	if !in.ResolvedAt.IsZero() {
		event = resolved
	}
	labels := map[string]string{"alertname": "SLOBurnRate", "slo": in.SLO, "service": in.Service, "severity": in.Severity}
	annotations := say(event)
	return func(target string) ([]byte, error) {
		return json.Marshal(payload{
			Version:           "4",
			GroupKey:          fmt.Sprintf("{}:{severity=%q, slo=%q}", in.Severity, in.SLO),
			Status:            event,
			Receiver:          target,
			GroupLabels:       map[string]string{"slo": in.SLO, "severity": in.Severity},
			CommonLabels:      labels,
			CommonAnnotations: annotations,
			Alerts: []alertV4{{
				Status: event, Labels: labels, Annotations: annotations,
				StartsAt: in.FiredAt, EndsAt: in.ResolvedAt, Fingerprint: fingerprint(labels),
			}},
		})
	}
}

// fingerprint is Prometheus' hash of a label set (prometheus/common:
// model/signature.go): FNV-1a over names and values in order.
func fingerprint(labels map[string]string) string {
	h := fnv.New64a()
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		h.Write([]byte(name + "\xff" + labels[name] + "\xff"))
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// explained gives the figures of a status and a row, and the counts behind
// them. All are strings.
func explained(st slo.Status, row slo.RowStatus) notes {
	beta := st.SLO.Beta()
	return func(event string) map[string]string {
		text := map[string]string{
			"summary":         summary(event, st, row),
			"objective":       number(st.SLO.Objective),
			"period":          st.SLO.Period.String(),
			"factor":          number(row.Row.Factor),
			"bad":             strconv.FormatUint(st.Count.Bad(), 10),
			"total":           strconv.FormatUint(st.Count.Total, 10),
			"window_from":     st.Window.From.Format(time.RFC3339),
			"window_to":       st.Window.To.Format(time.RFC3339),
			"long_window":     row.Row.Long.String(),
			"long_bad":        strconv.FormatUint(row.Long.Count.Bad(), 10),
			"long_total":      strconv.FormatUint(row.Long.Count.Total, 10),
			"short_window":    row.Row.Short.String(),
			"short_bad":       strconv.FormatUint(row.Short.Count.Bad(), 10),
			"short_total":     strconv.FormatUint(row.Short.Count.Total, 10),
			"budget_allowed":  number(st.Count.Allowed(beta)),
			"long_burn_rate":  rate(row.Long.Count.BurnRate(beta)),
			"short_burn_rate": rate(row.Short.Count.BurnRate(beta)),
		}
		if left, ok := st.Count.Remaining(beta); ok {
			text["budget_remaining"] = number(left)
		}
		return text
	}
}

// retired explains an incident whose SLO, or whose rows of that severity, are
// gone from the configuration.
func retired(in Incident) notes {
	return func(string) map[string]string {
		return map[string]string{
			"summary": fmt.Sprintf("%s has no rule for a %s any more: it has gone from the configuration", in.SLO, in.Severity),
		}
	}
}

// summary is one sentence for a person.
func summary(event string, st slo.Status, row slo.RowStatus) string {
	if event == resolved {
		return fmt.Sprintf("%s no longer burns the error budget of %s: %d of %d requests were bad in the last %s",
			st.SLO.Service, st.SLO.Name, row.Short.Count.Bad(), row.Short.Count.Total, row.Row.Short)
	}
	burn, _ := row.Long.Count.BurnRate(st.SLO.Beta())
	return fmt.Sprintf("%s burns the error budget of %s at %.3g times the sustainable rate: %d of %d requests were bad in the last %s",
		st.SLO.Service, st.SLO.Name, burn, row.Long.Count.Bad(), row.Long.Count.Total, row.Row.Long)
}

func rate(v float64, ok bool) string {
	if !ok {
		return "undefined"
	}
	return number(v)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
