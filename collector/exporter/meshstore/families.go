package meshstore

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// maxFamilies bounds how many families of unknown metrics are told apart.
const maxFamilies = 100

// otherFamilies is the family of all beyond.
const otherFamilies = "~other"

// families counts unknown metrics by the first word of their names: "http" of
// http.server.duration, "go" of go_gc_duration_seconds. Safe for concurrent use.
type families struct {
	mu     sync.Mutex
	points map[string]uint64
}

// add counts the data points of one metric.
func (f *families) add(name string, points uint64) {
	family := familyOf(name)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.points == nil {
		f.points = make(map[string]uint64)
	}
	if _, known := f.points[family]; !known {
		if family = strings.Clone(family); len(f.points) >= maxFamilies {
			family = otherFamilies
		}
	}
	f.points[family] += points
}

func familyOf(name string) string {
	if i := strings.IndexAny(name, "._-/"); i > 0 {
		return name[:i]
	}
	return name
}

// each calls report for each family, in the order of their names.
func (f *families) each(report func(family string, points uint64)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, family := range slices.Sorted(maps.Keys(f.points)) {
		report(family, f.points[family])
	}
}
