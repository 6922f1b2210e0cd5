package wire

// Tags are the custom_tags of the access-log contract: what the proxy knows
// about the two ends and Envoy has no field for. An empty tag is not sent.
type Tags struct {
	Direction    string // mesh.direction: inbound or outbound
	DstService   string // dst.service
	DstNamespace string // dst.namespace
	DstWorkload  string // dst.workload
	DstVersion   string // dst.version
	SrcPrincipal string // src.principal
	DstPrincipal string // dst.principal
	ConnTLS      string // conn.tls: TLS version of the downstream connection
	UpTLS        string // up.tls: of the upstream connection
	TraceID      string // trace.id: %TRACE_ID%
	SpanID       string // span.id: %SPAN_ID%
}

func (t *Tags) decode(b []byte) error {
	key, value, err := pair(b)
	if err != nil {
		return err
	}
	if dst := t.slot(key); dst != nil {
		return setText(dst, value)
	}
	return nil
}

func (t *Tags) slot(key string) *string {
	switch key {
	case "mesh.direction":
		return &t.Direction
	case "dst.service":
		return &t.DstService
	case "dst.namespace":
		return &t.DstNamespace
	case "dst.workload":
		return &t.DstWorkload
	case "dst.version":
		return &t.DstVersion
	case "src.principal":
		return &t.SrcPrincipal
	case "dst.principal":
		return &t.DstPrincipal
	case "conn.tls":
		return &t.ConnTLS
	case "up.tls":
		return &t.UpTLS
	case "trace.id":
		return &t.TraceID
	case "span.id":
		return &t.SpanID
	}
	return nil
}
