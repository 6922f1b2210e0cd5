package alert

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert/webhook"
)

const (
	sendTimeout = 10 * time.Second
	maxAnswer   = 64 << 10 // of a receiver's body, read so that the connection can be used again
)

// sender posts messages to one URL.
type sender struct {
	client *http.Client
	url    string
	secret webhook.Secret
	now    func() time.Time
}

// newSender returns a sender that follows no redirects and uses no proxy.
func newSender(url string, secret webhook.Secret, transport http.RoundTripper, now func() time.Time) *sender {
	return &sender{url: url, secret: secret, now: now, client: &http.Client{
		Transport: transport,
		Timeout:   sendTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}}
}

// newTransport returns the transport of all senders.
func newTransport() *http.Transport {
	return &http.Transport{
		MaxIdleConnsPerHost: 1,
		IdleConnTimeout:     time.Minute,
		TLSHandshakeTimeout: sendTimeout,
	}
}

// send makes one try.
func (s *sender) send(ctx context.Context, m *message) result {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(m.body))
	if err != nil {
		return result{state: dead, err: err.Error()}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "plimsoll")
	s.secret.Sign(req.Header, m.id, s.now(), m.body)
	resp, err := s.client.Do(req)
	if err != nil {
		return classifyError(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)) // the status has said all
	return classify(resp.StatusCode, resp.Header, s.now())
}
