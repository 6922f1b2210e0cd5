package blockrelay

import "sync"

// budget bounds the bytes of bodies that are held at a time. It refuses instead
// of queueing: a sender that waits here holds a connection, one that comes again
// does not.
type budget struct {
	max int64

	mu   sync.Mutex
	used int64
}

// take reserves n bytes, if there are so many.
func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n > b.max {
		return false
	}
	b.used += n
	return true
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
}

// held returns the bytes reserved now.
func (b *budget) held() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}
