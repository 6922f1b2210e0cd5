// Package process runs the child processes of a lab: each in a process group
// of its own, killed by the kernel if the lab dies, with its output in a file.
//
// A Set starts and stops them in order. A child that ends unasked is reported
// with the last lines it printed.
package process
