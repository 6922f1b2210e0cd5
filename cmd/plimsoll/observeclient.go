package main

import (
	"net/http"

	"connectrpc.com/connect"

	"github.com/plimsoll-mesh/plimsoll/api/bearer"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/gate/v1/gatev1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1/observev1connect"
)

// liveClient holds the clients of services that may answer for long.
type liveClient struct {
	observe observev1connect.ObserveServiceClient
	gate    gatev1connect.GateServiceClient
}

// authorize adds the token to the header of a stream, which the interceptor of
// calls does not see.
func (c *connection) authorize(header http.Header) error {
	token, err := c.token()
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return err
}

// services prepares clients without a limit on the time of an answer: a stream
// lasts as long as its reader listens. Nothing is sent yet.
func (c *connection) services() (*liveClient, error) {
	if _, err := c.dial(); err != nil { // refuses a wrong address or token file
		return nil, err
	}
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	transport := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment}}
	options := connect.WithInterceptors(bearer.Interceptor(bearer.Token(token)))
	return &liveClient{
		observe: observev1connect.NewObserveServiceClient(transport, c.address(), options),
		gate:    gatev1connect.NewGateServiceClient(transport, c.address(), options),
	}, nil
}
