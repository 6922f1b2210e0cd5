package wire

// TCPEntry is an envoy.data.accesslog.v3.TCPAccessLogEntry, as far as it is
// stored.
type TCPEntry struct {
	HasCommon bool // common_properties is there
	Common    Common
	Received  uint64 // received_bytes, from the downstream connection
	Sent      uint64 // sent_bytes, to the downstream connection
}

// Decode reads one entry into e, replacing what e held.
func (e *TCPEntry) Decode(b []byte) (err error) {
	*e = TCPEntry{}
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 1<<3 | wireBytes:
			e.HasCommon = true
			err = e.Common.decode(b[v:end])
		case 2<<3 | wireBytes:
			err = e.connection(b[v:end])
		}
		i = end
	}
	if err != nil || !e.HasCommon {
		return err
	}
	return e.Common.complete(b)
}

// connection reads a ConnectionProperties.
func (e *TCPEntry) connection(b []byte) error {
	for i := 0; i < len(b); {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 1<<3 | wireVarint:
			e.Received = v
		case 2<<3 | wireVarint:
			e.Sent = v
		}
		i = end
	}
	return nil
}
