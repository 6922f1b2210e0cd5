package scenario

import (
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// Names that every lab node id shares: ids are
// "<scenario>/local/default/<workload>".
const (
	Cluster   = "local"
	Namespace = "default"
)

// Defaults of optional fields.
const (
	DefaultWorkers  = 32
	DefaultQueue    = 256
	DefaultMethod   = "GET"
	DefaultDeadline = time.Second
	DefaultDrain    = 400 * time.Millisecond
)

// WholeRun is the only phase of a scenario that names none.
const WholeRun = "run"

// MaxReplicas bounds the copies of one workload: each is an application and an
// Envoy of its own.
const MaxReplicas = 20

// Scenario is one lab run. It is not changed once read; Scale returns a copy.
type Scenario struct {
	Name        string            `yaml:"name"` // DNS label; also the mesh's name
	Description string            `yaml:"description"`
	Seed        uint64            `yaml:"seed"`
	Duration    yamlfile.Duration `yaml:"duration"` // default: the end of the last phase
	MinDuration MinDuration       `yaml:"min_duration"`
	Services    []Service         `yaml:"services"`
	Load        []Load            `yaml:"load"`
	Phases      []Phase           `yaml:"phases"` // in order of time
	Compare     []Comparison      `yaml:"compare"`
	Collector   Collector         `yaml:"collector"`

	Mesh     []Source      `yaml:"-"`
	SLOs     []Source      `yaml:"-"`
	Timeline []Action      `yaml:"-"` // in order of time
	Expect   []Expectation `yaml:"-"`
	File     string        `yaml:"-"`
}

// Collector says where the collector of the proxies' telemetry stands.
type Collector struct {
	Tier Tier `yaml:"tier"`
}

// Tier is a place for the collector.
type Tier string

// The tiers. Wherever it stands, the collector has a write-ahead log.
const (
	// NodeTier: beside the proxies, which reach it by a unix socket that the lab
	// holds open while the collector is away. The default.
	NodeTier Tier = "node"
	// CentralTier: elsewhere, reached by TCP.
	CentralTier Tier = "central"
	// RelayedTier: beside the proxies, passing its blocks on to a second one
	// elsewhere, which stores them.
	RelayedTier Tier = "relayed"
)

// MinDuration is the shortest duration that Scale accepts, and why.
type MinDuration struct {
	Duration yamlfile.Duration `yaml:"duration"`
	Reason   string            `yaml:"reason"`
}

// Source is a YAML document from a file that the scenario names, or inline.
type Source struct {
	Doc    yamlfile.Doc
	Inline bool
}

// Service is one version of a service: one workload.
type Service struct {
	Name      string     `yaml:"name"`
	Version   string     `yaml:"version"`
	Replicas  int        `yaml:"replicas"` // copies, each with its own proxy; workers and queue are per copy
	Workers   int        `yaml:"workers"`  // calls served at once, waiting for dependencies included
	Queue     int        `yaml:"queue"`    // calls waiting for a worker, first in first out; full: 503
	Cancel    bool       `yaml:"cancel"`   // whether work ends when the caller has gone
	Endpoints []Endpoint `yaml:"endpoints"`
}

// Workload is the name of the workload: "name-version", or "name".
func (s *Service) Workload() string {
	if s.Version == "" {
		return s.Name
	}
	return s.Name + "-" + s.Version
}

// Endpoint is one operation of a service: its work, then its calls.
type Endpoint struct {
	Path      string  `yaml:"path"`
	Method    string  `yaml:"method"`
	Work      Work    `yaml:"work"`
	ErrorRate float64 `yaml:"error_rate"` // share answered 500 after the work, without calls
	Calls     []Call  `yaml:"calls"`
}

// Call is one call to another service. Neighbouring parallel calls run
// together; the endpoint answers 500 when a call fails that is not optional.
type Call struct {
	Service  string `yaml:"service"`
	Path     string `yaml:"path"`
	Method   string `yaml:"method"`
	Parallel bool   `yaml:"parallel"`
	Optional bool   `yaml:"optional"`
}

// Load is an open-loop Poisson stream of user requests.
type Load struct {
	Service  string            `yaml:"service"`
	Path     string            `yaml:"path"`
	Method   string            `yaml:"method"`
	RPS      float64           `yaml:"rps"`
	Deadline yamlfile.Duration `yaml:"deadline"`
	Headers  map[string]string `yaml:"headers"`
	From     yamlfile.Duration `yaml:"from"`
	Until    yamlfile.Duration `yaml:"until"` // default: the end of the run
}

// Phase is a named part of the run that the report accounts for on its own.
type Phase struct {
	Name  string            `yaml:"name"`
	From  yamlfile.Duration `yaml:"from"`
	Until yamlfile.Duration `yaml:"until"`
	// Drain: no request is offered from Until for so long, so that those in
	// flight end before the next phase begins in earnest.
	Drain yamlfile.Duration `yaml:"drain"`
}

// Comparison names two phases that the summary shows side by side: the same
// trouble before and after a change.
type Comparison struct {
	Title  string `yaml:"title"`
	Before string `yaml:"before"`
	After  string `yaml:"after"`
}

// Expectation is a CEL expression over the report that must be true. In a
// scenario it may stand alone, as a string; it is then its own name.
type Expectation struct {
	Name string `yaml:"name"` // what it means, for the summary
	That string `yaml:"that"`
	Line int    `yaml:"-"`
}

// Service returns the versions of a service in the order of the file.
func (s *Scenario) Service(name string) []*Service {
	var out []*Service
	for i := range s.Services {
		if s.Services[i].Name == name {
			out = append(out, &s.Services[i])
		}
	}
	return out
}

// Phase returns the phase of that name.
func (s *Scenario) Phase(name string) (Phase, bool) {
	for _, p := range s.Phases {
		if p.Name == name {
			return p, true
		}
	}
	return Phase{}, false
}
