package ingest

// Halves returns the ids that the two halves of a block carry when the store
// refused it as too large: its rows are then stored under these.
func Halves(id [16]byte) [2][16]byte { return [2][16]byte{partID(id, 0), partID(id, 1)} }
