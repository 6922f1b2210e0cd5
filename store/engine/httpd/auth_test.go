package httpd

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestRequireKey(t *testing.T) {
	const key = "0123456789abcdef"
	tests := []struct {
		name   string
		change func(*http.Request)
		status int
	}{
		{"no key", func(*http.Request) {}, 403},
		{"header", func(r *http.Request) { r.Header.Set("X-ClickHouse-Key", key) }, 200},
		{"header and user", func(r *http.Request) {
			r.Header.Set("X-ClickHouse-User", "default")
			r.Header.Set("X-ClickHouse-Key", key)
		}, 200},
		{"another user", func(r *http.Request) {
			r.Header.Set("X-ClickHouse-User", "root")
			r.Header.Set("X-ClickHouse-Key", key)
		}, 403},
		{"basic", func(r *http.Request) { r.SetBasicAuth("default", key) }, 200},
		{"basic with a wrong key", func(r *http.Request) { r.SetBasicAuth("default", key+"0") }, 403},
		{"url", func(r *http.Request) { r.URL.RawQuery = "user=default&password=" + key }, 200},
		{"url with an empty key", func(r *http.Request) { r.URL.RawQuery = "user=default&password=" }, 403},
		{"a web page with the key", func(r *http.Request) {
			r.Header.Set("X-ClickHouse-Key", key)
			r.Header.Set("Origin", "http://127.0.0.1:21000")
		}, 403},
		{"a name that was bound to this machine", func(r *http.Request) {
			r.Header.Set("X-ClickHouse-Key", key)
			r.Host = "evil.example:21000"
		}, 403},
		{"localhost", func(r *http.Request) {
			r.Header.Set("X-ClickHouse-Key", key)
			r.Host = "localhost:21000"
		}, 200},
		{"an IPv6 address", func(r *http.Request) {
			r.Header.Set("X-ClickHouse-Key", key)
			r.Host = "[::1]:21000"
		}, 200},
	}
	guarded := RequireKey(key, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.Host = "127.0.0.1:21000"
			tt.change(r)
			w := httptest.NewRecorder()
			guarded.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("status = %d, want %d", w.Code, tt.status)
			}
		})
	}
}

func TestRequireKeyNamesTheException(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Host = "127.0.0.1"
	w := httptest.NewRecorder()
	RequireKey("k", nil).ServeHTTP(w, r)
	if got := w.Header().Get("X-ClickHouse-Exception-Code"); got != "516" {
		t.Errorf("exception code = %q, want 516", got)
	}
}
