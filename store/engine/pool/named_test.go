package pool_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/engine/lease"
	"github.com/plimsoll-mesh/plimsoll/store/engine/pool"
)

func openNamed(t *testing.T, active, named int) *pool.Pool {
	t.Helper()
	lib, err := chdb.Load(enginetest.Library(t))
	if err != nil {
		t.Fatal(err)
	}
	p, err := pool.Open(lib, pool.Options{Dir: dir, Memory: 1 << 30, Active: active, Idle: 1, Named: named})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func getNamed(t *testing.T, p *pool.Pool, name string) *pool.Named {
	t.Helper()
	n, err := p.GetNamed(t.Context(), name, true)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNamedConnectionIsASession(t *testing.T) {
	p := openNamed(t, 1, 2)
	n := getNamed(t, p, "a")
	for _, sql := range []string{"CREATE TEMPORARY TABLE mine (n Int8) ENGINE = Memory", "SET max_threads = 5", "USE system"} {
		if err := n.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	n.Release(time.Minute)

	other := getNamed(t, p, "b")
	if got := ask(t, other.Conn, "SELECT getSetting('max_threads'), currentDatabase() = 'system', count() FROM system.tables WHERE name = 'mine'"); got != "2\t0\t0" {
		t.Errorf("another session sees %q", got)
	}
	other.Release(time.Minute)

	n = getNamed(t, p, "a")
	if got := ask(t, n.Conn, "SELECT getSetting('max_threads'), currentDatabase(), (SELECT count() FROM mine)"); got != "5\tsystem\t0" {
		t.Errorf("session = %q, want what it was left with", got)
	}
	n.Release(0)
	if _, err := p.GetNamed(t.Context(), "a", false); !errors.Is(err, lease.ErrMissing) {
		t.Errorf("ended session: %v, want ErrMissing", err)
	}
}

// TestApplyHoldsForOneRequest sets what the session had set, what only the pool
// had set, and what nobody had.
func TestApplyHoldsForOneRequest(t *testing.T) {
	p := openNamed(t, 1, 1)
	if err := p.CreateDatabase("d"); err != nil {
		t.Fatal(err)
	}
	const look = "SELECT getSetting('max_block_size'), getSetting('max_threads'), getSetting('max_result_rows'), currentDatabase()"
	n := getNamed(t, p, "a")
	if err := n.Exec("SET max_block_size = 1234"); err != nil {
		t.Fatal(err)
	}
	before := ask(t, n.Conn, look)
	n.Release(time.Minute)

	n = getNamed(t, p, "a")
	if err := n.Apply(pool.Session{Database: "d", Settings: map[string]string{
		"max_block_size": "99", "max_threads": "1", "max_result_rows": "7", "log_comment": "it's mine",
	}}); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, n.Conn, look); got != "99\t1\t7\td" {
		t.Errorf("within the request: %q", got)
	}
	if got := ask(t, n.Conn, "SELECT getSetting('log_comment')"); !strings.HasPrefix(got, "it's mineplimsoll-") {
		t.Errorf("log_comment = %q, want the caller's and the mark", got)
	}
	n.Release(time.Minute)

	n = getNamed(t, p, "a")
	defer n.Release(0)
	if got := ask(t, n.Conn, look); got != before {
		t.Errorf("after the request: %q, want %q", got, before)
	}
	if got := ask(t, n.Conn, "SELECT changed FROM system.settings WHERE name = 'max_result_rows'"); got != "0" {
		t.Error("a setting that nobody had set stayed set")
	}
}

func TestApplyRefusesWhatTheEngineRefuses(t *testing.T) {
	p := openNamed(t, 1, 1)
	for _, tt := range []struct {
		session pool.Session
		code    int
	}{
		{setting("nonsense", "1"), 115},
		{setting("max_threads", "many"), 27},
		{pool.Session{Database: "nonsense"}, 81},
	} {
		n := getNamed(t, p, "a")
		var e *chdb.Exception
		if err := n.Apply(tt.session); !errors.As(err, &e) || e.Code != tt.code {
			t.Errorf("%+v: %v, want exception %d", tt.session, err, tt.code)
		}
		n.Release(time.Minute)
	}
	n := getNamed(t, p, "a")
	if got := ask(t, n.Conn, "SELECT getSetting('max_threads')"); got != "2" {
		t.Errorf("max_threads = %s after refusals, want 2", got)
	}
	n.Release(0)
}

func TestDropTableEndsWithTheRequest(t *testing.T) {
	p := openNamed(t, 1, 1)
	n := getNamed(t, p, "a")
	if err := n.Exec("CREATE TEMPORARY TABLE `we``ird` (n Int8) ENGINE = Memory"); err != nil {
		t.Fatal(err)
	}
	n.DropTable("we`ird")
	n.Release(time.Minute)
	n = getNamed(t, p, "a")
	defer n.Release(0)
	if got := ask(t, n.Conn, "EXISTS TEMPORARY TABLE `we``ird`"); got != "0" {
		t.Error("the table outlived its request")
	}
}

func TestNamedConnectionsTakeASlotOnlyWhileInUse(t *testing.T) {
	p := openNamed(t, 1, 3)
	getNamed(t, p, "a").Release(time.Minute)
	n := getNamed(t, p, "b")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.GetNamed(ctx, "c", true); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want the wait for a slot given up", err)
	}
	n.Release(time.Minute)
	if _, err := p.GetNamed(t.Context(), "missing", false); !errors.Is(err, lease.ErrMissing) {
		t.Errorf("error = %v, want ErrMissing", err)
	}
	get(t, p, pool.Session{}).Release(true) // refusals cost no slot
}
