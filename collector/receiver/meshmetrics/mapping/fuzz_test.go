package mapping

import (
	"slices"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/record"
)

func TestSources(t *testing.T) {
	if got := Sources(); !slices.Equal(got, []string{"envoy", "istio"}) {
		t.Errorf("sources %v", got)
	}
	for _, source := range Sources() {
		if m, ok := For(source); !ok || m.Source != source || m.Map == nil {
			t.Errorf("source %s: %+v, %v", source, m, ok)
		}
	}
	if _, ok := For("linkerd"); ok {
		t.Error("there is a mapping for linkerd")
	}
}

// anyLabels answers every question with one text, or with none.
type anyLabels struct{ name, value, rest string }

func (l anyLabels) Get(name string) string {
	if name == l.name {
		return l.value
	}
	return l.rest
}

// FuzzMappings asks all mappings for any series: they do not panic, answer
// alike twice, and what has a place can be stored under it.
func FuzzMappings(f *testing.F) {
	f.Add("envoy_cluster_upstream_rq", "envoy_response_code", "503", "a")
	f.Add("envoy_cluster_shop_external_upstream_rq_xx", "response_code_class", "5", "ratings")
	f.Add("envoy_listener_sock_worker_downstream_cx_total", "envoy_listener_address", "/run/x", "")
	f.Add("envoy_access_logs_open_telemetry_access_log__logs_written", "", "", "")
	f.Add("envoy_cluster__upstream_rq_total", "envoy_cluster_name", "", "x")
	f.Add("istio_requests_total", "reporter", "source", "unknown")
	f.Add("istio_request_duration_milliseconds_bucket", "le", "1e300", "destination")
	f.Add("istio_requests_total", "response_flags", ",,UO,-,", "waypoint")
	f.Fuzz(func(t *testing.T, name, label, value, rest string) {
		labels := anyLabels{label, value, rest}
		for _, m := range all() {
			place, verdict := m.Map(name, labels)
			if again, v := m.Map(name, labels); again != place || v != verdict {
				t.Fatalf("%s %s: %+v, then %+v", m.Source, name, place, again)
			}
			switch {
			case verdict != Mapped && place != (Place{}):
				t.Errorf("%s %s has a place without being mapped: %+v", m.Source, name, place)
			case verdict == Mapped && place.Field == NoField:
				checkStat(t, name, place.Stat)
			case verdict == Mapped:
				if e := place.Edge; e.Src.ID == "" || e.Dst.ID == "" || e.Vantage == record.VantageUnknown {
					t.Errorf("%s %s: an edge of nobody: %+v", m.Source, name, e)
				}
			}
		}
	})
}

func checkStat(t *testing.T, name string, s Stat) {
	t.Helper()
	if s.Name == "" || s.Scope != record.ScopeServer && s.Object == "" {
		t.Errorf("%s has no name to store it under: %+v", name, s)
	}
	for _, c := range s.Name {
		if c != '_' && c != '.' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			t.Errorf("%s is stored under the odd name %q", name, s.Name)
		}
	}
}
