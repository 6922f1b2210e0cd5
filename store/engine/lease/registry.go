package lease

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// What Take refuses.
var (
	ErrBusy    = errors.New("is held by a concurrent client")
	ErrMissing = errors.New("does not exist")
	ErrFull    = errors.New("would be one too many")
	ErrClosed  = errors.New("registry is closed")
)

// Value is what a registry keeps. Close ends it.
type Value interface{ Close() }

// Registry keeps values by name. It is safe for concurrent use.
type Registry[V Value] struct {
	limit int

	mu      sync.Mutex
	entries map[string]*entry[V]
	closed  bool
}

type entry[V Value] struct {
	value V
	held  bool
	timer *time.Timer // while nobody holds it
}

// New returns a registry of at most limit values.
func New[V Value](limit int) *Registry[V] {
	return &Registry[V]{limit: limit, entries: map[string]*entry[V]{}}
}

// Take returns the value of that name, for its one holder. When there is none it
// is made by open, or ErrMissing when open is nil; open is called without a lock.
func (r *Registry[V]) Take(name string, open func() (V, error)) (*Lease[V], error) {
	e, err := r.claim(name, open != nil)
	if err != nil {
		return nil, fmt.Errorf("session %q %w", name, err)
	}
	lease := &Lease[V]{registry: r, name: name, entry: e}
	if e.timer != nil {
		e.timer.Stop()
		return lease, nil
	}
	if e.value, err = open(); err != nil {
		r.remove(name, e)
		return nil, err
	}
	return lease, nil
}

// claim marks an entry as held, making one when it may. An entry without a timer
// is new.
func (r *Registry[V]) claim(name string, create bool) (*entry[V], error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	if e := r.entries[name]; e != nil {
		if e.held {
			return nil, ErrBusy
		}
		e.held = true
		return e, nil
	}
	switch {
	case !create:
		return nil, ErrMissing
	case len(r.entries) >= r.limit:
		return nil, fmt.Errorf("%w: %d are open", ErrFull, r.limit)
	}
	e := &entry[V]{held: true}
	r.entries[name] = e
	return e, nil
}

func (r *Registry[V]) remove(name string, e *entry[V]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entries[name] == e {
		delete(r.entries, name)
	}
}

// expire ends a value that nobody took in time.
func (r *Registry[V]) expire(name string, e *entry[V]) {
	r.mu.Lock()
	expired := !e.held && r.entries[name] == e
	if expired {
		delete(r.entries, name)
	}
	r.mu.Unlock()
	if expired {
		e.value.Close()
	}
}

// Len returns how many values are kept, held ones included.
func (r *Registry[V]) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.entries)
}

// Close ends all values that nobody holds, and lets those that are held end with
// their lease.
func (r *Registry[V]) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for name, e := range r.entries {
		delete(r.entries, name)
		if !e.held {
			e.timer.Stop()
			e.value.Close()
		}
	}
}
