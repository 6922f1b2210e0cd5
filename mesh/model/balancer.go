package model

import "time"

// Algorithm says how a host is chosen for a call.
type Algorithm string

// The algorithms. "" is LeastRequest, which is Istio's default.
const (
	LeastRequest Algorithm = "least-request"
	RoundRobin   Algorithm = "round-robin"
	Random       Algorithm = "random"
	RingHash     Algorithm = "ring-hash"
	Maglev       Algorithm = "maglev"
)

// Balancer chooses hosts. The two hashes need Hash, the others have none.
type Balancer struct {
	Algorithm Algorithm
	Hash      *Hash
	TableSize uint64 // least size of the ring, or Maglev's table, a prime; 0: Envoy's
}

// Hash is what calls with the same destination host have in common: the one
// that is set.
type Hash struct {
	Header   string
	Query    string // name of a parameter
	SourceIP bool
	Cookie   *Cookie
}

// Cookie is made by the proxy where the caller brings none and TTL is not nil.
type Cookie struct {
	Name, Path string
	TTL        *time.Duration // 0: for the session
}
