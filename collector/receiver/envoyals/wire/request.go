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
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		switch f.key {
		case 1<<3 | wireVarint:
			r.Method = Method(f.num)
		case 9<<3 | wireBytes:
			err = f.setText(&r.ID)
		case 11<<3 | wireVarint:
			r.HeaderBytes = f.num
		case 12<<3 | wireVarint:
			r.BodyBytes = f.num
		case 13<<3 | wireBytes:
			err = r.header(f.data)
		}
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
		r.CallID = value
	case "x-envoy-attempt-count":
		r.AttemptCount = value
	case "x-mesh-peer":
		r.Peer = value
	case "traceparent":
		r.TraceParent = value
	case "content-type":
		r.ContentType = value
	}
	return nil
}
