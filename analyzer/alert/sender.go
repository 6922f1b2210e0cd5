package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert/format"
	"github.com/plimsoll-mesh/plimsoll/analyzer/alert/webhook"
)

const (
	sendTimeout = 10 * time.Second
	maxAnswer   = 64 << 10 // of a receiver's headers and body
)

// sender posts messages to one target.
type sender struct {
	client        *http.Client
	url           string
	format        format.Format
	secrets       webhook.Secrets
	key           string // of PagerDuty or Opsgenie
	authorization string
	now           func() time.Time
}

// newSender reads the target's files. A transport that is not nil replaces the
// target's own.
func newSender(t Target, transport http.RoundTripper, now func() time.Time) (*sender, error) {
	s := &sender{url: t.address(), format: t.Format, now: now}
	var err error
	if t.SecretFile != "" {
		if s.secrets, err = webhook.ReadSecrets(t.SecretFile); err != nil {
			return nil, err
		}
	}
	if t.KeyFile != "" {
		if s.key, err = readPrivate(t.KeyFile); err != nil {
			return nil, err
		}
	}
	if s.authorization, err = t.authorization(); err != nil {
		return nil, err
	}
	if transport == nil {
		if transport, err = t.transport(s.url); err != nil {
			return nil, err
		}
	}
	s.client = newClient(transport)
	return s, nil
}

// newClient returns a client that follows no redirects.
func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		Timeout:       sendTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// send makes one try.
func (s *sender) send(ctx context.Context, m *message) result {
	req, err := s.request(ctx, m)
	if err != nil {
		return result{state: dead, err: err.Error()}
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return classifyError(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // all of it, so that the connection can be used again
	r := classify(resp.StatusCode, resp.Header, s.now())
	if s.format == format.Slack && r.state == delivered {
		return slackResult(answer, err)
	}
	return r // the status has said all
}

func (s *sender) request(ctx context.Context, m *message) (*http.Request, error) {
	address, body := s.url, m.body
	switch {
	case s.format == format.Opsgenie && m.event == resolved:
		address += format.OpsgenieClose(m.incident)
	case s.format == format.PagerDuty:
		body = withRoutingKey(s.key, body)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making a request message=%s", m.id) // the cause would quote the URL
	}
	req.Header.Set("Content-Type", s.format.ContentType())
	req.Header.Set("User-Agent", "plimsoll")
	if s.authorization != "" {
		req.Header.Set("Authorization", s.authorization)
	}
	if s.format == format.Opsgenie {
		req.Header.Set("Authorization", "GenieKey "+s.key)
	}
	if s.format.Signed() {
		s.secrets.Sign(req.Header, m.id, s.now(), body)
	}
	return req, nil
}

// withRoutingKey puts PagerDuty's key into an event. It is not in the outbox.
func withRoutingKey(key string, body []byte) []byte {
	quoted, err := json.Marshal(key)
	if err != nil || len(body) < 2 {
		return body
	}
	return append(fmt.Appendf(nil, `{"routing_key":%s,`, quoted), body[1:]...)
}

// slackResult judges the body of a 2xx: Slack says "ok", or {"ok":true} to its
// API.
func slackResult(answer []byte, err error) result {
	var api struct {
		OK    *bool  `json:"ok"`
		Error string `json:"error"`
	}
	switch text := strings.TrimSpace(string(answer)); {
	case err != nil:
		return result{state: pending, seen: true, err: "the receiver's answer broke off"}
	case text == "ok":
		return result{state: delivered, seen: true}
	case json.Unmarshal(answer, &api) == nil && api.OK != nil && *api.OK:
		return result{state: delivered, seen: true}
	case api.Error != "":
		return result{state: dead, err: "slack answered " + printable(api.Error)}
	default:
		return result{state: dead, err: "slack answered " + printable(text)}
	}
}

// printable shortens what a receiver said.
func printable(text string) string {
	const most = 80
	if len(text) > most {
		text = text[:most] + "…"
	}
	return fmt.Sprintf("%q", text)
}
