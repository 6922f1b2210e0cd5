// Package ingest measures the way of a row from a proxy to the store: what it
// costs the collector, and what it takes in the store.
//
// Every program measured is a process of its own, given its input on stdin
// before the clock starts, so that its CPU time is its own and not the bench's.
// What is set against each other runs one after the other in the same run.
package ingest
