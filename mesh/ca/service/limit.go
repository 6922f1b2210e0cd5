package service

import (
	"sync"
	"time"
)

// maxKeys bounds how many callers a limiter tells apart; when there are more,
// those that have been quiet are forgotten, and then new ones are refused.
const maxKeys = 10_000

// limiter is a token bucket for each key.
type limiter[K comparable] struct {
	rate  float64 // tokens per second
	burst float64

	mu      sync.Mutex
	buckets map[K]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

func newLimiter[K comparable](rate, burst float64) *limiter[K] {
	return &limiter[K]{rate: rate, burst: burst, buckets: map[K]bucket{}}
}

// allow takes a token of the key's, if there is one.
func (l *limiter[K]) allow(key K, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.buckets[key]
	if !known {
		if !l.room(now) {
			return false
		}
		b = bucket{left: l.burst, at: now}
	}
	b = l.filled(b, now)
	ok := b.left >= 1
	if ok {
		b.left--
	}
	l.buckets[key] = b
	return ok
}

func (l *limiter[K]) filled(b bucket, now time.Time) bucket {
	if d := now.Sub(b.at).Seconds(); d > 0 {
		b.left, b.at = min(l.burst, b.left+d*l.rate), now
	}
	return b
}

func (l *limiter[K]) room(now time.Time) bool {
	if len(l.buckets) < maxKeys {
		return true
	}
	for key, b := range l.buckets {
		if l.filled(b, now).left >= l.burst {
			delete(l.buckets, key)
		}
	}
	return len(l.buckets) < maxKeys
}
