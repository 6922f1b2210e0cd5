package alert

import (
	"os"
	"os/exec"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/analyzer/state/statetest"
)

// postgresEnv names the socket folder of a PostgreSQL that takes the place of
// SQLite in all tests of this package.
const postgresEnv = "PLIMSOLL_ALERT_TEST_POSTGRES"

// TestOnPostgres runs the tests of this package a second time, in a process
// whose state is in PostgreSQL.
func TestOnPostgres(t *testing.T) {
	if testing.Short() || os.Getenv(postgresEnv) != "" {
		t.Skip("this is the second time, or a short run")
	}
	cluster := statetest.Start(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.skip=^(TestOnPostgres|TestSpine|TestPayload)$", "-test.failfast")
	cmd.Env = append(os.Environ(), postgresEnv+"="+cluster.Folder())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the tests fail on PostgreSQL: %v\n%s", err, out)
	}
}
