package engine

import (
	"context"
	"fmt"
	"net"
	"net/http"
)

// ask gets a path of the engine behind socket: /ping, whether it serves, or
// /probe, whether the engine itself still answers a statement. It waits as long as
// ctx lets it: the socket is open before the child accepts.
func ask(ctx context.Context, socket, path string) error {
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine"+path, nil)
	if err != nil {
		return err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("asking engine socket=%s: %w", socket, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking engine socket=%s: status %s", socket, response.Status)
	}
	return nil
}
