package wire

// value is a google.protobuf.Value, as far as it names something: text, or the
// labels of a workload.
type value struct {
	text   string
	labels labels
}

// labels are those of a workload that name its service and version, as Istio
// and Kubernetes have them.
type labels struct {
	canonicalName     string // service.istio.io/canonical-name
	canonicalRevision string // service.istio.io/canonical-revision
	app               string // app
	version           string // version
}

func (l *labels) set(key, text string) {
	switch key {
	case "service.istio.io/canonical-name":
		l.canonicalName = text
	case "service.istio.io/canonical-revision":
		l.canonicalRevision = text
	case "app":
		l.app = text
	case "version":
		l.version = text
	}
}

// service returns the name of the service that the labels tell.
func (l *labels) service() string { return either(l.canonicalName, l.app) }

func (l *labels) revision() string { return either(l.canonicalRevision, l.version) }

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// structure hands the fields of a google.protobuf.Struct to set, in their
// order.
func structure(b []byte, set func(name string, v value)) (err error) {
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		if key == 1<<3|wireBytes {
			err = structField(b[v:end], set)
		}
		i = end
	}
	return err
}

// structField reads an entry of Struct.fields, the parts of whose value merge
// wherever its key stands.
func structField(b []byte, set func(name string, v value)) (err error) {
	var (
		name string
		val  value
	)
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 1<<3 | wireBytes:
			err = setText(&name, b[v:end])
		case 2<<3 | wireBytes:
			err = val.decode(b[v:end])
		}
		i = end
	}
	if err == nil {
		set(name, val)
	}
	return err
}

// decode reads a google.protobuf.Value: of a choice set twice the last kind
// stands, and structs merge.
func (val *value) decode(b []byte) (err error) {
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 3<<3 | wireBytes:
			val.labels = labels{}
			err = setText(&val.text, b[v:end])
		case 5<<3 | wireBytes:
			val.text = ""
			err = val.labels.decode(b[v:end])
		case 1<<3 | wireVarint, 2<<3 | wireFixed64, 4<<3 | wireVarint, 6<<3 | wireBytes:
			*val = value{}
		}
		i = end
	}
	return err
}

// decode reads a google.protobuf.Struct of labels.
func (l *labels) decode(b []byte) (err error) {
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		if key == 1<<3|wireBytes {
			err = l.field(b[v:end])
		}
		i = end
	}
	return err
}

func (l *labels) field(b []byte) (err error) {
	var name, label string
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 1<<3 | wireBytes:
			err = setText(&name, b[v:end])
		case 2<<3 | wireBytes:
			err = stringValue(&label, b[v:end])
		}
		i = end
	}
	if err == nil {
		l.set(name, label)
	}
	return err
}

// stringValue reads a google.protobuf.Value: dst becomes its text, "" where the
// last kind that is set is another one.
func stringValue(dst *string, b []byte) (err error) {
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 3<<3 | wireBytes:
			err = setText(dst, b[v:end])
		case 1<<3 | wireVarint, 2<<3 | wireFixed64, 4<<3 | wireVarint, 5<<3 | wireBytes, 6<<3 | wireBytes:
			*dst = ""
		}
		i = end
	}
	return err
}
