package run

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"strings"
	"time"
)

// usage is what the lab and all its children take from the machine.
type usage struct {
	cpu  time.Duration // of all that are alive now
	rss  int64         // bytes; pages shared between processes count once (PSS)
	peak int64
}

// clockTick is the unit of processor times in /proc (sysconf(_SC_CLK_TCK),
// 100 on every Linux that Go supports).
const clockTick = 10 * time.Millisecond

// watchUsage measures every few seconds until the context ends, and once more
// then. It sends the last measurement.
func watchUsage(ctx context.Context) <-chan usage {
	result := make(chan usage, 1)
	go func() {
		tick := time.NewTicker(3 * time.Second)
		defer tick.Stop()
		var peak int64
		for {
			u := measure(os.Getpid())
			peak = max(peak, u.rss)
			select {
			case <-ctx.Done():
				u.peak = peak
				result <- u
				return
			case <-tick.C:
			}
		}
	}()
	return result
}

// measure sums up a process and its descendants.
func measure(root int) usage {
	var u usage
	family := descendants(root)
	for _, pid := range family {
		u.rss += proportionalSet(pid)
		u.cpu += processorTime(pid)
	}
	return u
}

// descendants returns the process and everything below it.
func descendants(root int) []int {
	children := map[int][]int{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return []int{root}
	}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if f := statFields(pid); len(f) > 1 {
				parent, _ := strconv.Atoi(f[1])
				children[parent] = append(children[parent], pid)
			}
		}
	}
	family := []int{root}
	for i := 0; i < len(family); i++ {
		family = append(family, children[family[i]]...)
	}
	return family
}

// statFields returns the fields of /proc/PID/stat after the name: state,
// parent, … (proc(5)).
func statFields(pid int) []string {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil
	}
	return strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
}

func processorTime(pid int) time.Duration {
	f := statFields(pid)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * clockTick
}

func proportionalSet(pid int) int64 {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/smaps_rollup")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}
