package blockrelay

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain turns the process into a central collector when a test started it as
// that (centre_test.go): one that can be killed.
func TestMain(m *testing.M) {
	if settings := os.Getenv(centreEnv); settings != "" {
		if err := runCentre(settings); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
