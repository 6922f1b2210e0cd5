// Package analyzer is the process that reads the store and answers: it waits
// for the store, opens its own small state, starts the evaluation of SLOs and
// the delivery of alerts, and serves the API until it is told to stop.
//
// Config is what a person writes (config.go), Run the life of the process
// (run.go), and build.go puts the parts together. The work itself is in the
// folders below: graph, slo, alert, tune, status; handler serves them, state
// keeps what must outlive a restart. Each can be read alone.
package analyzer
