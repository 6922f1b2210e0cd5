package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/ingesttest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal/waltest"
)

// crashEnv holds the crashPlan of a child, as JSON.
const crashEnv = "PLIMSOLL_TEST_CRASH_PLAN"

// crashPlan tells a collector that is going to be killed what to do.
type crashPlan struct {
	DSN, WAL string
	Base     time.Time
	First    int        // number of the first request
	Rows     int        // handed over before each commit
	Commits  int        // 0: until killed
	KillAt   waltest.Op // kills itself before a step of this kind in the log
	KillStep int64      // the how manieth
}

// crashCollector is a collector in a process of its own. It hands over
// requests, commits, and says on stdout "sent A B" before and "acked A B" after
// each commit. It ends when everything is stored, unless it is killed.
func crashCollector() int {
	var plan crashPlan
	err := json.Unmarshal([]byte(os.Getenv(crashEnv)), &plan)
	if err == nil {
		err = plan.run(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func (plan crashPlan) run(ctx context.Context) error {
	files := waltest.New()
	files.Fail(plan.suicide())
	p, err := New(Config{
		DSN: plan.DSN, Collector: "crash", BlockRows: 60, BlockAge: 50 * time.Millisecond,
		WAL: WALConfig{Directory: plan.WAL, MaxBytes: 1 << 20, Files: files},
	}, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		return err
	}
	if err := p.Start(ctx); err != nil {
		return err
	}
	next := plan.First
	for i := 0; plan.Commits == 0 || i < plan.Commits; i++ {
		fmt.Println("sent", next, next+plan.Rows)
		for range plan.Rows {
			p.Request(ingesttest.Request(next, plan.Base))
			next++
		}
		if err := p.Commit(ctx); err != nil {
			return err
		}
		fmt.Println("acked", next-plan.Rows, next)
	}
	if err := p.Flush(ctx); err != nil {
		return err
	}
	if s := p.Stats(); s.Tables["requests"].LostRows+s.Tables["requests"].QuarantinedRows > 0 {
		return fmt.Errorf("rows are lost or in quarantine: %+v", s.Tables["requests"])
	}
	return p.Shutdown(ctx)
}

// suicide returns a hook that ends the process, as kill -9 does, in the middle
// of what the log is doing.
func (plan crashPlan) suicide() func(waltest.Op, string) error {
	var n atomic.Int64
	return func(op waltest.Op, _ string) error {
		if plan.KillStep > 0 && op == plan.KillAt && n.Add(1) == plan.KillStep {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	}
}
