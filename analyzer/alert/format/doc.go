// Package format writes what is said of incidents in the formats that receivers
// read: Alertmanager's webhook version 4, Plimsoll's own JSON, CloudEvents,
// Slack, PagerDuty Events v2, Opsgenie and Teams. Each is a pure function of
// Notices and the id of the message, so that the bytes can be frozen when the
// incident changes; no secret is in them.
//
// Reading order: notice.go (what is said), format.go (the formats and what each
// can do), then one file for each.
package format
