package wire

// TLS is a TLSProperties: what protected the downstream connection. Version 0
// is a connection that the proxy did not decrypt, also where other fields (a
// sniffed SNI) are set.
type TLS struct {
	Version  int32
	SNI      string // tls_sni_hostname
	LocalURI string // first URI among the SANs of the proxy's certificate
	PeerURI  string // the same of its peer's; "" without a client certificate
}

func (t *TLS) decode(b []byte) (err error) {
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 1<<3 | wireVarint:
			t.Version = int32(v)
		case 3<<3 | wireBytes:
			err = setText(&t.SNI, b[v:end])
		case 4<<3 | wireBytes:
			err = firstURI(&t.LocalURI, b[v:end])
		case 5<<3 | wireBytes:
			err = firstURI(&t.PeerURI, b[v:end])
		}
		i = end
	}
	return err
}

// firstURI reads a CertificateProperties.
func firstURI(dst *string, b []byte) (err error) {
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		if key == 1<<3|wireBytes {
			var uri string
			if uri, err = sanURI(b[v:end]); *dst == "" {
				*dst = uri
			}
		}
		i = end
	}
	return err
}

// sanURI reads a SubjectAltName: a choice between uri and dns.
func sanURI(b []byte) (uri string, err error) {
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return uri, ErrMalformed
		}
		switch key {
		case 1<<3 | wireBytes:
			err = setText(&uri, b[v:end])
		case 2<<3 | wireBytes:
			uri = ""
		}
		i = end
	}
	return uri, err
}
