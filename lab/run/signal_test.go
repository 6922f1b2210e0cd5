package run

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func killPid(t *testing.T, text string) {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || pid <= 1 {
		t.Fatalf("%q is no process id", text)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}
