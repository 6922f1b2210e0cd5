package suite

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Machine is what figures were measured on.
type Machine struct {
	CPU      string
	Cores    int
	Memory   int64 // bytes
	Kernel   string
	Go       string
	Load     float64           // average of the last minute, at the start
	Versions map[string]string // of the programs measured
	At       time.Time
}

// ThisMachine describes where the program runs.
func ThisMachine(at time.Time) Machine {
	m := Machine{Cores: runtime.NumCPU(), Go: runtime.Version(), At: at, CPU: field("/proc/cpuinfo", "model name")}
	m.Kernel = firstWord("/proc/sys/kernel/osrelease")
	m.Load, _ = strconv.ParseFloat(firstWord("/proc/loadavg"), 64)
	kib, _, _ := strings.Cut(field("/proc/meminfo", "MemTotal"), " ")
	n, _ := strconv.ParseInt(kib, 10, 64)
	m.Memory = n << 10
	return m
}

// String is the head of a table.
func (m Machine) String() string {
	text := fmt.Sprintf("%s, %d cores, %.0f GiB, Linux %s, %s, load %.2f, %s",
		m.CPU, m.Cores, float64(m.Memory)/(1<<30), m.Kernel, m.Go, m.Load, m.At.UTC().Format("2006-01-02 15:04 UTC"))
	for _, name := range slices.Sorted(maps.Keys(m.Versions)) {
		text += fmt.Sprintf(", %s %s", name, m.Versions[name])
	}
	return text
}

// field returns the text behind "name:" in a file, "" if there is none.
func field(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		key, value, ok := strings.Cut(s.Text(), ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func firstWord(path string) string {
	text, _ := os.ReadFile(path)
	word, _, _ := strings.Cut(string(text), " ")
	return strings.TrimSpace(word)
}
