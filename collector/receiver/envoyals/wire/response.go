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
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		switch f.key {
		case 1<<3 | wireBytes:
			err = wrapped(&r.Code, f.data)
		case 2<<3 | wireVarint:
			r.HeaderBytes = f.num
		case 3<<3 | wireVarint:
			r.BodyBytes = f.num
		case 4<<3 | wireBytes:
			err = r.header(f.data)
		case 5<<3 | wireBytes:
			err = r.trailer(f.data)
		case 6<<3 | wireBytes:
			err = f.setText(&r.Details)
		}
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
		r.HeaderStatus = value
	case "content-type":
		r.ContentType = value
	}
	return nil
}

func (r *Response) trailer(b []byte) error {
	key, value, err := pair(b)
	if err == nil && key == "grpc-status" {
		r.TrailerStatus = value
	}
	return err
}

// wrapped reads a google.protobuf.UInt32Value.
func wrapped(dst *uint32, b []byte) (err error) {
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err == nil && f.key == 1<<3|wireVarint {
			*dst = uint32(f.num)
		}
	}
	return err
}
