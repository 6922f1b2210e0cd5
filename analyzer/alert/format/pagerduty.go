package format

import (
	"encoding/json"
	"time"
)

// Limits of PagerDuty's Events API v2 (developer.pagerduty.com).
const (
	pagerDutySummary = 1024      // characters
	pagerDutyEvent   = 512 << 10 // bytes, with the routing key
	pagerDutyKeyRoom = 1 << 10   // left for the routing key
)

// pagerDutyEventV2 lacks the routing key: the sender puts it in front.
type pagerDutyEventV2 struct {
	Action   string           `json:"event_action"` // trigger or resolve
	DedupKey string           `json:"dedup_key"`
	Client   string           `json:"client"`
	Payload  pagerDutyPayload `json:"payload"`
	Links    []pagerDutyLink  `json:"links,omitempty"`
}

type pagerDutyPayload struct {
	Summary   string            `json:"summary"`
	Source    string            `json:"source"`
	Severity  string            `json:"severity"`
	Timestamp time.Time         `json:"timestamp"`
	Component string            `json:"component"`
	Group     string            `json:"group"`
	Class     string            `json:"class"`
	Details   map[string]string `json:"custom_details,omitempty"`
}

type pagerDutyLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// pagerDuty triggers and resolves by the incident's id. Details that would make
// the event too large are left out.
func pagerDuty(_, _ string, list []Notice) ([]byte, error) {
	n := list[0]
	e := pagerDutyEventV2{
		Action: "trigger", DedupKey: n.Incident, Client: "Plimsoll",
		Payload: pagerDutyPayload{
			Summary: cut(n.summary(), pagerDutySummary), Source: n.Service, Severity: "warning", Timestamp: n.FiredAt,
			Component: n.SLO, Group: n.Service, Class: "SLOBurnRate", Details: n.Annotations,
		},
	}
	if n.Severity == "page" {
		e.Payload.Severity = "critical"
	}
	if n.Event == Resolved {
		e.Action, e.Payload.Timestamp = "resolve", n.ResolvedAt
	}
	for _, l := range [][2]string{{linkKey, "Open in Plimsoll"}, {runbookKey, "Runbook"}} {
		if u := n.Annotations[l[0]]; u != "" {
			e.Links = append(e.Links, pagerDutyLink{u, l[1]})
		}
	}
	body, err := json.Marshal(e)
	if err != nil || len(body) <= pagerDutyEvent-pagerDutyKeyRoom {
		return body, err
	}
	e.Payload.Details = map[string]string{"truncated": "the details were too large for PagerDuty"}
	return json.Marshal(e)
}
