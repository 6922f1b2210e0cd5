package wire

// Response is an HTTPResponseProperties and the response headers and trailers
// that are logged.
type Response struct {
	Code        uint32 // response_code; 0: no response was sent
	HeaderBytes uint64 // response_headers_bytes
	BodyBytes   uint64 // response_body_bytes
	Details     string // response_code_details

	HeaderStatus  string // grpc-status among the headers
	TrailerStatus string // grpc-status among the trailers
	ContentType   string // content-type
}

func (r *Response) decode(b []byte) (err error) {
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 1<<3 | wireBytes:
			err = wrapped(&r.Code, b[v:end])
		case 2<<3 | wireVarint:
			r.HeaderBytes = v
		case 3<<3 | wireVarint:
			r.BodyBytes = v
		case 4<<3 | wireBytes:
			err = r.header(b[v:end])
		case 5<<3 | wireBytes:
			err = r.trailer(b[v:end])
		case 6<<3 | wireBytes:
			err = setText(&r.Details, b[v:end])
		}
		i = end
	}
	return err
}

func (r *Response) header(b []byte) error {
	key, value, err := pair(b)
	if err != nil {
		return err
	}
	switch key {
	case "grpc-status":
		return setText(&r.HeaderStatus, value)
	case "content-type":
		return setText(&r.ContentType, value)
	}
	return nil
}

func (r *Response) trailer(b []byte) error {
	key, value, err := pair(b)
	if err == nil && key == "grpc-status" {
		err = setText(&r.TrailerStatus, value)
	}
	return err
}

// wrapped reads a google.protobuf.UInt32Value.
func wrapped(dst *uint32, b []byte) error {
	for i := 0; i < len(b); {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		if key == 1<<3|wireVarint {
			*dst = uint32(v)
		}
		i = end
	}
	return nil
}
