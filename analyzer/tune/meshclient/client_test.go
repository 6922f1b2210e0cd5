package meshclient

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"connectrpc.com/connect"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1/meshv1connect"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

// mesh answers only calls with the token "secret".
type mesh struct {
	meshv1connect.UnimplementedMeshServiceHandler
}

func (mesh) GetTrafficPolicy(_ context.Context, req *connect.Request[meshv1.GetTrafficPolicyRequest]) (*connect.Response[meshv1.GetTrafficPolicyResponse], error) {
	if req.Header().Get("Authorization") != "Bearer secret" {
		return nil, connect.NewError(connect.CodeUnauthenticated, nil)
	}
	return connect.NewResponse(&meshv1.GetTrafficPolicyResponse{Proxies: []string{req.Msg.GetEdge().GetSrcService()}}), nil
}

func serve(t *testing.T) string {
	mux := http.NewServeMux()
	mux.Handle(meshv1connect.NewMeshServiceHandler(mesh{}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func write(t *testing.T, file, token string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(file, []byte(token), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
}

func TestCalls(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	client := New(serve(t)+"/", file)
	call := func() error {
		answer, err := client.GetTrafficPolicy(t.Context(), connect.NewRequest(&meshv1.GetTrafficPolicyRequest{
			Edge: &typesv1.EdgeRef{SrcService: "reviews"},
		}))
		if err == nil && answer.Msg.GetProxies()[0] != "reviews" {
			t.Errorf("answer %v", answer.Msg)
		}
		return err
	}
	for _, c := range []struct {
		name, token string
		mode        os.FileMode
		want        string
	}{
		{"wrong token", "guess", 0o600, "unauthenticated"},
		{"empty file", " \n", 0o600, "it is empty"},
		{"readable by others", "secret", 0o644, "chmod 600"},
		{"right token", "secret\n", 0o600, ""}, // read anew at each call
	} {
		write(t, file, c.token, c.mode)
		err := call()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err != nil && connect.CodeOf(err) != connect.CodeUnauthenticated {
			t.Errorf("%s: code %v", c.name, connect.CodeOf(err))
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := call(); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("missing file: %v", err)
	}
}
