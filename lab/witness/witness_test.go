package witness

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// listen serves h on a unix socket and returns its path.
func listen(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Second}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { srv.Close() })
	return socket
}

func TestEnvoyStats(t *testing.T) {
	socket := listen(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/stats" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "access_logs.grpc_access_log.logs_written: 12\naccess_logs.grpc_access_log.logs_dropped: 1\ncluster.x.upstream_rq_total: 7\nhistogram: P0(1,2) P50(3,4)\n\n")
	})
	s, err := EnvoyStats(context.Background(), socket)
	if err != nil {
		t.Fatal(err)
	}
	if s.LogsWritten() != 12 || s.LogsDropped() != 1 || len(s) != 3 {
		t.Errorf("stats %v", s)
	}
	if err := EnvoyReady(context.Background(), socket); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("readiness of an Envoy that is not: %v", err)
	}
	if sum := s.Add(Stats{"new": 1}).Add(s); sum.LogsWritten() != 24 || sum["new"] != 1 {
		t.Errorf("sum %v", sum)
	}
	if sum := Stats(nil).Add(s); len(sum) != 3 {
		t.Errorf("sum with nothing %v", sum)
	}
	grown := s.Sub(Stats{"cluster.x.upstream_rq_total": 5, "access_logs.grpc_access_log.logs_dropped": 1})
	if diff := cmp.Diff(Stats{"cluster.x.upstream_rq_total": 2, "access_logs.grpc_access_log.logs_written": 12}, grown); diff != "" {
		t.Error(diff)
	}
}

func TestStoredRows(t *testing.T) {
	answer := "front\t100\t140\t2\t243\nback\t1\t0\t0\t1\n"
	socket := listen(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("database") != "lab" {
			t.Errorf("asked database %q", r.URL.Query().Get("database"))
		}
		_, _ = io.WriteString(w, answer)
	})
	got, err := StoredRows(context.Background(), socket, "lab")
	want := []Rows{{Proxy: "front", Requests: 100, Attempts: 140, Doubled: 2, Received: 243}, {Proxy: "back", Requests: 1, Received: 1}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, rows differ (-want +got):\n%s", err, diff)
	}
	for _, answer = range []string{"x\t1\t2\n", "x\ta\tb\tc\td\n", "\n"} {
		if _, err := StoredRows(context.Background(), socket, "lab"); err == nil {
			t.Errorf("no error for the answer %q", answer)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	if _, err := EnvoyStats(context.Background(), filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error without an Envoy")
	}
}

const logText = `{"direction":"outbound","start":"1767323045.000100","duration_us":2500,"code":200,"flags":"-","route":"ratings","peer":"m=lab","dst_workload":"ratings-v1","dst_service":"ratings"}
{"direction":"outbound","start":"1767323045.500000","duration_us":100000,"code":504,"flags":"UT,URX","route":"ratings","peer":"m=lab","dst_workload":"ratings-v1","dst_service":"ratings"}
{"direction":"inbound","start":"1767323046.000000","duration_us":null,"code":0,"flags":"DC","route":"default","peer":"-","dst_workload":null,"dst_service":null}
{"direction":"inbound","start":"17673230`

func TestReadLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(logText), 0o600); err != nil {
		t.Fatal(err)
	}
	zero := time.Unix(1767323045, 0)
	rows, err := ReadLog(path, zero, zero.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	want := []LogRow{
		{Direction: "outbound", End: zero.Add(2600 * time.Microsecond), Duration: 2500 * time.Microsecond, Code: 200, Flags: "-", Route: "ratings", Peer: "m=lab", Workload: "ratings-v1", Service: "ratings"},
		{Direction: "outbound", End: zero.Add(600 * time.Millisecond), Duration: 100 * time.Millisecond, Code: 504, Flags: "UT,URX", Route: "ratings", Peer: "m=lab", Workload: "ratings-v1", Service: "ratings"},
		{Direction: "inbound", End: zero.Add(time.Second), Flags: "DC", Route: "default"},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	rows, err = ReadLog(path, zero.Add(600*time.Millisecond), zero.Add(time.Second))
	if err != nil || len(rows) != 1 || rows[0].Code != 504 {
		t.Errorf("rows of [0.6 s, 1 s): %+v, %v", rows, err)
	}
}

func TestReadLogRefuses(t *testing.T) {
	for _, text := range []string{"not JSON\n", `{"start":"yesterday"}` + "\n", `{"start":true}` + "\n"} {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadLog(path, time.Time{}, time.Now()); err == nil || !strings.Contains(err.Error(), path+":1: ") {
			t.Errorf("%q: %v, want an error with file and line", text, err)
		}
	}
}
