package httpd

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
)

var settingName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// ownName reports a URL name that belongs to the interface rather than to the
// engine's settings.
func ownName(name string) bool {
	switch name {
	case "", "query", "database", "default_format", "query_id", "quota_key", "user", "password", "role",
		"compress", "decompress", "buffer_size", "wait_end_of_query", "client_protocol_version",
		"session_id", "session_timeout", "session_check", "close_session", "stacktrace", "http_response_headers":
		return true
	}
	return false
}

// splitQuery sorts URL values into settings and statement parameters (param_*).
// A name that no setting could have is refused here: it would become SQL.
func splitQuery(values url.Values) (map[string]string, chdb.Params, error) {
	settings, params := map[string]string{}, chdb.Params{}
	for name, list := range values {
		if param, ok := strings.CutPrefix(name, "param_"); ok {
			params[param] = list[0]
			continue
		}
		if ownName(name) {
			continue
		}
		if !settingName.MatchString(name) {
			return nil, nil, exceptionf(codeUnknownSetting, "UNKNOWN_SETTING", "Unknown setting %q", name)
		}
		settings[name] = list[0]
	}
	return settings, params, nil
}

// restrict makes every method but POST read-only, as a server does: a link or an
// image tag must not be able to write.
func restrict(method string, settings map[string]string) {
	if method != http.MethodPost && settings["readonly"] != "1" {
		settings["readonly"] = "2"
	}
}

// flag reports a URL value that switches something on.
func flag(values url.Values, name string) bool {
	v := values.Get(name)
	return v == "1" || v == "true"
}
