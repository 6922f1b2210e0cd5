package format

import "time"

// Events of an incident.
const (
	Firing   = "firing"
	Resolved = "resolved"
)

// Notice is what is said of one incident at one event. It is kept as JSON.
type Notice struct {
	Event       string            `json:"event"`    // firing or resolved
	Incident    string            `json:"incident"` // its id
	SLO         string            `json:"slo"`
	Service     string            `json:"service"`
	Severity    string            `json:"severity"` // page or ticket
	FiredAt     time.Time         `json:"fired_at"`
	ResolvedAt  time.Time         `json:"resolved_at,omitzero"`
	Annotations map[string]string `json:"annotations"` // "summary" is one sentence for a person
}

// Annotations that some formats show apart.
const (
	summaryKey = "summary"
	linkKey    = "link"
	runbookKey = "runbook_url"
)

// Labels identify the incident as Alertmanager does.
func (n Notice) Labels() map[string]string {
	return map[string]string{"alertname": "SLOBurnRate", "slo": n.SLO, "service": n.Service, "severity": n.Severity}
}

func (n Notice) summary() string { return n.Annotations[summaryKey] }

// headline is a title of one line.
func (n Notice) headline() string {
	if n.Event == Resolved {
		return "Resolved: " + n.Service + " · " + n.SLO
	}
	return n.Severity + ": " + n.Service + " · " + n.SLO
}

// figures are the annotations that people look at first, in order, as names
// and values; those that are absent are left out.
func (n Notice) figures() [][2]string {
	var list [][2]string
	for _, f := range [][2]string{
		{"Burn rate", "long_burn_rate"},
		{"Window", "long_window"},
		{"Bad", "long_bad"},
		{"Of", "long_total"},
		{"Budget left", "budget_remaining"},
		{"Gone in", "exhausted_in"},
		{"Top failing edge", "top_edge"},
	} {
		if v := n.Annotations[f[1]]; v != "" {
			list = append(list, [2]string{f[0], v})
		}
	}
	return list
}

// cut shortens a text to at most n runes; what is cut ends in "…".
func cut(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return string(runes[:n-1]) + "…"
}
