// Package meshclient connects the analyzer to the MeshService of whatever
// configures the proxies, with a bearer token from a private file.
package meshclient

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/plimsoll-mesh/plimsoll/api/bearer"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1/meshv1connect"
)

// callTimeout bounds a call: an Apply is answered when all proxies have
// confirmed, which takes seconds.
const callTimeout = 20 * time.Second

// New returns a client for the service at url. The token is read from its file
// at every call, so that a new one holds at once; a file that others can read
// is refused.
func New(url, tokenFile string) meshv1connect.MeshServiceClient {
	return meshv1connect.NewMeshServiceClient(&http.Client{Timeout: callTimeout}, strings.TrimSuffix(url, "/"),
		connect.WithInterceptors(bearer.Interceptor(func() (string, error) { return readToken(tokenFile) })))
}

func readToken(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("reading mesh token: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("reading mesh token file=%s: its mode is %#o, others can read it: chmod 600", file, mode)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading mesh token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("reading mesh token file=%s: it is empty", file)
	}
	return token, nil
}
