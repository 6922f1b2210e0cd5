package record

import "time"

// Flow is what one observer saw of L4 traffic: one closed connection, or the
// connections of one edge over an interval where the source only counts.
type Flow struct {
	End      time.Time // clamped like a Request's End
	Skew     time.Duration
	Source   string  // "als", "hubble", "ztunnel", …
	Vantage  Vantage // l4_client, l4_server or node
	Src, Dst Peer
	Proxy    string
	Route    string // name of the filter chain or route, if any
	Protocol string // "tcp", "udp", "tls"
	Cluster  string
	Upstream string // address, "ip:port"

	Outcome Outcome
	Flags   Flags
	Details string // connection termination details
	MTLS    MTLS

	Duration       uint64 // µs, of the connection; 0 for counts over an interval
	Sent, Received uint64 // bytes towards and from the destination
	Opened, Closed uint32 // connections
	Failed         uint32 // connections that never came to be
	Refused        uint32 // turned away by a limit of the proxy
}
