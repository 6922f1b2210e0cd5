package ingest

import "testing"

func TestHalves(t *testing.T) {
	id := blockID(1, 2)
	h := Halves(id)
	if h[0] == h[1] || h[0] == id || h[1] == id || h != Halves(id) {
		t.Errorf("halves %x of %x, want two ids that are its own and always the same", h, id)
	}
	if h[0] != partID(id, 0) || h[1] != partID(id, 1) {
		t.Errorf("halves %x, want those of a split", h)
	}
}
