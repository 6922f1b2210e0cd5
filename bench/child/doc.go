// Package child is what the ingest benchmarks measure, as a process of its own:
// it reads messages from stdin, sends them through a part of the collector, and
// says what that cost.
//
// On stdin stand messages, each behind its length in four bytes, big-endian.
// They are read before the measurement begins. The answer is one line of JSON:
// {"rows": …, "cpu_s": …, "wall_s": …, "allocs": …}.
package child
