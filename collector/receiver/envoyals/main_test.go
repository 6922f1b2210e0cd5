package envoyals

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is also the main function of the collectors that tests start as
// processes of their own.
func TestMain(m *testing.M) {
	var err error
	switch role := os.Getenv(roleVariable); role {
	case "":
		goleak.VerifyTestMain(m)
	case roleCounter:
		err = runCounter()
	case roleSealer:
		err = runSealer()
	default:
		err = fmt.Errorf("%s=%s: no such role", roleVariable, role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
