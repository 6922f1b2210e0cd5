package tune

import (
	"errors"

	"connectrpc.com/connect"

	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

// defaultNamespace is meant when an edge names none.
const defaultNamespace = "default"

// checkEdge returns a copy of the edge with its defaults, or InvalidArgument.
func checkEdge(e *typesv1.EdgeRef) (*typesv1.EdgeRef, error) {
	if e.GetSrcService() == "" || e.GetDstService() == "" {
		return nil, connect.NewError(connect.CodeInvalidArgument, errors.New("edge: src_service and dst_service must both be named"))
	}
	out := &typesv1.EdgeRef{
		Namespace: e.GetNamespace(), SrcService: e.GetSrcService(), DstService: e.GetDstService(), Route: e.GetRoute(),
	}
	if out.Namespace == "" {
		out.Namespace = defaultNamespace
	}
	return out, nil
}

// edgeText names an edge in messages and logs.
func edgeText(e *typesv1.EdgeRef) string {
	text := e.GetNamespace() + "/" + e.GetSrcService() + " -> " + e.GetDstService()
	if e.GetRoute() != "" {
		text += " route " + e.GetRoute()
	}
	return text
}
