package wire

// Address is an envoy.config.core.v3.Address: an IP and port, or the path of a
// unix socket in Host with Pipe set. Other kinds leave it empty.
type Address struct {
	Host string
	Port uint32
	Pipe bool
}

func (a *Address) decode(b []byte) (err error) {
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 1<<3 | wireBytes:
			if a.Pipe {
				*a = Address{}
			}
			err = a.socket(b[v:end])
		case 2<<3 | wireBytes:
			if !a.Pipe {
				*a = Address{Pipe: true}
			}
			err = a.pipe(b[v:end])
		case 3<<3 | wireBytes:
			*a = Address{}
		}
		i = end
	}
	return err
}

// socket reads a SocketAddress; a named port leaves Port zero.
func (a *Address) socket(b []byte) (err error) {
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 2<<3 | wireBytes:
			err = setText(&a.Host, b[v:end])
		case 3<<3 | wireVarint:
			a.Port = uint32(v)
		case 4<<3 | wireBytes:
			a.Port = 0
		}
		i = end
	}
	return err
}

func (a *Address) pipe(b []byte) (err error) {
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		if key == 1<<3|wireBytes {
			err = setText(&a.Host, b[v:end])
		}
		i = end
	}
	return err
}
