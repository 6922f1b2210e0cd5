package rows

import (
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// flowSource names this receiver in flows, which come from other sources, too.
const flowSource = "als"

// Flow fills f from a TCP entry of kind Flow that was received at the given
// moment, and tells beyond which caps it is.
func (s *Stream) Flow(e *wire.TCPEntry, received time.Time, f *record.Flow) Capped {
	c := &e.Common
	d := directionOf(c)
	key := keyOf(c, d, 0, "")
	key.connection = true
	edge := s.edge(&key)
	duration := connectionTime(c)
	end, skew := s.end(c, duration, received)
	flags := record.Flags(c.Flags)
	outcome := flowOutcome(flags, c.Ended)
	*f = record.Flow{
		End:      end,
		Skew:     skew,
		Source:   flowSource,
		Vantage:  d.flowVantage(),
		Src:      edge.src,
		Dst:      edge.dst,
		Proxy:    s.reporter.Proxy,
		Route:    edge.route,
		Protocol: flowProtocol(c),
		Cluster:  edge.cluster,
		Upstream: s.addresses.text(c.Upstream),
		Outcome:  outcome,
		Flags:    flags,
		Details:  first2(c.Ended, c.Failure),
		MTLS:     flowSecurity(c, d, outcome),
		Duration: uint64(max(duration.Microseconds(), 0)),
		Sent:     e.Received, // what the client sent, the proxy received
		Received: e.Sent,
	}
	countConnection(f)
	return edge.capped
}

// connectionTime returns how long the connection was open.
func connectionTime(c *wire.Common) time.Duration {
	if c.Duration.Set {
		return c.Duration.Duration()
	}
	return durationOf(c)
}

// flowOutcome tells how a connection ended: well, unless a flag or the reason
// of its end says otherwise.
func flowOutcome(flags record.Flags, details string) record.Outcome {
	if outcome := record.Classify(0, noGRPC, flags, details); outcome != record.OutcomeUnknown {
		return outcome
	}
	return record.OutcomeOK
}

// flowProtocol tells what the connection carried, as far as the proxy looked:
// a server name without a TLS version was sniffed from a handshake that is not
// the proxy's.
func flowProtocol(c *wire.Common) string {
	switch {
	case c.Type == wire.UDPSessionEnd:
		return "udp"
	case c.TLS.Version == 0 && c.TLS.SNI != "":
		return "tls"
	}
	return "tcp"
}

// flowSecurity is securityOf for a connection, of which Envoy tells no upstream
// times.
func flowSecurity(c *wire.Common, d direction, outcome record.Outcome) record.MTLS {
	switch {
	case flowProtocol(c) == "tls": // the proxy passed on what it cannot read
		return record.MTLSUnknown
	case d == inbound:
		return securityOf(c, d)
	case notMade(outcome), c.Tags.Direction == "":
		return record.MTLSUnknown
	}
	return grade(c.Tags.UpTLS != "", c.Tags.DstPrincipal)
}

// countConnection says what became of the connection.
func countConnection(f *record.Flow) {
	switch {
	case turnedAway(f.Outcome):
		f.Refused = 1
	case notMade(f.Outcome):
		f.Failed = 1
	default:
		f.Opened, f.Closed = 1, 1
	}
}

// turnedAway tells whether a limit of the proxy kept a connection from being
// made.
func turnedAway(o record.Outcome) bool {
	switch o {
	case record.OutcomeOverflow, record.OutcomeOverload, record.OutcomeRateLimited:
		return true
	}
	return false
}

// notMade tells whether a connection never came to be.
func notMade(o record.Outcome) bool {
	switch o {
	case record.OutcomeNoHealthy, record.OutcomeConnectFail, record.OutcomeDenied, record.OutcomeNoRoute,
		record.OutcomeNoCluster, record.OutcomeDNSFail, record.OutcomeRetryExhausted:
		return true
	}
	return turnedAway(o)
}

// flowVantage is vantage for a connection.
func (d direction) flowVantage() record.Vantage {
	if d == outbound {
		return record.VantageL4Client
	}
	return record.VantageL4Server
}
