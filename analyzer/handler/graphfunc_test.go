package handler

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
)

// DiffGraphs is not what the tests of the handler call.
func (graphFunc) DiffGraphs(context.Context, *connect.Request[graphv1.DiffGraphsRequest]) (*connect.Response[graphv1.DiffGraphsResponse], error) {
	return nil, connect.NewError(connect.CodeUnimplemented, errors.New("not in this test"))
}
