package enginetest

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// Response is an HTTP response, read whole.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Client returns an HTTP client whose every host is the engine behind socket.
func Client(t testing.TB, socket string) *http.Client {
	t.Helper()
	transport := &http.Transport{
		DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// Post sends body to the engine behind socket and reads the answer. query is the
// URL's query with its question mark, or "".
func Post(t testing.TB, socket, body, query string) Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://engine/"+query, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return Do(t, Client(t, socket), request)
}

// Get gets a path of the engine behind socket and reads the answer.
func Get(t testing.TB, socket, path string) Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://engine"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return Do(t, Client(t, socket), request)
}

// Do sends a request and reads the answer.
func Do(t testing.TB, client *http.Client, request *http.Request) Response {
	t.Helper()
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Response{Status: response.StatusCode, Header: response.Header, Body: string(text)}
}
