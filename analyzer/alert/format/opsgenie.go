package format

import "encoding/json"

// Limits of Opsgenie's Alert API (docs.opsgenie.com: alert-api), in characters.
const (
	opsgenieMessage     = 130
	opsgenieDescription = 15_000
	opsgenieEntity      = 512
	opsgenieDetails     = 8_000 // in sum
)

type opsgenieAlert struct {
	Message     string            `json:"message"`
	Alias       string            `json:"alias"`
	Description string            `json:"description"`
	Details     map[string]string `json:"details,omitempty"`
	Tags        []string          `json:"tags"`
	Entity      string            `json:"entity"`
	Source      string            `json:"source"`
	Priority    string            `json:"priority"`
}

type opsgenieClose struct {
	Source string `json:"source"`
	Note   string `json:"note"`
}

// opsgenie creates an alert whose alias is the incident's id; a resolution is
// the body of a call to close it, which goes to ClosePath.
func opsgenie(_, _ string, list []Notice) ([]byte, error) {
	n := list[0]
	if n.Event == Resolved {
		return json.Marshal(opsgenieClose{Source: "plimsoll", Note: cut(n.summary(), opsgenieDescription)})
	}
	a := opsgenieAlert{
		Message: cut(n.headline(), opsgenieMessage), Alias: n.Incident, Description: cut(n.summary(), opsgenieDescription),
		Details: n.Annotations, Tags: []string{"plimsoll", n.Severity}, Entity: cut(n.Service, opsgenieEntity), Source: "plimsoll", Priority: "P3",
	}
	if n.Severity == "page" {
		a.Priority = "P1"
	}
	size := 0
	for k, v := range a.Details {
		size += len(k) + len(v)
	}
	if size > opsgenieDetails {
		a.Details = nil
	}
	return json.Marshal(a)
}

// OpsgenieClose is the path, below that which creates alerts, of the call that
// closes an incident's.
func OpsgenieClose(incident string) string { return "/" + incident + "/close?identifierType=alias" }
