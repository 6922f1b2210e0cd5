package alert

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert/webhook"
)

// pair is a receiver that strikes the process which delivers its seventh
// message, before it answers.
type pair struct {
	mu     sync.Mutex
	ids    []string
	who    []string // of each: the process that sent it
	strike func(who string)
	over   chan struct{} // closed once all messages came
	wanted int
}

func (p *pair) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	_, _ = io.Copy(io.Discard, req.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ids, p.who = append(p.ids, req.Header.Get(webhook.HeaderID)), append(p.who, req.URL.Query().Get("who"))
	w.WriteHeader(http.StatusNoContent)
	if len(p.ids) == 7 {
		p.strike(p.who[6])
	}
	seen := map[string]bool{}
	for _, id := range p.ids {
		seen[id] = true
	}
	if len(seen) == p.wanted && p.who[len(p.who)-1] != p.who[6] {
		p.wanted = -1
		close(p.over)
	}
}

// TestTwoAnalyzers runs two processes on one PostgreSQL. The leader is killed, or
// paused and woken after the other has done its work: nothing is lost or
// overtakes, what comes twice has the same id, and the one that woke changes
// nothing.
func TestTwoAnalyzers(t *testing.T) {
	if os.Getenv(postgresEnv) == "" {
		t.Skip("TestOnPostgres runs this")
	}
	for name, signal := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "paused": syscall.SIGSTOP} {
		t.Run(name, func(t *testing.T) { testTwoAnalyzers(t, signal) })
	}
}

func testTwoAnalyzers(t *testing.T, signal syscall.Signal) {
	const messages = 20
	dir, secret := t.TempDir(), secretFile(t)
	db := openState(t, dir)
	for i := range messages {
		fireOne(t, ledger{db: db}, strconv.Itoa(i), time.Now(), targetA)
	}
	want, err := texts(t.Context(), db, `SELECT id FROM deliveries ORDER BY seq`)
	if err != nil {
		t.Fatal(err)
	}
	children := map[string]*exec.Cmd{}
	p := &pair{over: make(chan struct{}), wanted: messages, strike: func(who string) { _ = children[who].Process.Signal(signal) }}
	server := httptest.NewServer(p)
	defer server.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	for _, who := range []string{"x", "y"} {
		cmd := exec.Command(self, "-test.run=^TestKilledChild$")
		cmd.Env = append(os.Environ(), killedEnv+"="+dir+" "+server.URL+"?who="+who+" "+secret)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		children[who] = cmd
		defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	}
	p.mu.Unlock()
	select {
	case <-p.over:
	case <-time.After(2 * time.Minute):
		t.Fatal("the second one did not take over")
	}
	for deadline := time.Now().Add(time.Minute); waiting(t, db) > 0 && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond) // the last record follows the last answer
	}
	var epoch int64
	before := len(p.ids)
	if signal == syscall.SIGSTOP {
		if err := children[p.who[6]].Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second) // for it to do harm, if it could
	}
	if err := db.QueryRow(`SELECT epoch FROM leaders`).Scan(&epoch); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := map[string]bool{}
	var first []string
	for _, id := range p.ids {
		if !seen[id] {
			first = append(first, id)
		}
		seen[id] = true
	}
	t.Logf("%d messages, %d posts, %d repeats, %d after waking, epoch %d", messages, len(p.ids), len(p.ids)-len(first), len(p.ids)-before, epoch)
	if len(first) != messages || len(p.ids)-len(first) > batchSize || waiting(t, db) != 0 || epoch != 2 {
		t.Errorf("%d of %d messages arrived, %d repeats, %d wait, epoch %d", len(first), messages, len(p.ids)-len(first), waiting(t, db), epoch)
	}
	for i, id := range first {
		if id != want[i] {
			t.Fatalf("message %d overtook another", i)
		}
	}
}
