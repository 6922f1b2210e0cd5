package alert

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert/webhook"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
	"github.com/plimsoll-mesh/plimsoll/analyzer/state"
	"github.com/plimsoll-mesh/plimsoll/analyzer/state/statetest"
)

const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func openState(t *testing.T, dir string) *sql.DB {
	t.Helper()
	open := state.Open
	if folder := os.Getenv(postgresEnv); folder != "" {
		sum := sha256.Sum256([]byte(dir))
		open, dir = state.OpenPostgres, statetest.At(folder).Database(t, hex.EncodeToString(sum[:8]))
	}
	db, err := open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// bubble runs a test on the clock of a bubble. A connection to PostgreSQL cannot
// be part of one.
func bubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	if os.Getenv(postgresEnv) != "" {
		t.Skip("time does not stand still for a server")
	}
	synctest.Test(t, f)
}

func secretFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(testSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// post is one message as a receiver got it.
type post struct {
	id, status, severity string
	body                 string
	at                   time.Time
}

// receiver is a transport: it takes what is posted and answers as scripted, 204
// when the script is at its end. It fails the test on a bad signature.
type receiver struct {
	t      *testing.T
	now    func() time.Time
	script []answer

	mu    sync.Mutex
	posts []post
	tries []time.Time
}

// answer is what becomes of a request: whether the receiver takes it, and what
// the sender sees of that.
type answer struct {
	lost   bool // it never arrives
	status int
	header http.Header
	err    error
	then   func() // runs before the sender sees the answer
}

func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	a := answer{status: http.StatusNoContent}
	if len(r.script) > 0 {
		a, r.script = r.script[0], r.script[1:]
	}
	r.tries = append(r.tries, r.now())
	if !a.lost {
		r.take(req, body)
	}
	r.mu.Unlock()
	if a.then != nil {
		a.then()
	}
	if a.err != nil {
		return nil, a.err
	}
	header := a.header
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: a.status, Header: header, Body: io.NopCloser(strings.NewReader("an answer"))}, nil
}

func (r *receiver) take(req *http.Request, body []byte) {
	secret, err := webhook.ParseSecret(testSecret)
	if err != nil {
		r.t.Error(err)
	}
	if err := secret.Verify(req.Header, body, r.now()); err != nil {
		r.t.Errorf("verifying a message: %v", err)
	}
	var p struct {
		Status       string            `json:"status"`
		CommonLabels map[string]string `json:"commonLabels"`
		Alerts       []struct{}        `json:"alerts"`
	}
	if err := json.Unmarshal(body, &p); err != nil || len(p.Alerts) == 0 {
		r.t.Errorf("reading a message: %v, %d alerts", err, len(p.Alerts))
		return
	}
	r.posts = append(r.posts, post{req.Header.Get(webhook.HeaderID), p.Status, p.CommonLabels["severity"], string(body), r.now()})
}

func (r *receiver) got() []post {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]post(nil), r.posts...)
}

// statuses lists the statuses of what was got, such as "firing resolved".
func (r *receiver) statuses() string {
	var list []string
	for _, p := range r.got() {
		list = append(list, p.status)
	}
	return strings.Join(list, " ")
}

// clock is a time that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// dispatcherTo returns a dispatcher of target "a" over a transport.
func dispatcherTo(t *testing.T, db *sql.DB, r http.RoundTripper, now func() time.Time) *dispatcher {
	t.Helper()
	s, err := newSender(Target{Name: "a", URL: "http://receiver/hook", SecretFile: secretFile(t)}, r, now)
	if err != nil {
		t.Fatal(err)
	}
	return &dispatcher{
		ledger: ledger{db: db}, target: "a", sender: s, batch: 1,
		log: quiet(), now: now, random: func() float64 { return 0 }, wake: make(chan struct{}, 1),
	}
}

// everyTarget are those that the tests use.
var everyTarget = []Target{{Name: "a"}, {Name: "b"}, {Name: "old"}, {Name: "all"}, {Name: "pages"}, {Name: "both"}}

var targetA = []Target{{Name: "a", URL: "http://receiver/hook"}}

func testSLO() *slo.SLO {
	return &slo.SLO{
		Name: "shop-up", Service: "shop", Objective: 0.99, Period: time.Hour,
		Rows: []slo.Row{{Severity: slo.Page, Long: 20 * time.Second, Short: 10 * time.Second, Factor: 10}},
	}
}

// burning is a status whose windows end at to, with the given bad requests of
// a hundred in the last bucket and the one before.
func burning(to time.Time, bad uint64) slo.Status {
	s := testSLO()
	r := slo.RowStatus{
		Row:    s.Rows[0],
		Long:   slo.Reading{Window: slo.Window{From: to.Add(-20 * time.Second), To: to}, Count: slo.Count{Good: 200 - 2*bad, Total: 200}},
		Short:  slo.Reading{Window: slo.Window{From: to.Add(-10 * time.Second), To: to}, Count: slo.Count{Good: 100 - bad, Total: 100}},
		Firing: bad > 10,
		Calm:   bad <= 10,
	}
	st := slo.Status{
		SLO: s, At: to.Add(7 * time.Second), Watermark: to.Add(time.Second), State: slo.OK, Rows: []slo.RowStatus{r},
		Window: slo.Window{From: to.Add(-time.Hour), To: to}, Count: slo.Count{Good: 36_000 - 2*bad, Total: 36_000},
	}
	if r.Firing {
		st.State = slo.Burning
	}
	return st
}

// blind is a status without data.
func blind(to time.Time) slo.Status {
	st := burning(to, 0)
	st.State, st.Reason = slo.NoData, "no requests in the last 20s"
	st.Rows[0].Calm, st.Rows[0].NoData = false, st.Reason
	return st
}

// evaluation is an Evaluator that gives what it was told.
type evaluation func(at time.Time) ([]slo.Status, error)

func (e evaluation) Statuses(_ context.Context, at time.Time) ([]slo.Status, error) { return e(at) }

// fireOne opens an incident and returns it.
func fireOne(t *testing.T, l ledger, id string, at time.Time, targets []Target) Incident {
	t.Helper()
	st := burning(at, 50)
	in := Incident{
		ID: id, SLO: "slo-" + id, Service: "shop", Severity: slo.Page, FiredAt: at, WindowFrom: at.Add(-20 * time.Second),
		Notes: explained(st, st.Rows[0])(firing),
	}
	if err := l.fire(t.Context(), newRouter(targets), []Incident{in}); err != nil {
		t.Fatal(err)
	}
	return in
}

func resolveOne(t *testing.T, l ledger, in Incident, at time.Time) {
	t.Helper()
	st := burning(at, 0)
	in.ResolvedAt, in.Notes = at, explained(st, st.Rows[0])(resolved)
	if err := l.resolve(t.Context(), newRouter(everyTarget), in); err != nil {
		t.Fatal(err)
	}
}

// box shows the outbox as lines "incident target event state tries error".
func box(t *testing.T, db *sql.DB) string {
	t.Helper()
	rows, err := db.Query(`SELECT incident || ' ' || target || ' ' || event || ' ' || state || ' ' || tries || ' ' || last_error
		FROM deliveries ORDER BY seq`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, "\n")
}
