package wire

// Version is the HTTP version of a request.
type Version int32

// The HTTP versions.
const (
	HTTP10 Version = 1
	HTTP11 Version = 2
	HTTP2  Version = 3
	HTTP3  Version = 4
)

// Entry is an envoy.data.accesslog.v3.HTTPAccessLogEntry, as far as it is
// stored.
type Entry struct {
	HasCommon bool // common_properties is there
	Common    Common
	Version   Version
	Request   Request
	Response  Response
}

// Decode reads one entry into e, replacing what e held.
func (e *Entry) Decode(b []byte) (err error) {
	*e = Entry{}
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 1<<3 | wireBytes:
			e.HasCommon = true
			err = e.Common.decode(b[v:end])
		case 2<<3 | wireVarint:
			e.Version = Version(v)
		case 3<<3 | wireBytes:
			err = e.Request.decode(b[v:end])
		case 4<<3 | wireBytes:
			err = e.Response.decode(b[v:end])
		}
		i = end
	}
	if err != nil || !e.HasCommon {
		return err
	}
	return e.Common.complete(b)
}
