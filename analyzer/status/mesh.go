package status

import (
	"context"
	"fmt"

	"connectrpc.com/connect"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1/meshv1connect"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

// ReachMesh returns a check that asks the mesh for the policy of no edge: any
// answer but a refused token or a broken connection shows that it is there.
func ReachMesh(mesh meshv1connect.MeshServiceClient) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := mesh.GetTrafficPolicy(ctx, connect.NewRequest(&meshv1.GetTrafficPolicyRequest{Edge: &typesv1.EdgeRef{}}))
		switch connect.CodeOf(err) {
		case connect.CodeUnauthenticated, connect.CodePermissionDenied:
			return fmt.Errorf("the mesh refuses our token: %w", err)
		case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeUnknown, connect.CodeCanceled, connect.CodeUnimplemented:
			if err != nil {
				return fmt.Errorf("the mesh does not answer: %w", err)
			}
		}
		return nil
	}
}
