package format

import "encoding/json"

// teamsListed bounds the incidents of a message, and teamsText a text: a message
// to a workflow may have 28 KB (learn.microsoft.com: Teams limits).
const (
	teamsListed = 10
	teamsText   = 800
)

type teamsMessage struct {
	Type        string            `json:"type"`
	Attachments []teamsAttachment `json:"attachments"`
}

type teamsAttachment struct {
	ContentType string  `json:"contentType"`
	ContentURL  *string `json:"contentUrl"`
	Content     card    `json:"content"`
}

// card is an Adaptive Card (adaptivecards.io), version 1.4: the newest that
// every client of Teams shows.
type card struct {
	Schema  string            `json:"$schema"`
	Type    string            `json:"type"`
	Version string            `json:"version"`
	Width   map[string]string `json:"msteams"`
	Body    []element         `json:"body"`
	Actions []action          `json:"actions,omitempty"`
}

type element struct {
	Type   string `json:"type"`
	Text   string `json:"text,omitempty"`
	Wrap   bool   `json:"wrap,omitempty"`
	Weight string `json:"weight,omitempty"`
	Size   string `json:"size,omitempty"`
	Color  string `json:"color,omitempty"`
	Facts  []fact `json:"facts,omitempty"`
}

type fact struct {
	Title string `json:"title"`
	Value string `json:"value"`
}

type action struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

func teams(_, _ string, list []Notice) ([]byte, error) {
	c := card{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4",
		Width: map[string]string{"width": "Full"},
	}
	for _, n := range list[:min(len(list), teamsListed)] {
		c.Body = append(c.Body, teamsElements(n)...)
	}
	for _, l := range [][2]string{{linkKey, "Open in Plimsoll"}, {runbookKey, "Runbook"}} {
		if u := list[0].Annotations[l[0]]; u != "" {
			c.Actions = append(c.Actions, action{"Action.OpenUrl", l[1], u})
		}
	}
	return json.Marshal(teamsMessage{Type: "message", Attachments: []teamsAttachment{{
		ContentType: "application/vnd.microsoft.card.adaptive", Content: c,
	}}})
}

func teamsElements(n Notice) []element {
	tone := "Warning"
	switch {
	case n.Event == Resolved:
		tone = "Good"
	case n.Severity == "page":
		tone = "Attention"
	}
	list := []element{
		{Type: "TextBlock", Text: cut(n.headline(), teamsText), Wrap: true, Weight: "Bolder", Size: "Medium", Color: tone},
		{Type: "TextBlock", Text: cut(n.summary(), teamsText), Wrap: true},
	}
	facts := element{Type: "FactSet"}
	for _, f := range n.figures() {
		facts.Facts = append(facts.Facts, fact{f[0], cut(f[1], 200)})
	}
	if len(facts.Facts) > 0 {
		list = append(list, facts)
	}
	return list
}
