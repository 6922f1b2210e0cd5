package alert

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
)

// runFor runs Alerts over a transport for a time of the bubble's clock.
func runFor(t *testing.T, d time.Duration, e Evaluator, r http.RoundTripper, log *slog.Logger) {
	t.Helper()
	db := openState(t, t.TempDir())
	defer db.Close()
	config := Config{Every: time.Second, Targets: []Target{{Name: "a", URL: "http://receiver/hook", SecretFile: secretFile(t)}}}
	a, err := newAlerts(config, db, e, log, r)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := a.Run(ctx); err != nil {
		t.Error(err)
	}
}

// TestRun is the whole life of an incident: it fires with the first evaluation
// that says so, is told at once, stays while blind, and resolves after ten
// seconds of calm.
func TestRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		start := time.Now()
		phase := func(at time.Time) slo.Status {
			to := at.Add(-7 * time.Second)
			switch s := at.Sub(start); {
			case s < 5*time.Second, s >= 60*time.Second:
				return burning(to, 0)
			case s < 20*time.Second:
				return burning(to, 50)
			default:
				return blind(to)
			}
		}
		r := &receiver{t: t, now: time.Now}
		runFor(t, 90*time.Second, evaluation(func(at time.Time) ([]slo.Status, error) {
			return []slo.Status{phase(at)}, nil
		}), r, quiet())
		posts := r.got()
		if got := r.statuses(); got != "firing resolved" {
			t.Fatalf("received %q", got)
		}
		if got := posts[0].at.Sub(start); got != 5*time.Second {
			t.Errorf("told that it fires after %v, want 5s", got)
		}
		if got := posts[1].at.Sub(start); got != 70*time.Second {
			t.Errorf("told that it resolved after %v, want 1m10s", got)
		}
	})
}

// TestRetries holds the times of tries against a receiver that recovers.
func TestRetries(t *testing.T) {
	bubble(t, func(t *testing.T) {
		db := openState(t, t.TempDir())
		defer db.Close()
		start := time.Now()
		r := &receiver{t: t, now: time.Now, script: []answer{
			{lost: true, status: 503},
			{lost: true, err: errDial},
			{lost: true, err: errCut},
			{lost: true, status: 429, header: http.Header{"Retry-After": {"30"}}},
		}}
		fireOne(t, ledger{db: db}, "i", start, targetA)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		dispatcherTo(t, db, r, time.Now).run(ctx)
		want := []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second, 37 * time.Second}
		if len(r.tries) != len(want) {
			t.Fatalf("%d tries, want %d", len(r.tries), len(want))
		}
		for i, at := range r.tries {
			if got := at.Sub(start); got != want[i] {
				t.Errorf("try %d after %v, want %v", i+1, got, want[i])
			}
		}
		if r.statuses() != "firing" {
			t.Errorf("received %q", r.statuses())
		}
	})
}

// TestHangingReceiver: a try ends after ten seconds, and another target's
// messages do not wait for it.
func TestHangingReceiver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		db := openState(t, t.TempDir())
		defer db.Close()
		start := time.Now()
		fireOne(t, ledger{db: db}, "i", start, append([]Target{{Name: "b"}}, targetA...))
		ctx, cancel := context.WithTimeout(t.Context(), 10500*time.Millisecond)
		defer cancel()
		hanging := dispatcherTo(t, db, hang{}, time.Now)
		hanging.target = "b"
		done := make(chan struct{})
		go func() {
			defer close(done)
			hanging.run(ctx)
		}()
		r := &receiver{t: t, now: time.Now}
		dispatcherTo(t, db, r, time.Now).run(ctx)
		<-done
		if len(r.got()) != 1 || r.got()[0].at.Sub(start) != 0 {
			t.Errorf("the other target received %+v", r.got())
		}
		if got := box(t, db); !strings.Contains(got, "i b firing pending 1") || !strings.Contains(got, "deadline exceeded") {
			t.Errorf("outbox %s", got)
		}
	})
}

// hang is a receiver that takes the connection and never answers.
type hang struct{}

func (hang) RoundTrip(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// TestStopDuringATry: the message is due at once for the next process, and does
// not wait for the lease.
func TestStopDuringATry(t *testing.T) {
	bubble(t, func(t *testing.T) {
		db := openState(t, t.TempDir())
		defer db.Close()
		fireOne(t, ledger{db: db}, "i", time.Now(), targetA)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		dispatcherTo(t, db, hang{}, time.Now).run(ctx)
		m := claimOne(t, ledger{db: db}, "a", time.Now())
		if m == nil || m.tries != 2 || !m.seen {
			t.Errorf("next claim = %+v", m)
		}
	})
}

// TestEvaluationFails: it goes on, and says so once when it begins and once
// when it ends.
func TestEvaluationFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var n atomic.Int64
		e := evaluation(func(at time.Time) ([]slo.Status, error) {
			if i := n.Add(1); i > 3 && i <= 8 {
				return nil, errors.New("store is gone")
			}
			return []slo.Status{burning(at, 50)}, nil
		})
		var out strings.Builder
		r := &receiver{t: t, now: time.Now}
		runFor(t, 20500*time.Millisecond, e, r, slog.New(slog.NewTextHandler(&out, nil)))
		for _, line := range []string{"level=WARN msg=\"slos cannot be evaluated, alerts keep their state\"", "level=INFO msg=\"slos are evaluated again\""} {
			if got := strings.Count(out.String(), line); got != 1 {
				t.Errorf("said %q %d times, want once:\n%s", line, got, out.String())
			}
		}
		if n.Load() != 21 {
			t.Errorf("%d evaluations, want 21", n.Load())
		}
		if r.statuses() != "firing" {
			t.Errorf("received %q", r.statuses())
		}
	})
}

