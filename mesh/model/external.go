package model

// Resolution says where the addresses of an external service come from.
type Resolution string

// The resolutions, in Istio's words.
const (
	ResolutionStatic Resolution = "STATIC" // the endpoints' own IPs
	ResolutionDNS    Resolution = "DNS"    // all addresses of the endpoints' names, or of the host
	// ResolutionDNSRoundRobin takes the first address whenever it connects.
	ResolutionDNSRoundRobin Resolution = "DNS_ROUND_ROBIN"
)

// External is a service that no workload of the mesh offers.
type External struct {
	Resolution Resolution
	Internal   bool // MESH_INTERNAL: its endpoints have identities of the mesh
	Endpoints  []Endpoint
	// SubjectAltNames are those that its servers may show, where no ClientTLS
	// names any.
	SubjectAltNames []string
	HTTP2           bool // else HTTP/1.1
}

// Endpoint is an address of an external service.
type Endpoint struct {
	Address        string // IP, or a name for DNS
	Port           int
	Labels         map[string]string
	Weight         uint32 // relative; 0 is 1
	ServiceAccount string
}

// Select returns the endpoints that carry all of labels.
func (e *External) Select(labels map[string]string) []Endpoint {
	var out []Endpoint
	for _, p := range e.Endpoints {
		if carries(p.Labels, labels) {
			out = append(out, p)
		}
	}
	return out
}

func carries(have, want map[string]string) bool {
	for key, value := range want {
		if got, ok := have[key]; !ok || got != value {
			return false
		}
	}
	return true
}
