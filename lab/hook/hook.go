// Package hook is the lab's own webhook receiver. It shares no code with the
// sender, so a delivery that it accepts proves that a stranger's receiver,
// written from the Standard Webhooks specification alone, would accept it too.
package hook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxBody      = 1 << 20
	maxClockSkew = 5 * time.Minute
	maxKept      = 10_000
)

// Message is one accepted delivery.
type Message struct {
	ID         string // webhook-id: constant over retries
	ReceivedAt time.Time
	Repeats    int // further copies with the same id
	Payload    Payload
}

// Payload is the part of Alertmanager's webhook format, version 4, that the lab
// looks at.
type Payload struct {
	Version string  `json:"version"`
	Status  string  `json:"status"` // firing or resolved
	Alerts  []Alert `json:"alerts"`
}

// Alert is one alert of a payload.
type Alert struct {
	Status      string            `json:"status"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
}

// Receiver is an http.Handler that verifies signatures and keeps what it got.
type Receiver struct {
	key []byte
	now func() time.Time

	mu       sync.Mutex
	messages []*Message
	refused  []string
}

// New returns a receiver and the secret ("whsec_…") that its sender must use.
func New(now func() time.Time) (r *Receiver, secret string) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return &Receiver{key: key, now: now}, "whsec_" + base64.StdEncoding.EncodeToString(key)
}

// ServeHTTP accepts a signed delivery with 204 and refuses others with 400.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if err == nil {
		err = r.verify(req.Header, body)
	}
	var payload Payload
	if err == nil {
		err = json.Unmarshal(body, &payload)
	}
	if err != nil {
		r.refuse(err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.keep(req.Header.Get("webhook-id"), payload)
	w.WriteHeader(http.StatusNoContent)
}

// verify checks a delivery against the specification (Standard Webhooks:
// HMAC-SHA256 over "id.timestamp.body", base64, "v1," in front, several
// signatures parted by spaces).
func (r *Receiver) verify(h http.Header, body []byte) error {
	id, stamp := h.Get("webhook-id"), h.Get("webhook-timestamp")
	if id == "" || stamp == "" {
		return errors.New("webhook-id or webhook-timestamp is missing")
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return fmt.Errorf("reading webhook-timestamp: %w", err)
	}
	if age := r.now().Sub(time.Unix(seconds, 0)).Abs(); age > maxClockSkew {
		return fmt.Errorf("webhook-timestamp is %s away from now", age.Round(time.Second))
	}
	mac := hmac.New(sha256.New, r.key)
	fmt.Fprintf(mac, "%s.%s.", id, stamp)
	mac.Write(body)
	want := mac.Sum(nil)
	for _, s := range strings.Fields(h.Get("webhook-signature")) {
		got, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "v1,"))
		if err == nil && strings.HasPrefix(s, "v1,") && hmac.Equal(got, want) {
			return nil
		}
	}
	return errors.New("no signature in webhook-signature fits the body")
}

func (r *Receiver) keep(id string, p Payload) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.messages {
		if m.ID == id {
			m.Repeats++
			return
		}
	}
	if len(r.messages) < maxKept {
		r.messages = append(r.messages, &Message{ID: id, ReceivedAt: r.now(), Payload: p})
	}
}

func (r *Receiver) refuse(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.refused) < maxKept {
		r.refused = append(r.refused, err.Error())
	}
}

// Messages returns the accepted deliveries in order of arrival.
func (r *Receiver) Messages() []Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Message, len(r.messages))
	for i, m := range r.messages {
		list[i] = *m
	}
	return list
}

// Refused returns why deliveries were refused.
func (r *Receiver) Refused() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.refused...)
}

// Find returns the delivery with an id if it is about an SLO and has a status.
func (r *Receiver) Find(id, slo, status string) (Message, bool) {
	for _, m := range r.Messages() {
		if m.ID != id {
			continue
		}
		for _, a := range m.Payload.Alerts {
			if a.Labels["slo"] == slo && a.Status == status {
				return m, true
			}
		}
	}
	return Message{}, false
}
