// Package webhook signs and verifies webhooks as the Standard Webhooks
// specification has it (github.com/standard-webhooks/standard-webhooks):
// symmetric signatures, version v1. A receiver calls Verify; the dispatcher of
// alerts calls Sign.
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed webhook.
const (
	HeaderID        = "webhook-id"        // constant over retries: the key against doubles
	HeaderTimestamp = "webhook-timestamp" // of the try, in seconds since the Unix epoch
	HeaderSignature = "webhook-signature" // space-separated "version,base64"
)

// Tolerance is how far a timestamp may lie from the receiver's clock.
const Tolerance = 5 * time.Minute

// Why a webhook is not to be believed.
var (
	ErrMissingHeader = errors.New("webhook-id, webhook-timestamp or webhook-signature is missing")
	ErrTimestamp     = errors.New("webhook-timestamp is not within five minutes of this clock")
	ErrSignature     = errors.New("no signature matches")
)

// Sign sets the three headers for a try at now, with one signature of each
// secret.
func (list Secrets) Sign(h http.Header, id string, now time.Time, body []byte) {
	stamp := strconv.FormatInt(now.Unix(), 10)
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, stamp)
	signatures := make([]string, len(list))
	for i, s := range list {
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(s.sum(id, stamp, body))
	}
	h.Set(HeaderSignature, strings.Join(signatures, " "))
}

// Verify checks the headers of a webhook against its body, exactly as
// received. The error wraps one of this package's. A receiver still has to
// keep the ids it has handled: a repeat is allowed and verifies.
func (s Secret) Verify(h http.Header, body []byte, now time.Time) error {
	id, stamp, signatures := h.Get(HeaderID), h.Get(HeaderTimestamp), h.Get(HeaderSignature)
	if id == "" || stamp == "" || signatures == "" {
		return ErrMissingHeader
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return fmt.Errorf("reading timestamp %q: %w", stamp, ErrTimestamp)
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > Tolerance || age < -Tolerance {
		return fmt.Errorf("checking a timestamp %s old: %w", age.Round(time.Second), ErrTimestamp)
	}
	want := s.sum(id, stamp, body)
	for signature := range strings.FieldsSeq(signatures) {
		got, isV1 := strings.CutPrefix(signature, "v1,")
		sum, err := base64.StdEncoding.DecodeString(got)
		if isV1 && err == nil && hmac.Equal(sum, want) {
			return nil
		}
	}
	return ErrSignature
}

func (s Secret) sum(id, stamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}
