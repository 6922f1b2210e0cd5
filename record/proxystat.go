package record

import "time"

// StatScope tells what a ProxyStat speaks of.
type StatScope uint8

// The scopes. The numbers are stored (Enum8) and never change.
const (
	ScopeServer   StatScope = 0 // the proxy as a whole; Object is ""
	ScopeCluster  StatScope = 1 // an upstream cluster
	ScopeListener StatScope = 2
	ScopeHTTP     StatScope = 3 // an HTTP connection manager, by its stat prefix
	ScopeRoute    StatScope = 4
	ScopeBalancer StatScope = 5
	ScopeLog      StatScope = 6 // access logs
	ScopeProcess  StatScope = 7 // the operating system's view: CPU, memory, open files
)

var statScopeNames = [...]string{"server", "cluster", "listener", "http", "route", "balancer", "log", "process"}

// String returns the name used in tables and answers, such as "cluster".
func (s StatScope) String() string { return enumName(statScopeNames[:], uint8(s)) }

// StatScopeNames lists the names in the order of their numbers.
func StatScopeNames() []string { return append([]string(nil), statScopeNames[:]...) }

// StatKind tells how values of a ProxyStat combine.
type StatKind uint8

// The kinds. The numbers are stored (Enum8) and never change.
const (
	StatCounter StatKind = 0 // Value is the growth since the sample before
	StatGauge   StatKind = 1 // Value is the value at At
)

var statKindNames = [...]string{"counter", "gauge"}

// String returns the name used in tables and answers, such as "counter".
func (k StatKind) String() string { return enumName(statKindNames[:], uint8(k)) }

// StatKindNames lists the names in the order of their numbers.
func StatKindNames() []string { return append([]string(nil), statKindNames[:]...) }

// ProxyStat is one value of one proxy's own statistics.
type ProxyStat struct {
	At      time.Time     // when it was read
	Step    time.Duration // since the sample before; 0 for the first and for gauges
	Started time.Time     // start of the proxy, zero if not known
	Proxy   string        // Envoy's node.id
	Node    string        // node id of the workload beside it, as in Peer.ID
	Source  string        // "envoy", "istio", "linkerd", …
	Scope   StatScope
	Object  string // cluster, listener, stat prefix, …
	Name    string // without scope and object, as Envoy names it: "upstream_rq_retry"
	Kind    StatKind
	Value   float64
	Total   float64 // of a counter: as it was read; of a gauge: Value
	Reset   bool    // the counter began anew since the sample before: Value counts from zero
}

// ConfigChange is one applied, or withdrawn, object of configuration.
type ConfigChange struct {
	At         time.Time
	Source     string // "mesh", "tune", "lab", …
	Action     string // "applied", "withdrawn", "rolled_back", "refused"
	Kind       string // "VirtualService", …
	Namespace  string
	Name       string
	Generation uint64
	Actor      string // who asked for it
	Reason     string
	Text       string // the object, as YAML
}
