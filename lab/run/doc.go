// Package run carries out a scenario: it starts the whole of Plimsoll and a
// small mesh of real Envoys on this machine, offers the load, does what the
// timeline says, and writes down what happened beside what Plimsoll saw.
//
// The way of a run (run.go): place everything in one directory and one block of
// ports, start the stack (stack.go), the applications and their proxies
// (apps.go), then drive the load and the timeline (drive.go, timeline.go), wait
// until Plimsoll has seen it all, and assemble the report (assemble.go).
//
// Nothing in here knows a particular scenario. Plimsoll itself is reached only
// as a user would reach it: its programs are started as child processes and
// asked through the API.
package run
