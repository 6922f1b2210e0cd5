package lease

import "time"

// Lease is the right to use a value, until one of Keep and End is called.
type Lease[V Value] struct {
	registry *Registry[V]
	name     string
	entry    *entry[V]
}

// Value returns what was taken.
func (l *Lease[V]) Value() V { return l.entry.value }

// Keep gives the value back; it ends unless it is taken again within idle.
func (l *Lease[V]) Keep(idle time.Duration) {
	r, e := l.registry, l.entry
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		e.value.Close()
		return
	}
	e.held = false
	e.timer = time.AfterFunc(idle, func() { r.expire(l.name, e) })
}

// End gives the value back for good.
func (l *Lease[V]) End() {
	l.registry.remove(l.name, l.entry)
	l.entry.value.Close()
}
