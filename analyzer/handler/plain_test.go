package handler

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1/observev1connect"
)

func TestPlainNeedsAToken(t *testing.T) {
	dir := t.TempDir()
	tokens, err := LoadTokens(dir)
	if err != nil {
		t.Fatal(err)
	}
	viewer := read(t, dir, "viewer.token")
	server := httptest.NewServer(plain(tokens, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := r.Context().Deadline(); !ok {
			t.Error("the call has no deadline")
		}
	})))
	defer server.Close()
	for name, c := range map[string]struct {
		authorize func(*http.Request)
		want      int
	}{
		"none":         {func(*http.Request) {}, http.StatusUnauthorized},
		"bearer":       {func(r *http.Request) { r.Header.Set("Authorization", "bearer "+viewer) }, http.StatusOK},
		"password":     {func(r *http.Request) { r.SetBasicAuth("gate", viewer) }, http.StatusOK},
		"wrong bearer": {func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, http.StatusUnauthorized},
		"wrong scheme": {func(r *http.Request) { r.Header.Set("Authorization", "Digest "+viewer) }, http.StatusUnauthorized},
		"as user":      {func(r *http.Request) { r.SetBasicAuth(viewer, "") }, http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			c.authorize(req)
			answer, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != c.want {
				t.Errorf("status %d, want %d", answer.StatusCode, c.want)
			}
		})
	}
}

// limited is a writer with limits on the time of a call.
type limited struct {
	http.ResponseWriter
	lifted int
}

func (l *limited) SetReadDeadline(t time.Time) error  { return l.set(t) }
func (l *limited) SetWriteDeadline(t time.Time) error { return l.set(t) }

func (l *limited) set(t time.Time) error {
	if t.IsZero() {
		l.lifted++
	}
	return nil
}

// TestOnlyStreamsAreEndless: the limits of the server stay for every other call.
func TestOnlyStreamsAreEndless(t *testing.T) {
	for path, want := range map[string]int{
		observev1connect.ObserveServiceObserveProcedure:     2,
		observev1connect.ObserveServiceOpenRequestProcedure: 0,
	} {
		w := &limited{ResponseWriter: httptest.NewRecorder()}
		served := false
		endless(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served = true })).
			ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
		if w.lifted != want || !served {
			t.Errorf("%s: %d limits lifted, want %d; served %v", path, w.lifted, want, served)
		}
	}
}
