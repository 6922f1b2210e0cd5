package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

const (
	// headroom is what the engine may take beyond its cap, which counts only what
	// the engine itself allocates: pages of the library, the allocator's caches,
	// this program. Measured: 1.3 times a cap of 381 MiB.
	headroom = 300 << 20
	// defaultMemory is the cap where no cgroup sets a limit.
	defaultMemory = 1 << 30
	// minMemory is what the engine takes at rest, with room for small queries.
	minMemory = 256 << 20
)

// memoryPlan is the engine's cap in bytes, and what is wrong with it, if anything.
type memoryPlan struct {
	cap     int64
	problem string
	remedy  string
}

// planMemory chooses the cap. asked is the user's choice, 0 for none; limit is
// that of the cgroup, 0 for none.
func planMemory(asked, limit int64) memoryPlan {
	switch {
	case limit == 0:
		p := memoryPlan{cap: asked, problem: "no memory limit protects the machine from the engine"}
		if asked == 0 {
			p.cap = defaultMemory
		}
		p.remedy = fmt.Sprintf("run it with a limit of %s: systemd-run --user --scope -p MemoryMax=%s …, or a container's memory limit",
			mebibytes(p.cap+headroom), mebibytes(p.cap+headroom))
		return p
	case asked == 0 && limit-headroom >= minMemory:
		return memoryPlan{cap: limit - headroom}
	case asked != 0 && limit-headroom >= asked:
		return memoryPlan{cap: asked}
	}
	p := memoryPlan{cap: asked, problem: "memory limit of the cgroup is too small for the engine"}
	if asked == 0 {
		p.cap = minMemory
	}
	p.remedy = fmt.Sprintf("raise the limit from %s to %s (MemoryMax= of the unit, or the container's memory limit)",
		mebibytes(limit), mebibytes(p.cap+headroom))
	if limit-headroom >= minMemory {
		p.remedy += fmt.Sprintf(", or run with --memory %siB", mebibytes(limit-headroom))
	}
	return p
}

// mebibytes writes a size as systemd and Docker read it, rounded down.
func mebibytes(n int64) string { return strconv.FormatInt(n>>20, 10) + "M" }

// cgroupLimit returns the least memory.max of this process's cgroup and those
// above it, in bytes, and 0 when there is none (cgroup v2; the kernel's
// Documentation/admin-guide/cgroup-v2.rst). root is the root directory.
func cgroupLimit(root fs.FS) (int64, error) {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0, fmt.Errorf("finding cgroup: %w", err)
	}
	group, found := "", false
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			group, found = name, true
		}
	}
	if !found {
		return 0, errors.New("finding cgroup: no cgroup v2")
	}
	least := int64(0)
	for dir := path.Join("sys/fs/cgroup", group); strings.HasPrefix(dir, "sys/fs/cgroup"); dir = path.Dir(dir) {
		if limit := readLimit(root, path.Join(dir, "memory.max")); limit > 0 && (least == 0 || limit < least) {
			least = limit
		}
	}
	return least, nil
}

// readLimit reads one memory.max; "max", a file that is not there, and one that
// cannot be read are no limit.
func readLimit(root fs.FS, name string) int64 {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
