package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
	"github.com/plimsoll-mesh/plimsoll/analyzer/state/statetest"
)

// TestPostable holds when what is pushed ends.
func TestPostable(t *testing.T) {
	now := t0.Add(time.Hour)
	over := incidentOf("2", "web", slo.Ticket, 0)
	over.ResolvedAt = now.Add(-time.Minute)
	list := postable([]Incident{incidentOf("1", "shop", slo.Page, 0), over}, now)
	for i, want := range []struct {
		name       string
		start, end time.Time
	}{{"PlimsollWatchdog", now, now.Add(4 * time.Minute)}, {"SLOBurnRate", t0, now.Add(4 * time.Minute)}, {"SLOBurnRate", t0, over.ResolvedAt}} {
		a := list[i]
		if a.Labels["alertname"] != want.name || !a.StartsAt.Equal(want.start) || !a.EndsAt.Equal(want.end) {
			t.Errorf("alert %d = %+v, want %+v", i, a, want)
		}
	}
}

func TestPushable(t *testing.T) {
	l := ledger{db: openState(t, t.TempDir())}
	in := fireOne(t, l, "i", t0, nil)
	muted := incidentOf("m", "web", slo.Page, 0)
	muted.MutedBy = "silence s"
	if err := l.fire(t.Context(), router{}, []Incident{muted}); err != nil {
		t.Fatal(err)
	}
	resolveOne(t, l, in, t0.Add(time.Minute))
	for age, want := range map[time.Duration]int{time.Minute: 1, 16*time.Minute - 1: 1, 16 * time.Minute: 0} {
		list, err := l.pushable(t.Context(), t0.Add(age))
		if err != nil || len(list) != want {
			t.Errorf("after %s: %d incidents, %v, want %d", age, len(list), err, want)
		}
	}
}

// TestHeartbeat: it beats while SLOs are evaluated, and stops when they are not.
func TestHeartbeat(t *testing.T) {
	var beats atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { beats.Add(1) }))
	defer server.Close()
	a, err := New(Config{Every: time.Second, Heartbeat: &Heartbeat{URL: server.URL}}, openState(t, t.TempDir()), nil, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer a.heart.client.CloseIdleConnections()
	for i, tc := range []struct {
		evaluated time.Time
		want      int64
	}{{t0, 1}, {t0.Add(-62 * time.Second), 1}, {t0.Add(-64 * time.Second), 0}, {time.Time{}, 0}} {
		beats.Store(0)
		a.now = func() time.Time { return t0 }
		a.evaluated.Store(tc.evaluated.UnixMicro())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); a.beat(ctx) }()
		a.changed <- struct{}{} // taken after one round, or the room for one element
		a.changed <- struct{}{} // taken after the first round is done
		cancel()
		<-done
		if got := min(beats.Load(), 1); got != tc.want {
			t.Errorf("case %d: %d beats, want %d", i, got, tc.want)
		}
	}
}

// TestRealAlertmanager pushes to the one that the system brings.
func TestRealAlertmanager(t *testing.T) {
	bin, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		if os.Getenv(statetest.RequireEnv) != "" {
			t.Fatal(err)
		}
		t.Skip("install prometheus-alertmanager to run this test")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yml")
	if err := os.WriteFile(config, []byte("route: {receiver: none}\nreceivers: [{name: none}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	cmd := exec.CommandContext(ctx, bin, "--config.file="+config, "--storage.path="+dir, "--web.listen-address="+address, "--cluster.listen-address=")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stop(); _ = cmd.Wait() }()

	l := ledger{db: openState(t, t.TempDir())}
	c, err := newCaller("http://"+address, "/api/v2/alerts", Auth{}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer c.client.CloseIdleConnections()
	now := time.Now()
	in := fireOne(t, l, "i", now.Add(-time.Minute), nil)
	for c.call(ctx, []byte("[]")) != nil { // until it listens
		if ctx.Err() != nil {
			t.Fatal(ctx.Err())
		}
		time.Sleep(20 * time.Millisecond)
	}
	active := func() string {
		t.Helper()
		resp, err := http.Get("http://" + address + "/api/v2/alerts")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		defer http.DefaultClient.CloseIdleConnections()
		body, _ := io.ReadAll(resp.Body)
		var list []struct{ Labels map[string]string }
		if err := json.Unmarshal(body, &list); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		found := map[string]bool{}
		for _, a := range list {
			found[a.Labels["alertname"]+" "+a.Labels["slo"]] = true
		}
		return fmt.Sprint(len(found), found["SLOBurnRate slo-i"], found["PlimsollWatchdog "])
	}
	if err := l.push(ctx, c, now); err != nil || c.failing {
		t.Fatal(err, c.failing)
	}
	if got := active(); got != "2 true true" {
		t.Errorf("active %s", got)
	}
	resolveOne(t, l, in, now)
	if err := l.push(ctx, c, time.Now()); err != nil || c.failing {
		t.Fatal(err, c.failing)
	}
	if got := active(); got != "1 false true" {
		t.Errorf("after the resolution: active %s", got)
	}
}
