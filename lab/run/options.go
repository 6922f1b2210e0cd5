package run

import (
	"io"
	"log/slog"
	"time"

	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
)

// Options say how to run a scenario.
type Options struct {
	Scenario *scenario.Scenario
	Duration time.Duration // 0: the scenario's own
	Seed     uint64        // 0: the scenario's own
	BasePort int           // first of the loopback ports taken; 0: DefaultBasePort
	Keep     bool          // leave everything running until the context ends

	Plimsoll string // program to start collector, analyzer and engine from
	Envoy    string // path of Envoy
	Library  string // path of libchdb.so
	Store    string // DSN of a ClickHouse to use instead of the embedded one; "": embedded

	CheckSLOs CheckSLOs // judges objectives before anything starts; nil: the analyzer will

	Begun    time.Time // when the user started waiting, for first_edge_s; zero: now
	Version  string    // of Plimsoll, for the report
	Progress io.Writer // lines for people; nil: none
	Log      *slog.Logger
}

// DefaultBasePort is the first port of a lab where none is named.
const DefaultBasePort = 18000

// Addresses tell a user of a kept lab where to look.
type Addresses struct {
	Analyzer  string // URL of the API
	TokenFile string // viewer token
	Operator  string // operator token
	Directory string // logs, configuration and data of the run
	Users     string // URL of the first service that the load calls
}
