package alert

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert/webhook"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
)

// killedEnv holds the state folder, the receiver's URL and its secret's file for
// the process that is killed.
const killedEnv = "PLIMSOLL_ALERT_TEST_KILLED"

// TestKilledChild is the process that delivers until it is killed. It is no test
// of its own.
func TestKilledChild(t *testing.T) {
	var dir, url, secret string
	if n, _ := fmt.Sscan(os.Getenv(killedEnv), &dir, &url, &secret); n != 3 {
		t.Skip("nobody kills this process")
	}
	a, err := New(Config{Every: time.Hour, Targets: []Target{{Name: "a", URL: url, SecretFile: secret}}}, openState(t, dir),
		evaluation(func(time.Time) ([]slo.Status, error) { return nil, fmt.Errorf("none") }), quiet())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// killer is a receiver that has its sender killed at some message, before it
// answers 204.
type killer struct {
	mu    sync.Mutex
	ids   []string
	after int
	kill  func()
}

func (k *killer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	_, _ = io.Copy(io.Discard, req.Body)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ids = append(k.ids, req.Header.Get(webhook.HeaderID))
	w.WriteHeader(http.StatusNoContent)
	if k.after--; k.after == 0 {
		k.kill()
	}
}

// TestKill9 kills the process that delivers at every seventh message, with
// SIGKILL, between the receiver's taking it and the record of that, until all are
// delivered. None may be lost or overtake another, and only what was in the
// batch under way may come again, with the same id.
func TestKill9(t *testing.T) {
	if os.Getenv(postgresEnv) != "" {
		t.Skip("a database that others may share waits for the leader's silence; TestTwoAnalyzers has that")
	}
	const messages, at = 60, 7
	dir, secret := t.TempDir(), secretFile(t)
	db := openState(t, dir)
	for i := range messages {
		fireOne(t, ledger{db: db}, strconv.Itoa(i), time.Now(), targetA)
	}
	want, err := texts(t.Context(), db, `SELECT id FROM deliveries ORDER BY seq`)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	k := &killer{}
	server := httptest.NewServer(k)
	defer server.Close()
	kills := 0
	for waiting(t, db) > 0 && kills < messages {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestKilledChild$")
		cmd.Env = append(os.Environ(), killedEnv+"="+dir+" "+server.URL+" "+secret)
		dead := make(chan struct{})
		k.mu.Lock()
		k.after, k.kill = at+batchSize*(kills%2), func() { _ = cmd.Process.Kill(); close(dead) }
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		k.mu.Unlock()
		select {
		case <-dead:
		case <-time.After(5 * time.Second): // fewer were left than it waits for
			_ = cmd.Process.Kill()
		}
		_ = cmd.Wait()
		kills++
		db = openState(t, dir)
	}
	seen := map[string]bool{}
	var first []string
	k.mu.Lock() // a handler may be at its end still
	ids := slices.Clone(k.ids)
	k.mu.Unlock()
	for _, id := range ids {
		if !seen[id] {
			first = append(first, id)
		}
		seen[id] = true
	}
	t.Logf("%d messages, %d kills, %d posts, %d repeats", messages, kills, len(ids), len(ids)-len(first))
	if len(first) != messages || len(ids)-len(first) > kills*batchSize {
		t.Errorf("%d of %d messages arrived in %d posts after %d kills", len(first), messages, len(ids), kills)
	}
	for i, id := range first {
		if id != want[i] {
			t.Fatalf("message %d overtook another", i)
		}
	}
}

// waiting counts the messages that are not delivered.
func waiting(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	if err := db.QueryRow(`SELECT count(*) FROM deliveries WHERE state <> 'delivered'`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
