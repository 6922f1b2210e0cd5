package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine/sandbox"
)

// Environment of the two stages that a test starts of itself: enterEnv carries
// the policy into a process that enters the sandbox, insideEnv what to try there.
const (
	enterEnv  = "SANDBOX_TEST_ENTER"
	insideEnv = "SANDBOX_TEST_INSIDE"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(enterEnv); text != "" {
		os.Exit(enter(text))
	}
	if action := os.Getenv(insideEnv); action != "" {
		os.Exit(inside(action))
	}
	os.Exit(m.Run())
}

func enter(text string) int {
	var policy sandbox.Policy
	err := json.Unmarshal([]byte(text), &policy)
	if err == nil {
		err = sandbox.Exec(policy, []string{os.Args[0]}, []string{
			insideEnv + "=" + os.Getenv("ACTION"),
			"GODEBUG=multipathtcp=0", // Go listens by MPTCP, which Landlock does not know
		})
	}
	fmt.Println("entering:", err)
	return 1
}

// inside does one thing and prints its error, or "done".
func inside(action string) int {
	verb, arg, _ := strings.Cut(action, " ")
	var err error
	switch verb {
	case "read":
		_, err = os.ReadFile(arg)
	case "write":
		err = os.WriteFile(arg, []byte("x"), 0o600)
	case "list":
		_, err = os.ReadDir(arg)
	case "remove":
		err = os.Remove(arg)
	case "run":
		err = exec.Command(arg).Run()
	case "dial":
		_, err = net.Dial("tcp", arg)
	case "listen":
		_, err = net.Listen("tcp", arg)
	case "signal":
		var pid int
		if _, err = fmt.Sscan(arg, &pid); err == nil {
			err = syscall.Kill(pid, 0)
		}
	}
	if err != nil {
		fmt.Println(err)
		return 0
	}
	fmt.Println("done")
	return 0
}

func TestExecConfines(t *testing.T) {
	if err := sandbox.Supported(); err != nil {
		t.Skip(err)
	}
	open, closed, read := t.TempDir(), t.TempDir(), t.TempDir()
	for _, dir := range []string{open, closed, read} {
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(closed, "file"), filepath.Join(open, "link")); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	policy := sandbox.Policy{
		ReadWrite: []string{open, "/dev/null", filepath.Join(closed, "missing")},
		ReadOnly:  []string{read, executable, "/lib", "/lib64", "/usr/lib", "/proc/self"},
	}
	tests := []struct {
		action string
		denied bool
	}{
		{"read " + open + "/file", false},
		{"write " + open + "/new", false},
		{"list " + open, false},
		{"remove " + open + "/new", false},
		{"write /dev/null", false},
		{"read " + read + "/file", false},
		{"write " + read + "/file", true},
		{"remove " + read + "/file", true},
		{"read " + closed + "/file", true},
		{"read " + open + "/link", true},
		{"read " + open + "/../" + filepath.Base(closed) + "/file", true},
		{"list " + closed, true},
		{"write " + closed + "/new", true},
		{"read /etc/passwd", true},
		{"run /bin/true", true},
		{"dial " + listener.Addr().String(), true},
		{"listen 127.0.0.1:0", true},
		{"signal " + fmt.Sprint(os.Getpid()), true},
	}
	for _, tt := range tests {
		t.Run(tt.action, func(t *testing.T) {
			got := runInside(t, policy, tt.action)
			if denied := strings.Contains(got, "permission denied") || strings.Contains(got, "not permitted"); denied != tt.denied {
				t.Errorf("%s: %s, want denied = %v", tt.action, got, tt.denied)
			}
			if !tt.denied && got != "done" {
				t.Errorf("%s: %s", tt.action, got)
			}
		})
	}
}

func runInside(t *testing.T, policy sandbox.Policy, action string) string {
	t.Helper()
	text, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{enterEnv + "=" + string(text), "ACTION=" + action}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestSupportedNamesTheCause(t *testing.T) {
	if err := sandbox.Supported(); err != nil && !errors.Is(err, sandbox.ErrUnsupported) {
		t.Errorf("error = %v, want ErrUnsupported", err)
	}
}
