package run

import (
	"os"
	"os/exec"
	"slices"
	"testing"
)

func TestDescendants(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", "sleep 100 & echo started; wait")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	if _, err := out.Read(make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
	family := descendants(os.Getpid())
	if family[0] != os.Getpid() || !slices.Contains(family, cmd.Process.Pid) || len(family) < 3 {
		t.Errorf("family %v lacks %d or its child", family, cmd.Process.Pid)
	}
	for _, pid := range family {
		if pid != os.Getpid() && pid != cmd.Process.Pid {
			if p, err := os.FindProcess(pid); err == nil {
				_ = p.Kill()
			}
		}
	}
}

func TestMeasure(t *testing.T) {
	u := measure(os.Getpid())
	if u.rss < 1<<20 || u.rss > 8<<30 {
		t.Errorf("resident set %d", u.rss)
	}
	if u.cpu < 0 {
		t.Errorf("processor time %s", u.cpu)
	}
	if none := measure(1 << 30); none.rss != 0 || none.cpu != 0 {
		t.Errorf("a process that does not exist uses %+v", none)
	}
}
