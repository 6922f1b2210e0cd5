package wire

// TLS is a TLSProperties: what protected the downstream connection. Version 0
// is a plaintext connection, also where other fields (a sniffed SNI) are set.
type TLS struct {
	Version  int32
	LocalURI string // first URI among the SANs of the proxy's certificate
	PeerURI  string // the same of its peer's; "" without a client certificate
}

func (t *TLS) decode(b []byte) (err error) {
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		switch f.key {
		case 1<<3 | wireVarint:
			t.Version = int32(f.num)
		case 4<<3 | wireBytes:
			err = firstURI(&t.LocalURI, f.data)
		case 5<<3 | wireBytes:
			err = firstURI(&t.PeerURI, f.data)
		}
	}
	return err
}

// firstURI reads a CertificateProperties.
func firstURI(dst *string, b []byte) (err error) {
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		if f.key != 1<<3|wireBytes {
			continue
		}
		var uri string
		if uri, err = sanURI(f.data); *dst == "" {
			*dst = uri
		}
	}
	return err
}

// sanURI reads a SubjectAltName: a choice between uri and dns.
func sanURI(b []byte) (uri string, err error) {
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		switch f.key {
		case 1<<3 | wireBytes:
			err = f.setText(&uri)
		case 2<<3 | wireBytes:
			uri = ""
		}
	}
	return uri, err
}
