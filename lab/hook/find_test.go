package hook

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// deliver posts a signed body and returns the answer.
func deliver(t *testing.T, r *Receiver, secret, id, body string) int {
	t.Helper()
	stamp := strconv.FormatInt(clock.Unix(), 10)
	return post(r, map[string]string{
		"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": sign(t, secret, id, stamp, body),
	}, body)
}

// TestFind: a delivery proves one alert only if id, objective and status fit.
func TestFind(t *testing.T) {
	r, secret := New(func() time.Time { return clock })
	if code := deliver(t, r, secret, "m1", body); code != http.StatusNoContent {
		t.Fatalf("answer %d", code)
	}
	for name, tc := range map[string]struct {
		id, slo, status string
		want            bool
	}{
		"the alert":       {"m1", "web", "firing", true},
		"another message": {"m2", "web", "firing", false},
		"another SLO":     {"m1", "shop", "firing", false},
		"another status":  {"m1", "web", "resolved", false},
	} {
		m, ok := r.Find(tc.id, tc.slo, tc.status)
		if ok != tc.want || ok && (m.ID != "m1" || !m.ReceivedAt.Equal(clock)) {
			t.Errorf("%s: %+v, %v", name, m, ok)
		}
	}
}

// TestSignedRubbish: a good signature makes no payload of what is none.
func TestSignedRubbish(t *testing.T) {
	r, secret := New(func() time.Time { return clock })
	for _, text := range []string{"", "{", "[]", `{"alerts":7}`} {
		if code := deliver(t, r, secret, "m", text); code != http.StatusBadRequest {
			t.Errorf("%q is answered %d", text, code)
		}
	}
	if code := deliver(t, r, secret, "m", strings.Repeat("x", maxBody+1)); code != http.StatusBadRequest {
		t.Errorf("a body beyond the limit is answered %d", code)
	}
	if n := len(r.Refused()); n != 5 || len(r.Messages()) != 0 {
		t.Errorf("%d refused, %d kept", n, len(r.Messages()))
	}
}

// TestCopies: what callers get does not change under them.
func TestCopies(t *testing.T) {
	r, secret := New(func() time.Time { return clock })
	deliver(t, r, secret, "m1", body)
	r.refuse(errors.New("one"))
	messages, refused := r.Messages(), r.Refused()
	deliver(t, r, secret, "m1", body)
	r.refuse(errors.New("two"))
	if messages[0].Repeats != 0 || r.Messages()[0].Repeats != 1 {
		t.Errorf("repeats %d then, %d now", messages[0].Repeats, r.Messages()[0].Repeats)
	}
	if diff := cmp.Diff([]string{"one"}, refused); diff != "" {
		t.Error(diff)
	}
}

func TestManyAtOnce(t *testing.T) {
	r, secret := New(func() time.Time { return clock })
	var senders sync.WaitGroup
	for i := range 8 {
		senders.Go(func() {
			for range 5 {
				deliver(t, r, secret, fmt.Sprintf("m%d", i), body)
			}
		})
	}
	senders.Wait()
	total := 0
	for _, m := range r.Messages() {
		total += 1 + m.Repeats
	}
	if len(r.Messages()) != 8 || total != 40 {
		t.Errorf("%d messages, %d deliveries", len(r.Messages()), total)
	}
}

// TestBoundedMemory: a sender gone wild is forgotten, not kept for ever.
func TestBoundedMemory(t *testing.T) {
	r, _ := New(time.Now)
	for range maxKept + 10 {
		r.refuse(errors.New("x"))
	}
	if n := len(r.Refused()); n != maxKept {
		t.Errorf("%d refusals kept, at most %d are", n, maxKept)
	}
}
