package run

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/plimsoll-mesh/plimsoll/lab/process"
)

// TestAwaitWatermark: rows that do not come are waited for as long as the
// context allows, and the error says how far they came.
func TestAwaitWatermark(t *testing.T) {
	b := newBench(t, oneService)
	if err := b.api.awaitWatermark(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	until := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, tc := range map[string]struct {
		prepare func(*fakeAnalyzer)
		want    string
	}{
		"stuck":     {func(f *fakeAnalyzer) { f.stuck = true }, "last: the watermark stands at 00:00:00"},
		"no answer": {func(f *fakeAnalyzer) { f.refuse = map[string]error{"GetStatus": errors.New("store is down")} }, "store is down"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, oneService)
			tc.prepare(b.analyzer)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			err := b.api.awaitWatermark(ctx, until)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("got %v, want that time ran out", err)
			}
			for _, want := range []string{"rows up to 03:04:05", tc.want} {
				if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "%!") {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
		})
	}
}

func TestAPIErrorsSayWhatWasAsked(t *testing.T) {
	b := newBench(t, oneService)
	down := errors.New("down")
	b.analyzer.refuse = map[string]error{
		"GetGraph": down, "ListSLOs": down, "ListAlerts": down, "GetStatus": down, "Plan": down, "Apply": down, "Rollback": down,
	}
	ctx, now := t.Context(), time.Now()
	for want, ask := range map[string]func() error{
		"asking for the graph: ":     func() error { _, err := b.api.edges(ctx, now, now); return err },
		"asking for the SLOs: ":      func() error { _, err := b.api.slos(ctx, now); return err },
		"asking for the alerts: ":    func() error { _, err := b.api.alerts(ctx); return err },
		"asking for the watermark: ": func() error { _, err := b.api.watermark(ctx); return err },
		"asking for a plan: ":        func() error { _, err := b.api.plan(ctx, nil); return err },
		"applying plan p7: ":         func() error { _, _, err := b.api.apply(ctx, "p7"); return err },
		"rolling back: ":             func() error { return b.api.rollback(ctx) },
	} {
		if err := ask(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %q…", err, want)
		}
	}
}

func TestTokenIsSent(t *testing.T) {
	b := newBench(t, oneService)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.analyzer.handler())
	defer server.Close()
	wrong, err := newAPI(server.URL, token)
	if err != nil {
		t.Fatal(err)
	}
	defer wrong.close()
	if _, err := wrong.alerts(t.Context()); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("with a wrong token: %v", err)
	}
	if _, err := newAPI(server.URL, token+"-none"); err == nil || !strings.HasPrefix(err.Error(), "reading the analyzer's token: ") {
		t.Errorf("without a token: %v", err)
	}
}

func child(t *testing.T, set *process.Set, script string) *process.Process {
	t.Helper()
	p, err := set.Start(process.Spec{Name: "child", Path: "/bin/sh", Args: []string{"-c", script}, LogDir: t.TempDir(), Grace: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestWaitFor: a child is ready, dies, is stopped, or takes too long.
func TestWaitFor(t *testing.T) {
	set := process.NewSet()
	defer set.Close()
	never := func(context.Context) error { return errors.New("not yet") }
	asked := 0
	third := func(context.Context) error {
		if asked++; asked < 3 {
			return errors.New("not yet")
		}
		return nil
	}
	if err := waitFor(t.Context(), child(t, set, "sleep 100"), third); err != nil || asked != 3 {
		t.Errorf("ready at the third time: asked %d times, %v", asked, err)
	}
	if err := waitFor(t.Context(), child(t, set, "echo no library; exit 2"), never); err == nil || !strings.Contains(err.Error(), "child ended: exit status 2; it last said:\n  no library") {
		t.Errorf("died: %v", err)
	}
	stopped := child(t, set, "sleep 100")
	stopped.Kill()
	if err := waitFor(t.Context(), stopped, never); err == nil || err.Error() != "child was stopped while it started" {
		t.Errorf("stopped: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := waitFor(ctx, child(t, set, "sleep 100"), never); err == nil || err.Error() != "waiting for child: context deadline exceeded; last: not yet" {
		t.Errorf("too slow: %v", err)
	}
}

func TestAnswers(t *testing.T) {
	status := http.StatusServiceUnavailable
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	ready := answers(server.URL)
	if err := ready(t.Context()); err == nil || !strings.Contains(err.Error(), "answers 503") {
		t.Errorf("not ready: %v", err)
	}
	status = http.StatusOK
	if err := ready(t.Context()); err != nil {
		t.Error(err)
	}
	server.Close()
	if err := ready(t.Context()); err == nil {
		t.Error("nobody listens, yet it is ready")
	}
	if err := answers("http://\n")(t.Context()); err == nil {
		t.Error("no URL, yet it is ready")
	}
}
