package mapping

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/page"
	"github.com/plimsoll-mesh/plimsoll/internal/golden"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// labelMap is a Labels.
type labelMap map[string]string

func (m labelMap) Get(name string) string { return m[name] }

// parse reads `name{a="b",c="d"}`, without escapes.
func parse(t *testing.T, series string) (name string, labels labelMap) {
	t.Helper()
	name, rest, _ := strings.Cut(series, "{")
	labels = labelMap{}
	for pair := range strings.SplitSeq(strings.TrimSuffix(rest, "}"), ",") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			labels[key] = strings.Trim(value, `"`)
		}
	}
	return name, labels
}

func TestEnvoy(t *testing.T) {
	cluster := func(object, name string) Stat {
		return Stat{Scope: record.ScopeCluster, Object: object, Name: name}
	}
	gauge := func(s Stat) Stat { s.Kind = record.StatGauge; return s }
	always := func(s Stat) Stat { s.Pace = Always; return s }
	slow := func(s Stat) Stat { s.Pace = Slow; return s }
	for _, test := range []struct {
		series string
		want   Stat
	}{
		{`envoy_cluster_upstream_rq_retry{envoy_cluster_name="a"}`, cluster("a", "upstream_rq_retry")},
		{`envoy_cluster_upstream_rq_total{envoy_cluster_name="outbound;9080;;ratings_shop"}`, cluster("outbound;9080;;ratings_shop", "upstream_rq_total")},
		{`envoy_cluster_circuit_breakers_default_rq_open{envoy_cluster_name="a"}`, gauge(cluster("a", "circuit_breakers.default.rq_open"))},
		{`envoy_cluster_circuit_breakers_high_cx_pool_open{envoy_cluster_name="a"}`, gauge(cluster("a", "circuit_breakers.high.cx_pool_open"))},
		{`envoy_cluster_outlier_detection_ejections_active{envoy_cluster_name="a"}`, gauge(cluster("a", "outlier_detection.ejections_active"))},
		{`envoy_cluster_ssl_fail_verify_san{envoy_cluster_name="a"}`, cluster("a", "ssl.fail_verify_san")},
		{`envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="in"}`, always(Stat{Scope: record.ScopeHTTP, Object: "in", Name: "downstream_rq_total"})},
		{`envoy_http_downstream_rq_active{envoy_http_conn_manager_prefix="in"}`, always(gauge(Stat{Scope: record.ScopeHTTP, Object: "in", Name: "downstream_rq_active"}))},
		{`envoy_http_downstream_rq_too_many_premature_resets{envoy_http_conn_manager_prefix="in"}`, Stat{Scope: record.ScopeHTTP, Object: "in", Name: "downstream_rq_too_many_premature_resets"}},
		{`envoy_access_logs_grpc_access_log_logs_written{}`, always(Stat{Scope: record.ScopeLog, Object: "grpc_access_log", Name: "logs_written"})},
		{`envoy_access_logs_open_telemetry_access_log_logs_dropped`, always(Stat{Scope: record.ScopeLog, Object: "open_telemetry_access_log", Name: "logs_dropped"})},
		{`envoy_access_logs_open_telemetry_access_log_mesh_logs_dropped`, always(Stat{Scope: record.ScopeLog, Object: "open_telemetry_access_log.mesh", Name: "logs_dropped"})},
		{`envoy_server_memory_allocated{}`, slow(gauge(Stat{Scope: record.ScopeServer, Name: "memory_allocated"}))},
		{`envoy_server_concurrency{}`, gauge(Stat{Scope: record.ScopeServer, Name: "concurrency"})},
		{`envoy_listener_downstream_cx_total{envoy_listener_address="127.0.0.1_80"}`, Stat{Scope: record.ScopeListener, Object: "127.0.0.1_80", Name: "downstream_cx_total"}},

		// A tag's value is part of the name.
		{`envoy_cluster_upstream_rq{envoy_response_code="503",envoy_cluster_name="a"}`, cluster("a", "upstream_rq_503")},
		{`envoy_cluster_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="a"}`, cluster("a", "upstream_rq_5xx")},
		{`envoy_http_downstream_rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="in"}`, Stat{Scope: record.ScopeHTTP, Object: "in", Name: "downstream_rq_2xx"}},

		// A name with a dot, as Envoy's default tags leave it.
		{`envoy_cluster_shop_upstream_rq_total{envoy_cluster_name="outbound|80||ratings"}`, cluster("outbound|80||ratings.shop", "upstream_rq_total")},
		{`envoy_cluster_shop_upstream_rq{envoy_response_code="200",envoy_cluster_name="outbound|80||ratings"}`, cluster("outbound|80||ratings.shop", "upstream_rq_200")},
		{`envoy_cluster_my_ns_svc_cluster_local_upstream_rq_retry{envoy_cluster_name="outbound|80||ratings"}`, cluster("outbound|80||ratings.my_ns_svc_cluster_local", "upstream_rq_retry")},
		{`envoy_cluster_external_upstream_rq_total{envoy_cluster_name="a"}`, cluster("a.external", "upstream_rq_total")}, // a namespace: Envoy has no such part
		{`envoy_listener_sock_downstream_cx_active{envoy_listener_address="/run/outbound"}`, gauge(Stat{Scope: record.ScopeListener, Object: "/run/outbound.sock", Name: "downstream_cx_active"})},

		// Other names for the same.
		{`cluster_upstream_rq_retry{cluster_name="a"}`, cluster("a", "upstream_rq_retry")},
		{`envoy_cluster_upstream_rq_xx{response_code_class="5",cluster_name="a"}`, cluster("a", "upstream_rq_5xx")},
		{`envoy_cluster_upstream_rq_retry_total{envoy_cluster_name="a"}`, cluster("a", "upstream_rq_retry")},
		{`envoy_http_downstream_rq_xx_total{envoy_response_code_class="5",envoy_http_conn_manager_prefix="in"}`, Stat{Scope: record.ScopeHTTP, Object: "in", Name: "downstream_rq_5xx"}},
	} {
		place, verdict := envoy(parse2(parse(t, test.series)))
		if verdict != Mapped || place != (Place{Stat: test.want}) {
			t.Errorf("%s:\n got %+v (%v)\nwant %+v", test.series, place, verdict, test.want)
		}
	}
}

