package engine

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestPlanMemory(t *testing.T) {
	const mib = 1 << 20
	tests := []struct {
		name            string
		asked, limit    int64
		want            int64
		problem, remedy string
	}{
		{"nothing said, no limit", 0, 0, 1024 * mib, "no memory limit", "a limit of 1324M: systemd-run --user --scope -p MemoryMax=1324M"},
		{"asked, no limit", 512 * mib, 0, 512 * mib, "no memory limit", "MemoryMax=812M"},
		{"the cgroup decides", 0, 2048 * mib, 1748 * mib, "", ""},
		{"the cgroup just suffices", 0, 556 * mib, 256 * mib, "", ""},
		{"asked, and there is room", 512 * mib, 2048 * mib, 512 * mib, "", ""},
		{"asked, and it just fits", 512 * mib, 812 * mib, 512 * mib, "", ""},
		{"the cgroup is too small", 0, 400 * mib, 256 * mib, "too small", "from 400M to 556M"},
		{"asked for too much", 1024 * mib, 1200 * mib, 1024 * mib, "too small", "from 1200M to 1324M (MemoryMax= of the unit, or the container's memory limit), or run with --memory 900MiB"},
		{"asked for too much, and nothing less helps", 256 * mib, 300 * mib, 256 * mib, "too small", "from 300M to 556M"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := planMemory(tt.asked, tt.limit)
			if p.cap != tt.want || !strings.Contains(p.problem, tt.problem) || (p.problem == "") != (tt.problem == "") {
				t.Errorf("plan = %d %q, want %d %q", p.cap, p.problem, tt.want, tt.problem)
			}
			if !strings.Contains(p.remedy, tt.remedy) || (p.remedy == "") != (tt.remedy == "") {
				t.Errorf("remedy = %q, want %q", p.remedy, tt.remedy)
			}
			if strings.Contains(p.remedy, "--memory") && tt.limit-headroom < minMemory {
				t.Errorf("remedy %q names a cap that would be refused", p.remedy)
			}
		})
	}
}

func TestCgroupLimit(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	tests := []struct {
		name  string
		files fstest.MapFS
		want  int64
		err   string
	}{
		{"own limit", fstest.MapFS{"proc/self/cgroup": file("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": file("1000\n")}, 1000, ""},
		{"limit of the group above", fstest.MapFS{
			"proc/self/cgroup": file("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": file("max\n"), "sys/fs/cgroup/a/memory.max": file("2000\n"),
		}, 2000, ""},
		{"the least counts", fstest.MapFS{
			"proc/self/cgroup": file("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": file("3000\n"), "sys/fs/cgroup/a/memory.max": file("2000\n"),
		}, 2000, ""},
		{"a container's root", fstest.MapFS{"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("4000\n")}, 4000, ""},
		{"none", fstest.MapFS{"proc/self/cgroup": file("0::/a\n"), "sys/fs/cgroup/a/memory.max": file("max\n")}, 0, ""},
		{"nonsense", fstest.MapFS{"proc/self/cgroup": file("0::/a\n"), "sys/fs/cgroup/a/memory.max": file("lots\n")}, 0, ""},
		{"both versions", fstest.MapFS{"proc/self/cgroup": file("4:memory:/x\n0::/a\n"), "sys/fs/cgroup/a/memory.max": file("5000")}, 5000, ""},
		{"version 1 alone", fstest.MapFS{"proc/self/cgroup": file("4:memory:/x\n")}, 0, "no cgroup v2"},
		{"no cgroups", fstest.MapFS{}, 0, "finding cgroup"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := cgroupLimit(tt.files)
			if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("limit = %d, %v, want %d, %q", got, err, tt.want, tt.err)
			}
		})
	}
}
