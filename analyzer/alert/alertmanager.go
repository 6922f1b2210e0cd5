package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// As Prometheus' notifier does it: what fires is sent again every minute, and
// ends four minutes later unless that happens; what is resolved is sent for
// fifteen minutes.
const (
	pushEvery    = time.Minute
	pushLasts    = 4 * pushEvery
	pushResolved = 15 * time.Minute
	pushBatch    = 256
)

// Alertmanager is one that alerts are pushed to, by its API v2.
type Alertmanager struct {
	// URL is its address, with the prefix of its paths if it has one.
	URL  string `yaml:"url"`
	Auth `yaml:",inline"`
}

// Check reports the fields that cannot work, each by its name.
func (a Alertmanager) Check(report func(field string, err error)) {
	report("url", checkURL(a.URL))
	a.check(report)
}

// Heartbeat is called while Plimsoll evaluates: when it falls silent, whoever
// takes the calls raises the alarm.
type Heartbeat struct {
	// URL takes a POST without a body each minute.
	URL  string `yaml:"url"`
	Auth `yaml:",inline"`
}

// Check reports the fields that cannot work, each by its name.
func (h Heartbeat) Check(report func(field string, err error)) { Alertmanager(h).Check(report) }

// postableAlert is an alert of Alertmanager's API v2 (prometheus/alertmanager:
// api/v2/openapi.yaml).
type postableAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// postable turns incidents into what is pushed at a time, with one more that
// always fires: an Alertmanager that has not heard of it for some minutes may
// raise the alarm.
func postable(list []Incident, now time.Time) []postableAlert {
	alerts := []postableAlert{{
		Labels:      map[string]string{"alertname": "PlimsollWatchdog", "severity": "none"},
		Annotations: map[string]string{"summary": "Plimsoll is alive; its silence is the alert"},
		StartsAt:    now, EndsAt: now.Add(pushLasts),
	}}
	for _, in := range list {
		n := in.notice()
		a := postableAlert{Labels: n.Labels(), Annotations: n.Annotations, StartsAt: in.FiredAt, EndsAt: now.Add(pushLasts), GeneratorURL: n.Annotations["link"]}
		if !in.ResolvedAt.IsZero() {
			a.EndsAt = in.ResolvedAt
		}
		alerts = append(alerts, a)
	}
	return alerts
}

// pushable returns the incidents that an Alertmanager is told of as of a time:
// muted ones are not.
func (l ledger) pushable(ctx context.Context, now time.Time) ([]Incident, error) {
	return readIncidents(ctx, l.db, `WHERE told = 1 AND (state = 'firing' OR resolved_at > ?) ORDER BY fired_at, id`,
		now.Add(-pushResolved).UnixMicro())
}

// caller posts to one address and says once when that begins to fail and once
// when it works again.
type caller struct {
	client        *http.Client
	url           string
	authorization string
	log           *slog.Logger
	failing       bool
}

func newCaller(address, path string, auth Auth, log *slog.Logger) (*caller, error) {
	authorization, err := auth.authorization()
	if err != nil {
		return nil, err
	}
	transport, err := auth.transport(address)
	if err != nil {
		return nil, err
	}
	return &caller{client: newClient(transport), url: strings.TrimSuffix(address, "/") + path, authorization: authorization, log: log}, nil
}

// post makes one call; it is not tried again before the next is due.
func (c *caller) post(ctx context.Context, body []byte) {
	err := c.call(ctx, body)
	if ctx.Err() != nil || (err != nil) == c.failing {
		return
	}
	c.failing = err != nil
	if c.failing {
		c.log.Warn("a receiver does not take calls", "error", err)
	} else {
		c.log.Info("a receiver takes calls again")
	}
}

func (c *caller) call(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return unquoted(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "plimsoll")
	if c.authorization != "" {
		req.Header.Set("Authorization", c.authorization)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return unquoted(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("it answered %d %s", resp.StatusCode, printable(string(answer)))
	}
	return nil
}

// push tells one Alertmanager all there is to tell, in batches.
func (l ledger) push(ctx context.Context, c *caller, now time.Time) error {
	list, err := l.pushable(ctx, now)
	if err != nil {
		return err
	}
	alerts := postable(list, now)
	for len(alerts) > 0 {
		n := min(len(alerts), pushBatch)
		body, err := json.Marshal(alerts[:n])
		if err != nil {
			return fmt.Errorf("writing alerts: %w", err)
		}
		c.post(ctx, body)
		alerts = alerts[n:]
	}
	return nil
}
