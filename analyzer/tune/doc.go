// Package tune is the analyzer's tuner: it judges the limits of one edge from
// stored rows, keeps the plans, and applies or takes back what they say through
// the mesh.
//
// Service implements the API. The work is done in the rooms below: rows reads
// the store, verdict judges (and is the place to read about formulas),
// survival holds the statistics, plans keeps plans in SQLite and meshclient
// connects to the mesh. This package decides which windows are judged
// (windows.go) and which plans may be applied or rolled back (apply.go,
// rollback.go).
package tune
