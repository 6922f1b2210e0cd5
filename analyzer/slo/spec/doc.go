// Package spec reads what people write about SLOs: OpenSLO v1, and the specs of
// Sloth and Pyrra as far as they speak of mesh metrics.
//
// Read takes the documents of all files and returns a Library: SLOs with every
// reference resolved, Services, Exclusions and the Warnings. It is strict:
// whatever it does not understand is refused with file, line, field and remedy,
// everything wrong at once. With Options.Lenient, the slips that real files have
// (the examples of OpenSLO itself among them) are read as they are meant, each
// with a Warning that has a name.
//
// # Kinds
//
// openslo/v1: SLO, SLI, Service, DataSource, AlertPolicy, AlertCondition,
// AlertNotificationTarget. plimsoll.dev/v1: Exclusion. prometheus/v1 (Sloth),
// sloth.slok.dev/v1 PrometheusServiceLevel, pyrra.dev/v1alpha1
// ServiceLevelObjective.
//
// # The mesh indicator
//
// A metric source of type plimsoll has no query: it names a service and, if need
// be, namespace, route, caller, method, outcomes and a latency bound.
//
// # Reading order
//
// slo.go (what comes out), library.go (documents by kind), openslo.go (their
// shapes), read.go, indicator.go, objective.go, period.go and policy.go (one
// part of an SLO each), exclusion.go, sloth.go and pyrra.go over promql.go.
package spec
