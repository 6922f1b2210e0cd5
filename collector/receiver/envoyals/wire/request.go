package wire

// Method is the request_method of a request.
type Method int32

// Request is an HTTPRequestProperties and the request headers that are logged.
type Request struct {
	Method      Method
	ID          string // request_id
	HeaderBytes uint64 // request_headers_bytes
	BodyBytes   uint64 // request_body_bytes

	CallID       string // x-mesh-call: a UUID per logical call
	AttemptCount string // x-envoy-attempt-count
	Peer         string // x-mesh-peer: who the caller's proxy says it is
	TraceParent  string // traceparent (W3C Trace Context)
	ContentType  string // content-type
}

func (r *Request) decode(b []byte) (err error) {
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 1<<3 | wireVarint:
			r.Method = Method(v)
		case 9<<3 | wireBytes:
			err = setText(&r.ID, b[v:end])
		case 11<<3 | wireVarint:
			r.HeaderBytes = v
		case 12<<3 | wireVarint:
			r.BodyBytes = v
		case 13<<3 | wireBytes:
			err = r.header(b[v:end])
		}
		i = end
	}
	return err
}

func (r *Request) header(b []byte) error {
	key, value, err := pair(b)
	if err != nil {
		return err
	}
	switch key {
	case "x-mesh-call":
		return setText(&r.CallID, value)
	case "x-envoy-attempt-count":
		return setText(&r.AttemptCount, value)
	case "x-mesh-peer":
		return setText(&r.Peer, value)
	case "traceparent":
		return setText(&r.TraceParent, value)
	case "content-type":
		return setText(&r.ContentType, value)
	}
	return nil
}
