package alert

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert/guard"
)

// result is what came of one try.
type result struct {
	state string        // delivered, dead or, for another try, pending
	after time.Duration // the receiver's Retry-After; 0 without one
	seen  bool          // the receiver may have taken the message
	gone  bool
	err   string
}

// maxRetryAfter bounds what a receiver may ask for.
const maxRetryAfter = time.Hour

// classify judges an answer.
func classify(status int, header http.Header, now time.Time) result {
	text := strings.TrimSpace(fmt.Sprintf("the receiver answered %d %s", status, http.StatusText(status)))
	switch {
	case status >= 200 && status < 300:
		return result{state: delivered, seen: true}
	case status == http.StatusGone:
		return result{state: dead, gone: true, err: goneText}
	case status >= 500:
		return result{state: pending, after: retryAfter(header, now), seen: true, err: text}
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		return result{state: pending, after: retryAfter(header, now), err: text}
	}
	return result{state: dead, err: text}
}

// classifyError judges a try without an answer. Only where no connection was
// made can the receiver not have seen the message.
func classifyError(err error) result {
	var op *net.OpError
	dialled := !errors.As(err, &op) || op.Op != "dial"
	if errors.Is(err, guard.ErrForbidden) {
		return result{state: dead, err: unquoted(err).Error()}
	}
	return result{state: pending, seen: dialled, err: unquoted(err).Error()}
}

// unquoted takes off the part of an error that repeats the URL, which may hold
// a token.
func unquoted(err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		return outer.Err
	}
	return err
}

// retryAfter reads the header (RFC 9110 §10.2.3: seconds or a date); 0 if it
// is absent, past or unreadable.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	var wait time.Duration
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