// parse2 makes an argument list of parse's results.
func parse2(name string, labels labelMap) (string, Labels) { return name, labels }

func TestEnvoyRefusals(t *testing.T) {
	for _, test := range []struct {
		series string
		want   Verdict
	}{
		{`envoy_cluster_external_upstream_rq{envoy_response_code="200",envoy_cluster_name="a"}`, Repeat},
		{`envoy_cluster_internal_upstream_rq_xx{envoy_response_code_class="2",envoy_cluster_name="a"}`, Repeat},
		{`envoy_cluster_shop_external_upstream_rq_completed{envoy_cluster_name="a"}`, Repeat},
		{`envoy_cluster_canary_upstream_rq_completed{envoy_cluster_name="a"}`, Repeat},
		{`envoy_cluster_retry_upstream_rq{envoy_response_code="503",envoy_cluster_name="a"}`, Repeat},
		{`envoy_cluster_zone_a_b_upstream_rq{envoy_response_code="503",envoy_cluster_name="a"}`, Repeat},
		{`envoy_cluster_shop_zone_a_b_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="a"}`, Repeat},
		{`envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="admin"}`, Repeat},
		{`envoy_listener_admin_downstream_cx_total`, Repeat},
		{`envoy_listener_worker_downstream_cx_total{envoy_worker_id="0",envoy_listener_address="a"}`, Repeat},
		{`envoy_listener_sock_worker_downstream_cx_total{envoy_worker_id="0",envoy_listener_address="a"}`, Repeat},
		{`envoy_listener_http_downstream_rq_xx{envoy_response_code_class="5",envoy_listener_address="a"}`, Repeat},

		{``, Unmapped},
		{`envoy_`, Unmapped},
		{`envoy_cluster_`, Unmapped},
		{`go_goroutines`, Unmapped},
		{`envoy_cluster_upstream_rq_total`, Unmapped}, // of which cluster?
		{`envoy_cluster_upstream_rq{envoy_cluster_name="a"}`, Unmapped},
		{`envoy_cluster_upstream_rq{envoy_response_code="5 03",envoy_cluster_name="a"}`, Unmapped},
		{`envoy_cluster_upstream_rq{envoy_response_code="9999",envoy_cluster_name="a"}`, Unmapped},
		{`envoy_cluster_upstream_rq_time_bucket{le="1",envoy_cluster_name="a"}`, Unmapped},
		{`envoy_cluster_circuit_breakers_default_remaining_rq{envoy_cluster_name="a"}`, Unmapped},
		{`envoy_vhost_vcluster_upstream_rq_total{envoy_virtual_host="a"}`, Unmapped},
		{`envoy_cluster_manager_active_clusters`, Unmapped},
		{`envoy_http_x_downstream_rq_total{envoy_http_conn_manager_prefix="in"}`, Unmapped}, // prefixes have no rest
	} {
		if place, verdict := envoy(parse2(parse(t, test.series))); verdict != test.want || place != (Place{}) {
			t.Errorf("%s: %+v, %v, want %v", test.series, place, verdict, test.want)
		}
	}
}

// TestEnvoyPage holds what is made of a real page. Each place is that of one
// series.
func TestEnvoyPage(t *testing.T) {
	text, err := os.ReadFile("../testdata/envoy-1.40.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	verdicts := map[Verdict]int{}
	places := map[Place]string{}
	_, err = page.Read(bytes.NewReader(text), "text/plain", page.Limits{Bytes: 1 << 20, Samples: 1 << 20}, func(s *page.Series) {
		place, verdict := envoy(s.Name, s)
		verdicts[verdict]++
		if verdict != Mapped {
			return
		}
		if other, twice := places[place]; twice {
			t.Errorf("%s and %s have one place", s.Name, other)
		}
		places[place] = s.Name
		st := place.Stat
		out = append(out, fmt.Sprintf("%v\t%s\t%s\t%v\t%s\n", st.Scope, st.Object, st.Name, st.Kind, s.Name))
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	out = append(out, fmt.Sprintf("mapped %d, repeats %d, unmapped %d\n", verdicts[Mapped], verdicts[Repeat], verdicts[Unmapped]))
	golden.Check(t, "testdata/envoy-1.40.golden", []byte(strings.Join(out, "")))
}

// TestEnvoyTable holds the allow-list to its own form.
func TestEnvoyTable(t *testing.T) {
	for _, f := range families {
		names := 0
		for _, g := range f.groups {
			if g.reason == "" || (g.tagged != "") != strings.Contains(strings.Join(g.names, ""), "*") {
				t.Errorf("%s: group %v has no reason, or a tag without a place for it", f.prefix, g.names)
			}
			names += len(g.names)
		}
		if names != len(f.table) {
			t.Errorf("%s: %d names make %d entries", f.prefix, names, len(f.table))
		}
	}
}
