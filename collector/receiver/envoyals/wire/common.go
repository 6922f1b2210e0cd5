package wire

// Type is the access_log_type of an entry.
type Type int32

// The types that stand for something completed; NotSet is what Envoys before
// 1.26 send. All others are reports from the midst of a request or connection.
const (
	NotSet           Type = 0
	TCPConnectionEnd Type = 3
	DownstreamEnd    Type = 6
	UpstreamEnd      Type = 9
	UDPSessionEnd    Type = 13
)

// Common is an AccessLogCommon. The spans but Start are offsets from Start.
type Common struct {
	Type         Type
	Intermediate bool // intermediate_log_entry

	Start            Span // start_time, since the Unix epoch
	Duration         Span // duration; Envoys before 1.24 lack it
	FirstUpstreamTx  Span // time_to_first_upstream_tx_byte
	LastUpstreamTx   Span // time_to_last_upstream_tx_byte
	FirstUpstreamRx  Span // time_to_first_upstream_rx_byte
	LastDownstreamTx Span // time_to_last_downstream_tx_byte
	LastSeen         Span // where neither Duration nor LastDownstreamTx came: the latest other offset

	Upstream Address // upstream_remote_address
	Cluster  string  // upstream_cluster
	Route    string  // route_name
	Failure  string  // upstream_transport_failure_reason
	Ended    string  // connection_termination_details
	StreamID string  // stream_id
	Attempts uint32  // upstream_request_attempt_count
	Flags    uint64  // response_flags: bit n-1 stands for its field n
	TLS      TLS     // of the downstream connection
	Tags     Tags

	UpstreamPeer, DownstreamPeer Peer // filter_state_objects of Istio
}

func (c *Common) decode(b []byte) (err error) {
	for i := 0; i < len(b); {
		key, v, end := next(b, i)
		switch {
		case end < 0:
			return ErrMalformed
		case key&7 == wireVarint:
			c.setNumber(key>>3, v)
		case key&7 == wireBytes:
			if err = c.setData(key>>3, b[v:end]); err != nil {
				return err
			}
		}
		i = end
	}
	return nil
}

// complete looks for a stand-in where no duration came; entry is what the
// properties are part of.
func (c *Common) complete(entry []byte) error {
	if c.LastDownstreamTx.Set || c.Duration.Set {
		return nil
	}
	return c.LastSeen.latest(entry)
}

func (c *Common) setNumber(num, v uint64) {
	switch num {
	case 24:
		c.Attempts = uint32(v)
	case 27:
		c.Intermediate = v != 0
	case 33:
		c.Type = Type(v)
	}
}

func (c *Common) setData(num uint64, b []byte) error {
	switch num {
	case 4:
		return c.TLS.decode(b)
	case 5:
		return c.Start.decode(b)
	case 7:
		return c.FirstUpstreamTx.decode(b)
	case 8:
		return c.LastUpstreamTx.decode(b)
	case 9:
		return c.FirstUpstreamRx.decode(b)
	case 12:
		return c.LastDownstreamTx.decode(b)
	case 13:
		return c.Upstream.decode(b)
	case 15:
		return setText(&c.Cluster, b)
	case 16:
		return decodeFlags(&c.Flags, b)
	case 18:
		return setText(&c.Failure, b)
	case 19:
		return setText(&c.Route, b)
	case 21:
		return c.decodeState(b)
	case 22:
		return c.Tags.decode(b)
	case 23:
		return c.Duration.decode(b)
	case 25:
		return setText(&c.Ended, b)
	case 26:
		return setText(&c.StreamID, b)
	}
	return nil
}
