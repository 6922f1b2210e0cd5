package httpd

import (
	"crypto/subtle"
	"net"
	"net/http"
)

// RequireKey guards a handler on a TCP listener. The key is the password of the
// user "default", given as X-ClickHouse-Key, HTTP basic authentication or
// password=. A browser is kept out altogether: requests with an Origin are
// refused, and so are those whose Host is a name that a foreign site could
// point at this machine.
func RequireKey(key string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Origin") != "" || !numericHost(r.Host):
			http.Error(w, "requests of web pages are refused", http.StatusForbidden)
		case !authentic(r, key):
			writeException(w, exceptionf(codeAuthenticationFailed, "AUTHENTICATION_FAILED",
				"default: Authentication failed: password is incorrect, or there is no user with such name"))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// numericHost accepts an IP address or localhost, with or without port.
func numericHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return name == "localhost" || net.ParseIP(name) != nil
}

func authentic(r *http.Request, key string) bool {
	user, password := credentials(r)
	return (user == "" || user == "default") && subtle.ConstantTimeCompare([]byte(password), []byte(key)) == 1
}

func credentials(r *http.Request) (user, password string) {
	if user, password, ok := r.BasicAuth(); ok {
		return user, password
	}
	if key := r.Header.Get("X-ClickHouse-Key"); key != "" {
		return r.Header.Get("X-ClickHouse-User"), key
	}
	values := r.URL.Query()
	return values.Get("user"), values.Get("password")
}