func TestEvaluateIsIdempotent(t *testing.T) {
	db := openState(t, t.TempDir())
	var now slo.Status
	a, err := newAlerts(Config{Every: time.Second}, db, evaluation(func(time.Time) ([]slo.Status, error) {
		return []slo.Status{now}, nil
	}), quiet(), nil)
	if err != nil {
		t.Fatal(err)
	}
	count := func() (n, open int) {
		if err := db.QueryRow(`SELECT count(*), count(*) FILTER (WHERE state = 'firing') FROM incidents`).Scan(&n, &open); err != nil {
			t.Fatal(err)
		}
		return n, open
	}
	for _, tc := range []struct {
		st      slo.Status
		n, open int
	}{
		{burning(t0, 0), 0, 0},
		{burning(t0.Add(10*time.Second), 50), 1, 1},
		{burning(t0.Add(20*time.Second), 0), 1, 1},
		{burning(t0.Add(30*time.Second), 0), 1, 0},
		{burning(t0.Add(40*time.Second), 50), 2, 1},
	} {
		now = tc.st
		for range 3 {
			if err := a.Evaluate(t.Context(), now.At); err != nil {
				t.Fatal(err)
			}
		}
		if n, open := count(); n != tc.n || open != tc.open {
			t.Errorf("at %v: %d incidents, %d open, want %d, %d", now.Window.To.Sub(t0), n, open, tc.n, tc.open)
		}
	}
}

// TestRetired: an incident whose SLO is gone from the files does not stay open
// for ever.
func TestRetired(t *testing.T) {
	db := openState(t, t.TempDir())
	list := []slo.Status{burning(t0, 50)}
	a, err := newAlerts(Config{Every: time.Second}, db, evaluation(func(time.Time) ([]slo.Status, error) { return list, nil }), quiet(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		list []slo.Status
		want string
	}{{list, firing}, {nil, resolved}, {nil, resolved}} {
		list = tc.list
		if err := a.Evaluate(t.Context(), t0.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if got := lastState(t, a.ledger); got != tc.want {
			t.Errorf("incident is %q, want %q", got, tc.want)
		}
	}
}

func TestNewErrors(t *testing.T) {
	good := Target{Name: "a", URL: "https://example.org/x", SecretFile: secretFile(t)}
	for _, tc := range []struct {
		name string
		edit func(*Config)
		want string
	}{
		{"good", func(*Config) {}, ""},
		{"no interval", func(c *Config) { c.Every = 0 }, "the interval of evaluations must be above zero"},
		{"no name", func(c *Config) { c.Targets[0].Name = "" }, "reading webhooks[0].name: is missing"},
		{"no scheme", func(c *Config) { c.Targets[0].URL = "example.org" }, "reading webhooks[0].url: is not an http or https URL"},
		{"file", func(c *Config) { c.Targets[0].URL = "file:///etc/passwd" }, "reading webhooks[0].url: is not an http or https URL"},
		{"no host", func(c *Config) { c.Targets[0].URL = "http:///x" }, "reading webhooks[0].url: is not an http or https URL"},
		{"broken url", func(c *Config) { c.Targets[0].URL = "http://a b/?token=sesame" }, `reading webhooks[0].url: is not an http or https URL`},
		{"password", func(c *Config) { c.Targets[0].URL = "http://me:sesame@example.org" }, "reading webhooks[0].url: a URL must not hold a password: anyone who reads the file would know it"},
		{"severity", func(c *Config) { c.Targets[0].Severities = []string{"critical"} }, `reading webhooks[0].severities[0]: unknown severity "critical": use page or ticket`},
		{"twice", func(c *Config) { c.Targets = append(c.Targets, c.Targets[0]) }, `reading webhooks[1].name: "a" stands twice`},
		{"no secret", func(c *Config) { c.Targets[0].SecretFile = "/nonexistent" }, "reading webhooks[0] (a): reading signing secret: stat /nonexistent: no such file or directory"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			config := Config{Every: time.Second, Targets: []Target{good}}
			tc.edit(&config)
			_, err := New(config, openState(t, t.TempDir()), nil, quiet())
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Errorf("error = %q, want %q", got, tc.want)
			}
		})
	}
}
