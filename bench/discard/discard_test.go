package discard

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// TestServer sends an insert, which must not arrive at the engine, and a query,
// which must.
func TestServer(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "engine.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	engine := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.URL.Query().Get("query")+string(body))
		_, _ = io.WriteString(w, "engine says so")
	})}
	go func() { _ = engine.Serve(l) }()
	defer engine.Close()
	s, err := Serve(socket)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()

	post := func(query, body string) string {
		t.Helper()
		resp, err := http.Post(s.URL+"/?query="+url.QueryEscape(query), "", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.Status + " " + string(text)
	}
	if got := post("insert into t (a) FORMAT Native", "12345"); got != "200 OK " {
		t.Errorf("an insert is answered %q", got)
	}
	if got := post("", "SELECT 1"); got != "200 OK engine says so" {
		t.Errorf("a query is answered %q", got)
	}
	if got := post("INSERTS", ""); got != "200 OK engine says so" {
		t.Errorf("what only begins like an insert is answered %q", got)
	}
	if inserts, bytes := s.Taken(); inserts != 1 || bytes != 5 {
		t.Errorf("taken %d inserts of %d bytes, want 1 of 5", inserts, bytes)
	}
	if len(asked) != 2 {
		t.Errorf("the engine was asked %q", asked)
	}
}
