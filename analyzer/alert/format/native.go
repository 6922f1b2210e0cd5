package format

import (
	"encoding/json"
	"time"
)

// nativeMessage is Plimsoll's own format.
type nativeMessage struct {
	Version   int      `json:"version"`
	ID        string   `json:"id"` // as webhook-id
	Receiver  string   `json:"receiver"`
	Event     string   `json:"event"`
	Incidents []Notice `json:"incidents"`
}

func native(id, receiver string, list []Notice) ([]byte, error) {
	return json.Marshal(nativeMessage{Version: 1, ID: id, Receiver: receiver, Event: list[0].Event, Incidents: list})
}

// cloudEventMessage is CloudEvents 1.0 in structured mode (cloudevents/spec:
// json-format.md).
type cloudEventMessage struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            Notice    `json:"data"`
}

func cloudEvent(id, _ string, list []Notice) ([]byte, error) {
	n := list[0]
	at := n.FiredAt
	if n.Event == Resolved {
		at = n.ResolvedAt
	}
	return json.Marshal(cloudEventMessage{
		SpecVersion: "1.0", ID: id, Source: "plimsoll", Type: "dev.plimsoll.incident." + n.Event + ".v1", Subject: n.Incident,
		Time: at, DataContentType: "application/json", Data: n,
	})
}
