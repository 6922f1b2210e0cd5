package alert

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestClassify(t *testing.T) {
	for status, want := range map[int]struct {
		state      string
		seen, gone bool
	}{
		200: {delivered, true, false},
		201: {delivered, true, false},
		204: {delivered, true, false},
		299: {delivered, true, false},
		301: {dead, false, false},
		302: {dead, false, false},
		304: {dead, false, false},
		307: {dead, false, false},
		400: {dead, false, false},
		401: {dead, false, false},
		403: {dead, false, false},
		404: {dead, false, false},
		408: {pending, false, false},
		410: {dead, false, true},
		413: {dead, false, false},
		425: {pending, false, false},
		429: {pending, false, false},
		500: {pending, true, false},
		502: {pending, true, false},
		503: {pending, true, false},
		504: {pending, true, false},
		599: {pending, true, false},
	} {
		got := classify(status, http.Header{}, t0)
		if got.state != want.state || got.seen != want.seen || got.gone != want.gone || got.after != 0 {
			t.Errorf("classify(%d) = %+v, want %+v", status, got, want)
		}
		if (got.err == "") != (want.state == delivered) {
			t.Errorf("classify(%d) explains itself with %q", status, got.err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"":       0,
		"0":      0,
		"120":    2 * time.Minute,
		"-5":     0,
		"1.5":    0,
		"soon":   0,
		"999999": maxRetryAfter,
		t0.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second,
		t0.Add(-time.Hour).Format(http.TimeFormat):       0,
		t0.Add(9 * time.Hour).Format(http.TimeFormat):    maxRetryAfter,
	} {
		for _, status := range []int{429, 503} {
			if got := classify(status, http.Header{"Retry-After": {text}}, t0).after; got != want {
				t.Errorf("after %d with Retry-After %q = %v, want %v", status, text, got, want)
			}
		}
	}
}

func TestClassifyError(t *testing.T) {
	const secret = "http://receiver/hook?token=sesame"
	dial := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	read := &net.OpError{Op: "read", Err: errors.New("connection reset")}
	for _, tc := range []struct {
		err  error
		seen bool
	}{
		{&url.Error{Op: "Post", URL: secret, Err: dial}, false},
		{&url.Error{Op: "Post", URL: secret, Err: read}, true},
		{&url.Error{Op: "Post", URL: secret, Err: context.DeadlineExceeded}, true},
		{fmt.Errorf("something else"), true},
	} {
		got := classifyError(tc.err)
		if got.state != pending || got.seen != tc.seen || got.err == "" || strings.Contains(got.err, "sesame") {
			t.Errorf("classifyError(%v) = %+v, want seen %v", tc.err, got, tc.seen)
		}
	}
}

func TestBackoff(t *testing.T) {
	want := []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600}
	for i, seconds := range want {
		if got := backoff(i+1, 0); got != seconds*time.Second {
			t.Errorf("backoff after %d tries = %v, want %v s", i+1, got, seconds)
		}
		if got := backoff(i+1, 0.999999); got < seconds*time.Second/2 || got > seconds*time.Second*51/100 {
			t.Errorf("least backoff after %d tries = %v, want half of %v s", i+1, got, seconds)
		}
	}
	if got := backoff(1000, 0); got != maxBackoff {
		t.Errorf("backoff after 1000 tries = %v", got)
	}
}

func TestSettlement(t *testing.T) {
	young := &message{since: t0, tries: 3}
	old := &message{since: t0.Add(-expiry), tries: 400, seen: true}
	busy := result{state: pending, after: time.Minute, err: "busy"}
	for _, tc := range []struct {
		name string
		m    *message
		r    result
		want settlement
	}{
		{"delivered", young, result{state: delivered, seen: true}, settlement{state: delivered, seen: true}},
		{"again", young, result{state: pending, err: "x"}, settlement{state: pending, due: t0.Add(4 * time.Second), err: "x"}},
		{"when asked for", young, busy, settlement{state: pending, due: t0.Add(time.Minute), err: "busy"}},
		{"not earlier than asked of itself", young, result{state: pending, after: time.Second}, settlement{state: pending, due: t0.Add(4 * time.Second)}},
		{"seen once, seen for good", old, result{state: dead, err: "no"}, settlement{state: dead, seen: true, err: "no"}},
		{"expired", old, busy, settlement{state: dead, seen: true, err: "given up after 72 hours: busy"}},
		{"old by the clock alone", &message{since: t0.Add(-1000 * expiry), tries: leastTries - 1}, busy, settlement{state: pending, due: t0.Add(maxBackoff), err: "busy"}},
		{"gone", young, result{state: dead, gone: true}, settlement{state: dead, gone: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := settlementOf(tc.m, tc.r, t0, 0); got != tc.want {
				t.Errorf("settlement = %+v, want %+v", got, tc.want)
			}
		})
	}
}
