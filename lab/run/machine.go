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
	cpu  time.Duration // of all that live, and of those that ended and were waited for
	rss  int64         // bytes; pages shared between processes count once (PSS)
	peak int64
}

// clockTick is the unit of processor times in /proc (sysconf(_SC_CLK_TCK),
// 100 on every Linux that Go supports).
const clockTick = 10 * time.Millisecond

// watchedUsage may be read once done is closed.
type watchedUsage struct {
	usage usage
	done  chan struct{}
}

// watchUsage measures every few seconds until the context ends, and once more
// then.
func watchUsage(ctx context.Context) *watchedUsage {
	w := &watchedUsage{done: make(chan struct{})}
	go func() {
		defer close(w.done)
		tick := time.NewTicker(3 * time.Second)
		defer tick.Stop()
		for {
			u := measure(os.Getpid())
			u.peak = max(w.usage.peak, u.rss)
			w.usage = u
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return w
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

// processorTime is that of a process and of its children that have ended.
func processorTime(pid int) time.Duration {
	f := statFields(pid)
	if len(f) < 15 {
		return 0
	}
	ticks := int64(0)
	for _, field := range f[11:15] { // utime, stime, cutime, cstime
		n, _ := strconv.ParseInt(field, 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * clockTick
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
