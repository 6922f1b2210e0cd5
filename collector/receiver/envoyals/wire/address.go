package wire

// Address is an envoy.config.core.v3.Address: an IP and port, or the path of a
// unix socket in Host with Pipe set. Other kinds leave it empty.
type Address struct {
	Host string
	Port uint32
	Pipe bool
}

func (a *Address) decode(b []byte) (err error) {
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		switch f.key {
		case 1<<3 | wireBytes:
			if a.Pipe {
				*a = Address{}
			}
			err = a.socket(f.data)
		case 2<<3 | wireBytes:
			if !a.Pipe {
				*a = Address{Pipe: true}
			}
			err = a.pipe(f.data)
		case 3<<3 | wireBytes:
			*a = Address{}
		}
	}
	return err
}

// socket reads a SocketAddress; a named port leaves Port zero.
func (a *Address) socket(b []byte) (err error) {
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		switch f.key {
		case 2<<3 | wireBytes:
			err = f.setText(&a.Host)
		case 3<<3 | wireVarint:
			a.Port = uint32(f.num)
		case 4<<3 | wireBytes:
			a.Port = 0
		}
	}
	return err
}

func (a *Address) pipe(b []byte) (err error) {
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err == nil && f.key == 1<<3|wireBytes {
			err = f.setText(&a.Host)
		}
	}
	return err
}
