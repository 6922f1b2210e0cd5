package httpd

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzParseRequest checks of any request what safety rests on: a GET is
// read-only, a setting's name is a name, and a body that is a statement's data
// comes through whole.
func FuzzParseRequest(f *testing.F) {
	f.Add("query=SELECT+1&readonly=0", "", true)
	f.Add("param_a=1&max_threads=2", "SELECT {a:UInt8}", false)
	f.Add("query=INSERT+INTO+t+FORMAT+CSV&decompress=1", "1,2", false)
	f.Add("query=INSERT+INTO+t+VALUES", "(1)", false)
	f.Add("a;b=%zz&=&session_id=", "\x00;", true)
	f.Fuzz(func(t *testing.T, query, body string, get bool) {
		method := http.MethodPost
		if get {
			method = http.MethodGet
		}
		r := httptest.NewRequest(method, "/", strings.NewReader(body))
		r.URL = &url.URL{Path: "/", RawQuery: query}
		req, err := parseRequest(r)
		if err != nil {
			return
		}
		if readonly := req.session.Settings["readonly"]; get && readonly != "1" && readonly != "2" {
			t.Fatalf("GET with readonly = %q", readonly)
		}
		for name := range req.session.Settings {
			if !settingName.MatchString(name) {
				t.Fatalf("setting %q", name)
			}
		}
		if !req.statement.TakesData || req.whole || flag(req.values, "decompress") {
			return
		}
		data, err := io.ReadAll(req.data)
		if err != nil || !strings.HasSuffix(string(data), body) {
			t.Fatalf("data = %q, %v, want the body %q at its end", data, err, body)
		}
	})
}
