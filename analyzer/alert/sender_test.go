package alert

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert/webhook"
)

// post sends one message over real HTTP to a handler.
func postTo(t *testing.T, path string, h http.HandlerFunc) result {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	s, err := newSender(Target{Name: "a", URL: server.URL + path, SecretFile: secretFile(t)}, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer s.client.CloseIdleConnections()
	return s.send(t.Context(), &message{id: "msg_1", body: []byte(`{"a":1}`)})
}

func TestSend(t *testing.T) {
	secret, err := webhook.ParseSecret(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	got := postTo(t, "/hook?x=1", func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		if err := secret.Verify(req.Header, body, time.Now()); err != nil {
			t.Error(err)
		}
		if req.Method != http.MethodPost || req.URL.String() != "/hook?x=1" || req.Header.Get("Content-Type") != "application/json" || req.ContentLength != 7 {
			t.Errorf("request %s %s %v", req.Method, req.URL, req.Header)
		}
		w.WriteHeader(http.StatusAccepted)
	})
	if got.state != delivered {
		t.Errorf("result = %+v", got)
	}
}

func TestSendFollowsNoRedirect(t *testing.T) {
	got := postTo(t, "/", func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/" {
			t.Errorf("followed to %s", req.URL)
		}
		http.Redirect(w, req, "/elsewhere", http.StatusTemporaryRedirect)
	})
	if got.state != dead || got.seen {
		t.Errorf("result = %+v, want dead", got)
	}
}

// TestSendReadsLittle: an answer without end does not hold the sender.
func TestSendReadsLittle(t *testing.T) {
	got := postTo(t, "/", func(w http.ResponseWriter, _ *http.Request) {
		chunk := []byte(strings.Repeat("x", 32<<10))
		for {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	if got.state != delivered {
		t.Errorf("result = %+v", got)
	}
}

func TestSendToABrokenReceiver(t *testing.T) {
	got := postTo(t, "/", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if got.state != pending || !got.seen {
		t.Errorf("result of a cut connection = %+v, want pending, perhaps seen", got)
	}
	server := httptest.NewServer(nil)
	server.Close() // nobody listens there now
	s, err := newSender(Target{Name: "a", URL: server.URL, SecretFile: secretFile(t)}, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	got = s.send(t.Context(), &message{id: "m"})
	if got.state != pending || got.seen {
		t.Errorf("result of a refused connection = %+v, want pending, not seen", got)
	}
}
