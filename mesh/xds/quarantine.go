package xds

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// maxQuarantine bounds the versions remembered for one proxy.
const maxQuarantine = 1024

// NACK is a rejection by a proxy.
type NACK struct {
	Type       string   // type URL
	Names      []string // of the rejected resources; several while the bad one is being looked for
	Message    string   // Envoy's reason
	Generation uint64   // of the snapshot that was being delivered
	At         time.Time
}

// quarantine holds the versions that a proxy rejected. It outlives a stream, so
// that a reconnecting proxy is not sent them again; a proxy that started anew
// begins with an empty one.
type quarantine struct {
	entries map[badKey]*NACK
	strikes map[badKey]int // late acknowledgements
	total   uint64         // rejections, also of groups
	report  func(*NACK)    // told of each; may be nil
}

type badKey struct{ url, name, version string }

func newQuarantine(report func(*NACK)) *quarantine {
	return &quarantine{entries: map[badKey]*NACK{}, strikes: map[badKey]int{}, report: report}
}

func keyOf(url string, r *Resource) badKey { return badKey{url, r.Name, r.Version} }

func (q *quarantine) has(url string, r *Resource) bool { return q.entries[keyOf(url, r)] != nil }

// add takes the resource in.
func (q *quarantine) add(url string, r *Resource, nack *NACK) {
	if len(q.entries) >= maxQuarantine {
		q.evict()
	}
	q.entries[keyOf(url, r)] = nack
	q.count(nack)
}

// evict drops the older half.
func (q *quarantine) evict() {
	keys := slices.SortedFunc(maps.Keys(q.entries), func(a, b badKey) int {
		return q.entries[a].At.Compare(q.entries[b].At)
	})
	for _, key := range keys[:len(keys)/2] {
		delete(q.entries, key)
	}
	clear(q.strikes)
}

func (q *quarantine) count(nack *NACK) {
	q.total++
	if q.report != nil {
		q.report(nack)
	}
}

// explain replaces the reason of what was quarantined for want of an answer, and
// tells whether there was any such thing.
func (q *quarantine) explain(url string, f *flight, message string) bool {
	found := false
	for _, r := range f.items {
		if r == nil {
			continue
		}
		if nack := q.entries[keyOf(url, r)]; nack != nil {
			nack.Message, found = message, true
		}
	}
	return found
}

// excuse tells whether a response that was acknowledged too late may be tried
// again: each resource once, and one that was alone in it always.
func (q *quarantine) excuse(url string, f *flight) bool {
	if len(f.items) == 1 {
		return true
	}
	for _, r := range f.items {
		if r != nil && q.strikes[keyOf(url, r)] > 0 {
			return false
		}
	}
	for _, r := range f.items {
		if r != nil {
			q.strikes[keyOf(url, r)]++
		}
	}
	return true
}

// wanted returns the entries that keep a proxy from the snapshot, in order.
func (q *quarantine) wanted(snap *Snapshot) []NACK {
	var out []NACK
	for key, nack := range q.entries {
		if r := snap.resource(key.url, key.name); r != nil && r.Version == key.version {
			out = append(out, *nack)
		}
	}
	slices.SortFunc(out, func(a, b NACK) int {
		if c := rank(a.Type) - rank(b.Type); c != 0 {
			return c
		}
		return strings.Compare(strings.Join(a.Names, ","), strings.Join(b.Names, ","))
	})
	return out
}

// pardon lifts the quarantine of a resource that was only never answered for:
// once, unless it was accepted alone.
func (q *quarantine) pardon(url string, r *Resource, alone bool) bool {
	key := keyOf(url, r)
	if nack := q.entries[key]; nack == nil || nack.Message != noAnswer || !alone && q.strikes[key] > 0 {
		return false
	}
	q.strikes[key]++
	delete(q.entries, key)
	return true
}

// acquit drops what was never answered for.
func (q *quarantine) acquit() {
	maps.DeleteFunc(q.entries, func(_ badKey, nack *NACK) bool { return nack.Message == noAnswer })
}

// clear drops what is older than a stream.
func (q *quarantine) clear(before time.Time) {
	maps.DeleteFunc(q.entries, func(_ badKey, nack *NACK) bool { return nack.At.Before(before) })
	clear(q.strikes)
}
