package alert

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert/format"
)

// private writes a file that only its owner may read.
func private(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTargetErrors(t *testing.T) {
	good := Target{Name: "a", URL: "https://example.org", SecretFile: "s"}
	for _, tc := range []struct {
		edit func(*Target)
		want string
	}{
		{func(*Target) {}, ""},
		{func(t *Target) { t.Format = "fax" }, `[0].format: unknown format "fax": use one of alertmanager, cloudevents, opsgenie, pagerduty, plimsoll, slack, teams` + "\n[0].secret_file: has no use here: this format is not signed"},
		{func(t *Target) { t.Format, t.URL, t.SecretFile = format.PagerDuty, "", "" }, "[0].key_file: is missing"},
		{func(t *Target) { t.Format, t.SecretFile, t.KeyFile = format.Slack, "", "k" }, "[0].key_file: has no use here: only pagerduty and opsgenie have a key"},
		{func(t *Target) { t.Format, t.SecretFile, t.URL = format.Slack, "", "" }, "[0].url: is missing"},
		{func(t *Target) { t.BearerFile, t.Basic = "b", &Basic{"u", "p"} }, "[0].basic: stands beside bearer_file: a request has one Authorization header"},
		{func(t *Target) { t.Basic = &Basic{} }, "[0].basic.username: is missing\n[0].basic.password_file: is missing"},
		{func(t *Target) { t.TLS = &TLS{CertFile: "c"} }, "[0].tls.cert_file: a certificate needs its key_file, and a key its cert_file"},
		{func(t *Target) { t.Escalate = &Escalate{To: "a"} }, `[0].escalate.to: "a" is not another target`},
		{func(t *Target) { t.Escalate = &Escalate{To: "b", After: 1} }, "[0].escalate.after: 1ns is not between 1s and 72h0m0s\n" + `[0].escalate.to: "b" is not another target`},
	} {
		target := good
		tc.edit(&target)
		var got []string
		CheckTargets([]Target{target}, func(field string, err error) { got = append(got, field+": "+err.Error()) })
		if text := strings.Join(got, "\n"); text != tc.want {
			t.Errorf("got:\n%s\nwant:\n%s", text, tc.want)
		}
	}
}

func TestFiles(t *testing.T) {
	target := Target{SecretFile: "s", Auth: Auth{Basic: &Basic{"u", "p"}, TLS: &TLS{CAFile: "ca"}}}
	for _, p := range target.Files() {
		*p = "/x/" + *p
	}
	if target.SecretFile != "/x/s" || target.Basic.PasswordFile != "/x/p" || target.TLS.CAFile != "/x/ca" || target.KeyFile+target.TLS.KeyFile != "" {
		t.Errorf("target %+v %+v %+v", target, target.Basic, target.TLS)
	}
}

// capture sends one message to a receiver on this machine and returns what it
// got.
func capture(t *testing.T, target Target, m *message, answer string) (result, *http.Request, string) {
	t.Helper()
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		got = req
		body, _ = io.ReadAll(req.Body)
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	target.URL = server.URL
	s, err := newSender(target, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer s.client.CloseIdleConnections()
	return s.send(t.Context(), m), got, string(body)
}

func TestSendInEachFormat(t *testing.T) {
	key := private(t, "key-1\n")
	fires, ends := &message{id: "m", incident: "inc_1", event: firing, body: []byte(`{"a":1}`)}, &message{id: "m", incident: "inc_1", event: resolved, body: []byte(`{"a":1}`)}
	for _, tc := range []struct {
		name   string
		target Target
		m      *message
		answer string
		want   string // state, path, Authorization, Content-Type, body
	}{
		{"bearer", Target{SecretFile: secretFile(t), Auth: Auth{BearerFile: key}}, fires, "", `delivered / Bearer key-1 application/json {"a":1}`},
		{"basic", Target{SecretFile: secretFile(t), Auth: Auth{Basic: &Basic{"me", key}}}, fires, "", `delivered / Basic bWU6a2V5LTE= application/json {"a":1}`},
		{"cloudevents", Target{Format: format.CloudEvents, SecretFile: secretFile(t)}, fires, "", `delivered /  application/cloudevents+json {"a":1}`},
		{"pagerduty", Target{Format: format.PagerDuty, KeyFile: key}, fires, "", `delivered /  application/json {"routing_key":"key-1","a":1}`},
		{"opsgenie", Target{Format: format.Opsgenie, KeyFile: key}, fires, "", `delivered / GenieKey key-1 application/json {"a":1}`},
		{"opsgenie closes", Target{Format: format.Opsgenie, KeyFile: key}, ends, "", `delivered /inc_1/close?identifierType=alias GenieKey key-1 application/json {"a":1}`},
		{"slack", Target{Format: format.Slack}, fires, "ok", `delivered /  application/json {"a":1}`},
		{"slack's API", Target{Format: format.Slack}, fires, `{"ok":true}`, `delivered /  application/json {"a":1}`},
		{"slack refuses", Target{Format: format.Slack}, fires, `{"ok":false,"error":"no_text"}`, `dead /  application/json {"a":1}`},
		{"no slack", Target{Format: format.Slack}, fires, "<html>", `dead /  application/json {"a":1}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, req, body := capture(t, tc.target, tc.m, tc.answer)
			got := strings.Join([]string{r.state, req.URL.String(), req.Header.Get("Authorization"), req.Header.Get("Content-Type"), body}, " ")
			if got != tc.want {
				t.Errorf("got  %s (%s)\nwant %s", got, r.err, tc.want)
			}
			if signed := req.Header.Get("webhook-signature") != ""; signed != tc.target.Format.Signed() {
				t.Errorf("signed: %v", signed)
			}
			if !json.Valid([]byte(body)) {
				t.Errorf("no JSON: %s", body)
			}
		})
	}
}

// TestForbiddenAddress: a name that leads to this machine is refused for good.
func TestForbiddenAddress(t *testing.T) {
	s, err := newSender(Target{Format: format.Slack, URL: "http://ip6-localhost:1/secret-path"}, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	r := s.send(t.Context(), &message{id: "m"})
	if strings.Contains(r.err, "secret-path") || r.seen {
		t.Errorf("result %+v", r)
	}
	s, err = newSender(Target{Format: format.Slack, URL: "http://169.254.169.254/latest"}, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if r := s.send(t.Context(), &message{id: "m"}); r.state != dead || r.seen || !strings.Contains(r.err, "metadata services are never dialled") {
		t.Errorf("result %+v", r)
	}
}

// TestTLS: the receiver's own CA is believed, and nobody else's.
func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	defer server.Close()
	ca := private(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	for file, want := range map[string]string{ca: delivered, "": pending} {
		s, err := newSender(Target{Format: format.Slack, URL: server.URL, Auth: Auth{TLS: &TLS{CAFile: file, ServerName: "example.com"}}}, nil, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if r := s.send(t.Context(), &message{id: "m"}); r.state != want {
			t.Errorf("with CA %q: %+v, want %s", file, r, want)
		}
		s.client.CloseIdleConnections()
	}
}

func TestSecretFilesRefused(t *testing.T) {
	open := private(t, "x")
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		open:               "its mode is 0644, others may read it; chmod 600 it",
		private(t, ""):     "it must hold one line",
		private(t, "a\nb"): "it must hold one line",
		"/nonexistent":     "no such file",
	} {
		_, err := newSender(Target{Format: format.PagerDuty, KeyFile: file}, nil, time.Now)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error of %s = %v, want %s", file, err, want)
		}
	}
	if _, err := newSender(Target{Format: format.Slack, URL: "https://x", Auth: Auth{TLS: &TLS{CAFile: private(t, "x")}}}, nil, time.Now); err == nil || !strings.Contains(err.Error(), "it holds no certificate") {
		t.Errorf("error = %v", err)
	}
}
