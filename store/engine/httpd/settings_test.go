package httpd

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
)

func TestSplitQuery(t *testing.T) {
	values, err := url.ParseQuery("query=SELECT+1&database=d&default_format=Native&query_id=q&user=u&password=p&compress=1&decompress=1" +
		"&buffer_size=0&wait_end_of_query=1&client_protocol_version=54460&param_a=1&param_=x&max_threads=3&readonly=1&max_threads=4")
	if err != nil {
		t.Fatal(err)
	}
	settings, params, err := splitQuery(values)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"max_threads": "3", "readonly": "1"}, settings); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(chdb.Params{"a": "1", "": "x"}, params); diff != "" {
		t.Errorf("params (-want +got):\n%s", diff)
	}
}

func TestSplitQueryRefusesWhatIsNoName(t *testing.T) {
	for _, name := range []string{"a=1, readonly", "a b", "a'", "1a", "ä", "a-b", "a\x00"} {
		_, _, err := splitQuery(url.Values{name: {"1"}})
		if e := toException(err, "v"); err == nil || e.Code != codeUnknownSetting {
			t.Errorf("name %q: %v, want exception %d", name, err, codeUnknownSetting)
		}
	}
}

func TestRestrictKeepsReadersFromWriting(t *testing.T) {
	tests := []struct {
		method, given, want string
	}{
		{http.MethodPost, "", ""},
		{http.MethodPost, "0", "0"},
		{http.MethodGet, "", "2"},
		{http.MethodGet, "0", "2"},
		{http.MethodGet, "1", "1"},
		{http.MethodGet, "2", "2"},
		{http.MethodGet, " 0", "2"},
		{http.MethodHead, "", "2"},
	}
	for _, tt := range tests {
		settings := map[string]string{}
		if tt.given != "" {
			settings["readonly"] = tt.given
		}
		restrict(tt.method, settings)
		if got := settings["readonly"]; got != tt.want {
			t.Errorf("%s readonly=%q: %q, want %q", tt.method, tt.given, got, tt.want)
		}
	}
}
