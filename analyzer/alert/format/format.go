package format

import (
	"fmt"
	"slices"
	"strings"
)

// Format names a format, as in the configuration.
type Format string

// The formats.
const (
	Alertmanager Format = "alertmanager"
	Native       Format = "plimsoll"
	CloudEvents  Format = "cloudevents"
	Slack        Format = "slack"
	PagerDuty    Format = "pagerduty"
	Opsgenie     Format = "opsgenie"
	Teams        Format = "teams"
)

// traits are what differs between formats besides the bytes.
type traits struct {
	content string // media type
	groups  bool   // a message may speak of several incidents
	signed  bool   // the receiver is expected to check a Standard Webhooks signature
	keyed   bool   // the receiver knows us by a key
	write   func(id, receiver string, list []Notice) ([]byte, error)
}

var formats = map[Format]traits{
	Alertmanager: {content: "application/json", groups: true, signed: true, write: alertmanager},
	Native:       {content: "application/json", groups: true, signed: true, write: native},
	CloudEvents:  {content: "application/cloudevents+json", signed: true, write: cloudEvent},
	Slack:        {content: "application/json", groups: true, write: slack},
	PagerDuty:    {content: "application/json", keyed: true, write: pagerDuty},
	Opsgenie:     {content: "application/json", keyed: true, write: opsgenie},
	Teams:        {content: "application/json", groups: true, write: teams},
}

// Check says what is wrong with a name; the empty one is Alertmanager.
func (f Format) Check() error {
	if _, ok := formats[f.known()]; ok {
		return nil
	}
	return fmt.Errorf("unknown format %q: use one of %s", string(f), strings.Join(Names(), ", "))
}

// Names lists the formats.
func Names() []string {
	var list []string
	for f := range formats {
		list = append(list, string(f))
	}
	slices.Sort(list)
	return list
}

func (f Format) known() Format {
	if f == "" {
		return Alertmanager
	}
	return f
}

// ContentType returns the media type of the bytes.
func (f Format) ContentType() string { return formats[f.known()].content }

// Groups tells whether one message may speak of several incidents.
func (f Format) Groups() bool { return formats[f.known()].groups }

// Signed tells whether messages carry a Standard Webhooks signature.
func (f Format) Signed() bool { return formats[f.known()].signed }

// Keyed tells whether the receiver knows its senders by a key, which is not
// part of the bytes.
func (f Format) Keyed() bool { return formats[f.known()].keyed }

// Write makes the body of the message with an id for a receiver. The list holds
// one notice, or several of one event where the format Groups.
func (f Format) Write(id, receiver string, list []Notice) ([]byte, error) {
	t, ok := formats[f.known()]
	switch {
	case !ok:
		return nil, f.Check()
	case len(list) == 0:
		return nil, fmt.Errorf("writing message=%s: it says nothing", id)
	case len(list) > 1 && !t.groups:
		return nil, fmt.Errorf("writing message=%s: format %s speaks of one incident at a time, not of %d", id, f, len(list))
	}
	return t.write(id, receiver, list)
}
