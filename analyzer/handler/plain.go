package handler

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// plain guards a handler that does not speak Connect: it asks for a viewer's
// token and bounds the call. Tools that can set no header send the token as the
// password of basic authentication, which they take from a URL such as
// http://gate:TOKEN@analyzer/.
func plain(tokens *Tokens, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tokens.Role(tokenOf(r)) < RoleViewer {
			w.Header().Set("WWW-Authenticate", `Bearer realm="plimsoll", Basic realm="plimsoll"`)
			http.Error(w, "this call needs the viewer token, as bearer token or as password", http.StatusUnauthorized)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func tokenOf(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// endless lifts the server's limits on the time of a call, for one that streams
// as long as its caller listens. Its own context still ends with the connection.
func endless(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		if strings.HasSuffix(r.URL.Path, "/Observe") {
			c.SetReadDeadline(time.Time{})  //nolint:errcheck // a writer without deadlines has none to lift
			c.SetWriteDeadline(time.Time{}) //nolint:errcheck // likewise
		}
		next.ServeHTTP(w, r)
	})
}
