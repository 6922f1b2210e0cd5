// Package slotest runs tests of SLOs: files that say what traffic there is, and
// what the SLO must make of it at certain times.
//
// Every YAML document of a file is one test. The traffic stands in for the
// source of the indicator, whatever that is; everything behind it, windows,
// budgets, burn rates and alerts, is what the analyzer does. docs/slo-test.md
// has the format.
//
// Reading order: file.go (the format), series.go (the notation "100x60 0x5"),
// run.go (from traffic to figures), check.go (what differs).
package slotest
