package wire

// Type is the access_log_type of an entry.
type Type int32

// The types that stand for something completed; NotSet is what Envoys before
// 1.26 send. All others are reports from the midst of a request.
const (
	NotSet        Type = 0
	DownstreamEnd Type = 6
	UpstreamEnd   Type = 9
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

	Upstream Address // upstream_remote_address
	Cluster  string  // upstream_cluster
	Route    string  // route_name
	Failure  string  // upstream_transport_failure_reason
	StreamID string  // stream_id
	Attempts uint32  // upstream_request_attempt_count
	Flags    uint64  // response_flags: bit n-1 stands for its field n
	TLS      TLS     // of the downstream connection
	Tags     Tags
}

func (c *Common) decode(b []byte) (err error) {
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		if f.key&7 == wireVarint {
			c.setNumber(&f)
			continue
		}
		if f.key&7 == wireBytes {
			err = c.setData(&f)
		}
	}
	return err
}

func (c *Common) setNumber(f *field) {
	switch f.key >> 3 {
	case 24:
		c.Attempts = uint32(f.num)
	case 27:
		c.Intermediate = f.num != 0
	case 33:
		c.Type = Type(f.num)
	}
}

func (c *Common) setData(f *field) error {
	switch f.key >> 3 {
	case 4:
		return c.TLS.decode(f.data)
	case 5:
		return c.Start.decode(f.data)
	case 7:
		return c.FirstUpstreamTx.decode(f.data)
	case 8:
		return c.LastUpstreamTx.decode(f.data)
	case 9:
		return c.FirstUpstreamRx.decode(f.data)
	case 12:
		return c.LastDownstreamTx.decode(f.data)
	case 13:
		return c.Upstream.decode(f.data)
	case 15:
		return f.setText(&c.Cluster)
	case 16:
		return decodeFlags(&c.Flags, f.data)
	case 18:
		return f.setText(&c.Failure)
	case 19:
		return f.setText(&c.Route)
	case 22:
		return c.Tags.decode(f.data)
	case 23:
		return c.Duration.decode(f.data)
	case 26:
		return f.setText(&c.StreamID)
	}
	return nil
}
