package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

const body = `{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"slo":"web","severity":"page"},"startsAt":"2026-01-02T03:04:05Z"}]}`

var clock = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func sign(t *testing.T, secret, id, stamp, body string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func post(r *Receiver, headers map[string]string, body string) int {
	req := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body))
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w.Code
}

// TestSpecificationVector is the example of the Standard Webhooks text.
func TestSpecificationVector(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	r := &Receiver{key: key, now: func() time.Time { return time.Unix(1614265330, 0) }}
	h := http.Header{}
	h.Set("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
	h.Set("webhook-timestamp", "1614265330")
	h.Set("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	if err := r.verify(h, []byte(`{"test": 2432232314}`)); err != nil {
		t.Error(err)
	}
}

func TestReceiver(t *testing.T) {
	r, secret := New(func() time.Time { return clock })
	stamp := strconv.FormatInt(clock.Unix(), 10)
	old := strconv.FormatInt(clock.Add(-time.Hour).Unix(), 10)
	good := sign(t, secret, "m1", stamp, body)
	for _, tc := range []struct {
		name      string
		id, stamp string
		signature string
		body      string
		want      int
	}{
		{"good", "m1", stamp, good, body, 204},
		{"repeat", "m1", stamp, good, body, 204},
		{"second key of two", "m2", stamp, "v1,AAAA " + sign(t, secret, "m2", stamp, body), body, 204},
		{"other body", "m3", stamp, good, `{}`, 400},
		{"other id", "m4", stamp, good, body, 400},
		{"no version", "m5", stamp, strings.TrimPrefix(sign(t, secret, "m5", stamp, body), "v1,"), body, 400},
		{"old", "m6", old, sign(t, secret, "m6", old, body), body, 400},
		{"no timestamp", "m7", "", good, body, 400},
		{"not JSON", "m8", stamp, sign(t, secret, "m8", stamp, "x"), "x", 400},
	} {
		headers := map[string]string{"webhook-id": tc.id, "webhook-timestamp": tc.stamp, "webhook-signature": tc.signature}
		if got := post(r, headers, tc.body); got != tc.want {
			t.Errorf("%s: status %d, want %d", tc.name, got, tc.want)
		}
	}
	if n := len(r.Refused()); n != 6 {
		t.Errorf("%d refusals, want 6: %v", n, r.Refused())
	}
	list := r.Messages()
	if len(list) != 2 || list[0].Repeats != 1 || list[1].Repeats != 0 {
		t.Errorf("messages %+v", list)
	}
	if m, ok := r.Find("m1", "web", "firing"); !ok || m.ID != "m1" || !m.ReceivedAt.Equal(clock) {
		t.Errorf("found %+v, %v", m, ok)
	}
	for _, other := range [][3]string{{"m1", "web", "resolved"}, {"m1", "shop", "firing"}, {"m3", "web", "firing"}} {
		if _, ok := r.Find(other[0], other[1], other[2]); ok {
			t.Errorf("found %v, which never came", other)
		}
	}
}
