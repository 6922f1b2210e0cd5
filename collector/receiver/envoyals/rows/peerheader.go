package rows

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPeerHeader bounds the x-mesh-peer header that is read, in bytes.
const maxPeerHeader = 1024

// peerHeader is what a caller's proxy says in x-mesh-peer about its workload,
// and about the route by which the call went:
// "m=<mesh>;c=<cluster>;n=<namespace>;w=<workload>;s=<service>;v=<version>;r=<route>".
type peerHeader struct {
	mesh, cluster, namespace, workload, service, version string
	route                                                string // "" where nothing, or nothing usable, is said
}

// parsePeerHeader reads the header. It is no good without the four parts of a
// node id, or with a part that could pass for another id. The names are
// percent-encoded (RFC 3986, section 2.1); one that cannot be decoded stands for
// itself, since proxies did not always encode.
func parsePeerHeader(text string) (h peerHeader, ok bool) {
	if text == "" || len(text) > maxPeerHeader {
		return h, false
	}
	for part := range strings.SplitSeq(text, ";") {
		key, value, _ := strings.Cut(part, "=")
		if decoded, err := url.PathUnescape(value); err == nil {
			value = decoded
		}
		if key == "r" {
			h.route = plainRoute(value)
			continue
		}
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

// plainRoute returns a route's name if it is text, else nothing. Unlike a part
// of an id it may hold anything that people write, but no tilde in front, which
// marks names that nobody configured.
func plainRoute(name string) string {
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) || strings.HasPrefix(name, "~") {
		return ""
	}
	return name
}
