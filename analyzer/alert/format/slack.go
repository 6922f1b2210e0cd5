package format

import (
	"encoding/json"
	"strings"
)

// Limits of Slack's Block Kit (docs.slack.dev: reference/block-kit/blocks), in
// characters, with room for what escaping adds.
const (
	slackHeader  = 150
	slackSection = 2000
	slackListed  = 20 // a message has at most 50 blocks
)

type slackMessage struct {
	Text        string            `json:"text"` // what a notification shows
	Attachments []slackAttachment `json:"attachments"`
}

type slackAttachment struct {
	Color  string       `json:"color"`
	Blocks []slackBlock `json:"blocks"`
}

type slackBlock struct {
	Type   string      `json:"type"`
	Text   *slackText  `json:"text,omitempty"`
	Fields []slackText `json:"fields,omitempty"`
}

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

func slack(_, _ string, list []Notice) ([]byte, error) {
	m := slackMessage{Text: slackEscape(cut(title(list), slackSection))}
	for _, n := range list[:min(len(list), slackListed)] {
		m.Attachments = append(m.Attachments, slackCard(n))
	}
	return json.Marshal(m)
}

func slackCard(n Notice) slackAttachment {
	card := slackAttachment{Color: color(n), Blocks: []slackBlock{
		{Type: "header", Text: &slackText{"plain_text", cut(n.headline(), slackHeader)}},
		{Type: "section", Text: &slackText{"mrkdwn", slackEscape(cut(n.summary(), slackSection)) + slackLinks(n)}},
	}}
	fields := slackBlock{Type: "section"}
	for _, f := range n.figures() {
		fields.Fields = append(fields.Fields, slackText{"mrkdwn", "*" + f[0] + "*\n" + slackEscape(cut(f[1], 200))})
	}
	if len(fields.Fields) > 0 {
		card.Blocks = append(card.Blocks, fields)
	}
	return card
}

func slackLinks(n Notice) string {
	text := ""
	for _, l := range [][2]string{{linkKey, "Open in Plimsoll"}, {runbookKey, "Runbook"}} {
		if u := n.Annotations[l[0]]; u != "" {
			text += "\n<" + slackEscape(u) + "|" + l[1] + ">"
		}
	}
	return text
}

// slackEscape guards the three characters that mean something to Slack.
func slackEscape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// title is the first thing that is read of a message.
func title(list []Notice) string {
	if len(list) == 1 {
		return list[0].summary()
	}
	names := make([]string, len(list))
	for i, n := range list {
		names[i] = n.SLO
	}
	return list[0].Service + " " + list[0].Event + ": " + strings.Join(names, ", ")
}

func color(n Notice) string {
	switch {
	case n.Event == Resolved:
		return "#2e7d32"
	case n.Severity == "page":
		return "#c62828"
	}
	return "#ef6c00"
}
