package envoyconf

import (
	"net/url"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// maxPeer bounds the peer header, in bytes; readers of the access log need not
// look at more.
const maxPeer = 1024

// peer is what a caller's proxy says about itself to the callee's, and by which
// route the call goes, so that both sides of it can be told apart in the same
// way:
//
//	m=<mesh>;c=<cluster>;n=<namespace>;w=<workload>;s=<service>;v=<version>;r=<route>
//
// A route without a name, or with one for which there is no room, is left out.
// The result is a value in Envoy's format language, where a percent sign is
// written twice.
func (b *builder) peer(r *model.Route) string {
	w := b.workload
	value := parts("m", b.mesh.Name, "c", b.mesh.Cluster, "n", w.Namespace, "w", w.Name, "s", w.Service, "v", w.Version)
	if route := ";" + parts("r", r.Name); r.Name != "" && len(value)+len(route) <= maxPeer {
		value += route
	}
	return strings.ReplaceAll(value, "%", "%%")
}

// parts joins keys and values as "k=v;k=v", the values escaped.
func parts(pairs ...string) string {
	var out []string
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, pairs[i]+"="+escape(pairs[i+1]))
	}
	return strings.Join(out, ";")
}

// escape writes what is not plain in a URL's path segment (RFC 3986, section
// 3.3), and the equals sign, as a percent sign and two hexadecimal digits.
func escape(name string) string {
	return strings.ReplaceAll(url.PathEscape(name), "=", "%3D")
}
