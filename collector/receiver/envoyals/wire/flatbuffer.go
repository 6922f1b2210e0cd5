package wire

import "encoding/binary"

// The fields of Wasm.Common.FlatNode that are read (istio/proxy:
// extensions/common/node_info.fbs), by their place in its table.
const (
	flatNamespace    = 1
	flatLabels       = 2
	flatWorkloadName = 4
	flatMeshID       = 7
	flatClusterID    = 9
)

// maxFlatLabels bounds how many labels of a FlatNode are looked at.
const maxFlatLabels = 256

// flatNode reads a FlatNode, the form before Istio 1.24.
func (p *Peer) flatNode(b []byte) error {
	node, ok := flatTableAt(b, flatTarget(b, 0))
	if !ok {
		return ErrMalformed
	}
	for _, f := range [...]struct {
		field int
		dst   *string
	}{
		{flatNamespace, &p.Namespace}, {flatWorkloadName, &p.Workload}, {flatMeshID, &p.Mesh}, {flatClusterID, &p.Cluster},
	} {
		if err := node.text(f.field, f.dst); err != nil {
			return err
		}
	}
	var l labels
	if err := node.labels(flatLabels, &l); err != nil {
		return err
	}
	p.Service, p.Version = l.service(), l.revision()
	return nil
}

// flatTable is a table within a FlatBuffer (flatbuffers.dev, Internals): at its
// start stands how far before it the vtable lies, which holds where each of its
// fields is.
type flatTable struct {
	buf    []byte
	at     int // where the table is
	vtable int // where its vtable is
	size   int // of the vtable in bytes
}

func flatTableAt(buf []byte, at int) (flatTable, bool) {
	t := flatTable{buf: buf, at: at}
	if at <= 0 || at+4 > len(buf) {
		return t, false
	}
	t.vtable = at - int(int32(binary.LittleEndian.Uint32(buf[at:])))
	if t.vtable < 0 || t.vtable+4 > len(buf) {
		return t, false
	}
	t.size = int(binary.LittleEndian.Uint16(buf[t.vtable:]))
	return t, t.size >= 4 && t.vtable+t.size <= len(buf)
}

// field returns where a field of the table is, 0 if it has none.
func (t *flatTable) field(n int) int {
	slot := 4 + 2*n
	if slot+2 > t.size {
		return 0
	}
	offset := int(binary.LittleEndian.Uint16(t.buf[t.vtable+slot:]))
	if offset == 0 {
		return 0
	}
	return t.at + offset
}

// text reads a string field into dst, which stays as it is if there is none.
func (t *flatTable) text(n int, dst *string) error {
	at := t.field(n)
	if at == 0 {
		return nil
	}
	start := flatTarget(t.buf, at)
	length := flatUint32(t.buf, start)
	if length < 0 || start+4+length > len(t.buf) {
		return ErrMalformed
	}
	return setText(dst, t.buf[start+4:start+4+length])
}

// labels reads a vector of KeyVal tables.
func (t *flatTable) labels(n int, l *labels) error {
	at := t.field(n)
	if at == 0 {
		return nil
	}
	start := flatTarget(t.buf, at)
	count := flatUint32(t.buf, start)
	if count < 0 || count > maxFlatLabels {
		return ErrMalformed
	}
	for i := range count {
		pair, ok := flatTableAt(t.buf, flatTarget(t.buf, start+4+4*i))
		if !ok {
			return ErrMalformed
		}
		var key, label string
		if pair.text(0, &key) != nil || pair.text(1, &label) != nil {
			return ErrMalformed
		}
		l.set(key, label)
	}
	return nil
}

// flatTarget returns where the offset at a place leads, -1 if there is none.
func flatTarget(b []byte, at int) int {
	offset := flatUint32(b, at)
	if offset <= 0 {
		return -1
	}
	return at + offset
}

// flatUint32 reads a number, -1 if it lies outside.
func flatUint32(b []byte, at int) int {
	if at < 0 || at+4 > len(b) {
		return -1
	}
	return int(binary.LittleEndian.Uint32(b[at:]))
}
