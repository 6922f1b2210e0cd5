// Package status tells how Plimsoll itself fares: whether the store answers,
// how old the watermark is, which collectors and proxies went silent, and
// whether the mesh can be reached.
//
// Each check has a code that never changes its meaning:
//
//	PLM001  the store answers
//	PLM002  its tables are there, of the version that this build expects
//	PLM003  the watermark is fresh, and a collector vouches for it
//	PLM004  no collector went silent
//	PLM005  no proxy went silent
//	PLM006  the mesh's API can be reached (only where one is configured)
//
// A check whose ground is missing (tables without a store) is left out rather
// than reported as a second finding. checks.go judges, and is pure; facts.go
// reads what it judges from the store.
//
// Whether what is stored is complete, and once each, is told by findings with
// codes of their own (thresholds.go): of tables (tables.go), of proxies whose
// rows differ from their counters (accounts.go), of collectors that were silent
// (collectors.go), of blocks and rollups (verify.go).
package status
