package rows

import "strings"

// maxPeerHeader bounds the x-mesh-peer header that is read, in bytes.
const maxPeerHeader = 512

// peerHeader is what a caller's proxy says about its workload in x-mesh-peer:
// "m=<mesh>;c=<cluster>;n=<namespace>;w=<workload>;s=<service>;v=<version>".
type peerHeader struct {
	mesh, cluster, namespace, workload, service, version string
}

// parsePeerHeader reads the header. It is no good without the four parts of a
// node id, or with a part that could pass for another id.
func parsePeerHeader(text string) (h peerHeader, ok bool) {
	if text == "" || len(text) > maxPeerHeader {
		return h, false
	}
	for part := range strings.SplitSeq(text, ";") {
		key, value, _ := strings.Cut(part, "=")
		if !plainName(value) {
			return peerHeader{}, false
		}
		h.set(key, value)
	}
	return h, h.mesh != "" && h.cluster != "" && h.namespace != "" && h.workload != ""
}

func (h *peerHeader) set(key, value string) {
	switch key {
	case "m":
		h.mesh = value
	case "c":
		h.cluster = value
	case "n":
		h.namespace = value
	case "w":
		h.workload = value
	case "s":
		h.service = value
	case "v":
		h.version = value
	}
}

// plainName tells whether a name is safe within a node id: printable ASCII
// without slash, and no tilde in front, which marks ids that are no workloads.
func plainName(name string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' || c == '/' {
			return false
		}
	}
	return !strings.HasPrefix(name, "~")
}
