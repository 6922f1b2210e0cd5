package blockrelay

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/plimsoll-mesh/plimsoll/collector/extension/meshstore"
)

// centreEnv holds the settings of a central collector that the test binary is to
// be, as JSON.
const centreEnv = "PLIMSOLL_TEST_CENTRE"

// centre is a central collector in a process of its own.
type centre struct {
	DSN, WAL, Socket string

	cmd *exec.Cmd
}

// newCentre returns one that does not run yet.
func newCentre(dsn, dir string) *centre {
	return &centre{DSN: dsn, WAL: filepath.Join(dir, "wal"), Socket: filepath.Join(dir, "relay.sock")}
}

// start starts the process and waits until it listens.
func (c *centre) start(t *testing.T) {
	t.Helper()
	settings, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	c.cmd = exec.Command(os.Args[0])
	c.cmd.Env = append(os.Environ(), centreEnv+"="+string(settings))
	c.cmd.Stderr = t.Output()
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the central collector did not start: %q, %v", line, err)
	}
}

// end sends a signal and waits for the end.
func (c *centre) end(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := c.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil && signal != syscall.SIGKILL {
		t.Errorf("the central collector ended with %v", err)
	}
}

// runCentre is the process: store and receiver, as the Collector runs them.
func runCentre(settings string) error {
	var c centre
	if err := json.Unmarshal([]byte(settings), &c); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	stores := meshstore.NewFactory()
	storeConfig := stores.CreateDefaultConfig().(*meshstore.Config)
	storeConfig.Endpoint, storeConfig.Collector = configopaque.String(c.DSN), "centre"
	storeConfig.BlockAge, storeConfig.WAL.Directory = 100*time.Millisecond, c.WAL
	if err := storeConfig.Validate(); err != nil {
		return err
	}
	store, err := stores.Create(ctx, extensiontest.NewNopSettings(stores.Type()), storeConfig)
	if err != nil {
		return err
	}
	if err := store.Start(ctx, componenttest.NewNopHost()); err != nil {
		return err
	}
	receivers := NewFactory()
	config := receivers.CreateDefaultConfig().(*Config)
	config.Endpoint = "unix://" + c.Socket
	r, err := receivers.CreateLogs(ctx, receivertest.NewNopSettings(receivers.Type()), config, consumertest.NewNop())
	if err != nil {
		return err
	}
	if err := r.Start(ctx, hostWith{component.MustNewID("meshstore"): store}); err != nil {
		return err
	}
	fmt.Println("ready")
	<-ctx.Done()
	return errors.Join(r.Shutdown(context.Background()), store.Shutdown(context.Background()))
}
