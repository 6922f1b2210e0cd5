package filexds

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// answering is an admin interface that says one thing to every question.
func answering(t *testing.T, status int, body string) *admin {
	t.Helper()
	socket := filepath.Join(shortDir(t), "a")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return newAdmin(socket)
}

// TestAdminNonsense sees that an answer that is none is an error that tells what
// was asked, and never taken for a confirmation or for a proxy that is away.
func TestAdminNonsense(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"not found":   {http.StatusNotFound, "{}", "status 404"},
		"no JSON":     {http.StatusOK, "no such file or directory", "invalid character"},
		"empty":       {http.StatusOK, "", "unexpected end of JSON input"},
		"other types": {http.StatusOK, `{"entries": 1, "configs": 1, "stats": 1}`, "cannot unmarshal number"},
	} {
		t.Run(name, func(t *testing.T) {
			a := answering(t, tc.status, tc.body)
			_, runtime := a.runtimeValue(t.Context(), "k")
			_, routes := a.routeVersions(t.Context())
			_, refused := a.refused(t.Context(), "x")
			for path, err := range map[string]error{"/runtime": runtime, "/config_dump": routes, "/stats": refused} {
				if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), tc.want) || isAway(err) {
					t.Errorf("error of %s = %v, want %q", path, err, tc.want)
				}
			}
		})
	}
}

// TestAdminAnswers reads what Envoy 1.40 says.
func TestAdminAnswers(t *testing.T) {
	a := answering(t, http.StatusOK, `{
		"layers": ["static", "tune", "admin"],
		"entries": {"k": {"layer_values": ["", "v1", ""], "final_value": "v1"}},
		"configs": [
			{"@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump.DynamicRouteConfig", "version_info": "va", "route_config": {"name": "a"}},
			{"version_info": "vb", "route_config": {"name": "b"}}],
		"stats": [{"name": "http.x.rds.a.update_rejected", "value": 2}, {"name": "http.x.rds.b.update_rejected", "value": 1}]}`)
	if got, err := a.runtimeValue(t.Context(), "k"); got != "v1" || err != nil {
		t.Errorf("runtime key = %q, %v", got, err)
	}
	if got, err := a.runtimeValue(t.Context(), "none"); got != "" || err != nil {
		t.Errorf("runtime key that no layer has = %q, %v", got, err)
	}
	if got, err := a.routeVersions(t.Context()); len(got) != 2 || got["a"] != "va" || got["b"] != "vb" || err != nil {
		t.Errorf("route versions = %v, %v", got, err)
	}
	if got, err := a.refused(t.Context(), routesRefused); got != 3 || err != nil {
		t.Errorf("refusals = %d, %v, want those of all routes", got, err)
	}
}
