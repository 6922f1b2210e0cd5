package format

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"time"
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

func alertmanager(_, receiver string, list []Notice) ([]byte, error) {
	p := payload{
		Version: "4", Status: list[0].Event, Receiver: receiver,
		CommonLabels: list[0].Labels(), CommonAnnotations: maps.Clone(list[0].Annotations),
	}
	for _, n := range list {
		keepCommon(p.CommonLabels, n.Labels())
		keepCommon(p.CommonAnnotations, n.Annotations)
		p.Alerts = append(p.Alerts, alertV4{
			Status: n.Event, Labels: n.Labels(), Annotations: n.Annotations,
			StartsAt: n.FiredAt, EndsAt: n.ResolvedAt, GeneratorURL: n.Annotations[linkKey], Fingerprint: fingerprint(n.Labels()),
		})
	}
	p.GroupLabels, p.GroupKey = group(list)
	return json.Marshal(p)
}

// group names what the alerts of a message have in common: their SLO and
// severity if it is one alert, else their service.
func group(list []Notice) (labels map[string]string, key string) {
	n := list[0]
	if len(list) == 1 {
		return map[string]string{"slo": n.SLO, "severity": n.Severity}, fmt.Sprintf("{}:{severity=%q, slo=%q}", n.Severity, n.SLO)
	}
	return map[string]string{"service": n.Service}, fmt.Sprintf("{}:{service=%q}", n.Service)
}

// keepCommon drops what other does not hold alike.
func keepCommon(common, other map[string]string) {
	maps.DeleteFunc(common, func(name, value string) bool { return other[name] != value })
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
