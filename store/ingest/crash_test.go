package ingest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/ingesttest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal/waltest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// soakEnv makes the crash test long.
const soakEnv = "PLIMSOLL_SOAK"

// killSteps are the steps of the log at which a collector may be killed.
var killSteps = []waltest.Op{
	waltest.Create, waltest.Write, waltest.Sync, waltest.SyncDir, waltest.Rename, waltest.Remove, waltest.Truncate, waltest.Open,
}

// storeFaults are what the store does meanwhile.
var storeFaults = []fault{dropAnswer, cutBody, answer500, answer241, answer252, storeThen500, hang}

// TestCrashes kills a collector over and over, at random moments and at every
// kind of step of its log, while the store drops answers, refuses for a while
// and breaks off; now and then the log's tail is torn or garbage is put behind it.
// Then the tables must hold every acknowledged row once. PLIMSOLL_SOAK=1 makes
// it 240 kills instead of 10.
func TestCrashes(t *testing.T) {
	kills, limit := 10, time.Second
	if os.Getenv(soakEnv) != "" {
		kills, limit = 240, 3*time.Second
	} else if testing.Short() {
		t.Skip("kills processes for some seconds")
	}
	c := newCrashTest(t)
	for i := range kills {
		if i%2 == 0 {
			c.count("kill -9 at a random moment")
			c.collect(crashPlan{}, time.Duration(50+c.rng.IntN(500))*time.Millisecond)
		} else {
			step := killSteps[i/2%len(killSteps)]
			killed := c.collect(crashPlan{KillAt: step, KillStep: 1 + c.rng.Int64N(c.reach(step))}, limit)
			c.count("kill -9 before a " + string(step) + map[bool]string{true: "", false: ", not reached: at the end"}[killed])
		}
		if i%5 == 4 {
			c.tear()
		}
	}
	c.calm.Store(true)
	c.collect(crashPlan{Commits: 1}, 10*time.Minute)
	report, err := c.ledger.Compare(t.Context(), c.conn)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s%s", c.table(), report)
	if !report.Exact() || report.Expected == 0 {
		t.Error("the tables do not hold what was acknowledged")
	}
}

// crashTest is the parent of the collectors.
type crashTest struct {
	env
	t      *testing.T
	rng    *rand.Rand // of the parent
	luck   *rand.Rand // of the store; guarded by mu
	dsn    string     // through the faulty proxy
	wal    string
	ledger *ingesttest.Ledger
	next   int
	calm   atomic.Bool // no faults of the store any more

	mu     sync.Mutex
	faults map[string]int
}

func newCrashTest(t *testing.T) *crashTest {
	e := enginetest.StartIn(t, enginetest.Dir(t))
	d, err := query.ParseDSN(engine.DSN(e.Socket, "crashes"))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Ensure(t.Context(), d.String(), schema.Options{}); err != nil {
		t.Fatal(err)
	}
	conn, err := query.OpenWriter(d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	n := seed(t)
	c := &crashTest{
		env: env{dsn: d, engine: e, conn: conn}, t: t, rng: rand.New(rand.NewPCG(n, 2)), luck: rand.New(rand.NewPCG(n, 3)), wal: filepath.Join(t.TempDir(), "wal"),
		ledger: ingesttest.New(time.Now().UTC().Truncate(time.Hour).Add(-time.Hour)), faults: map[string]int{},
	}
	proxy := &faultyProxy{dsn: d, after: func(f fault) { c.count("store: " + f.String()) }, choose: c.fault}
	c.dsn = proxy.start(t)
	return c
}

// fault lets one insert in four fail. It is called by the proxy's goroutines.
func (c *crashTest) fault(string) fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calm.Load() || c.luck.IntN(4) > 0 {
		return none
	}
	return storeFaults[c.luck.IntN(len(storeFaults))]
}

func (c *crashTest) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults[what]++
}

// reach is about how many steps of a kind a collector takes in a second.
func (c *crashTest) reach(op waltest.Op) int64 {
	switch op {
	case waltest.Write:
		return 40
	case waltest.Sync, waltest.SyncDir, waltest.Create, waltest.Rename:
		return 12
	}
	return 2
}

// collect runs a collector until it is killed or ends, and notes what it said.
// It returns whether the collector was killed by its own hand.
func (c *crashTest) collect(plan crashPlan, limit time.Duration) (suicide bool) {
	c.t.Helper()
	plan.DSN, plan.WAL, plan.Base, plan.First, plan.Rows = c.dsn, c.wal, c.ledger.Base, c.next, 100
	text, err := json.Marshal(plan)
	if err != nil {
		c.t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(c.t.Context(), os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), crashEnv+"="+string(text)), &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	timer := time.AfterFunc(limit, func() { cmd.Process.Kill() })
	c.listen(stdout)
	suicide = timer.Stop()
	err = cmd.Wait()
	if plan.Commits > 0 && err != nil {
		c.t.Fatalf("the last collector: %v\n%s", err, stderr.String())
	}
	if code := cmd.ProcessState.ExitCode(); plan.Commits == 0 && code >= 0 {
		c.t.Fatalf("the collector ended by itself with code %d:\n%s", code, stderr.String())
	}
	return suicide
}

// listen notes what a collector says until it is gone.
func (c *crashTest) listen(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var what string
		var from, to int
		if n, err := fmt.Sscan(lines.Text(), &what, &from, &to); n < 3 {
			continue // cut off by the kill
		} else if err != nil {
			c.t.Fatalf("line %q: %v", lines.Text(), err)
		}
		if what == "acked" {
			c.ledger.Acked(from, to)
			continue
		}
		c.ledger.Handed(from, to)
		c.next = to
	}
}

// tear puts behind the last segment what an interrupted write may leave there.
func (c *crashTest) tear() {
	files, err := filepath.Glob(filepath.Join(c.wal, "*.wal"))
	if err != nil || len(files) == 0 {
		return
	}
	slices.Sort(files)
	kinds := map[string][]byte{
		"torn tail: half a record": []byte("\xf1WAL\xff\x00\x00\x00\x01\x02\x03\x04 half a record"),
		"torn tail: zeros":         make([]byte, 4096),
		"corrupted tail: garbage":  bytes.Repeat([]byte("garbage "), 64),
	}
	kind := slices.Sorted(maps.Keys(kinds))[c.rng.IntN(len(kinds))]
	f, err := os.OpenFile(files[len(files)-1], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(kinds[kind]); err != nil {
		c.t.Fatal(err)
	}
	c.count(kind)
}

// table lists the faults and how often each was injected.
func (c *crashTest) table() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	total := 0
	for _, what := range slices.Sorted(maps.Keys(c.faults)) {
		fmt.Fprintf(&b, "%-46s %6d\n", what, c.faults[what])
		total += c.faults[what]
	}
	fmt.Fprintf(&b, "%-46s %6d\n\n", "faults injected", total)
	return b.String()
}
