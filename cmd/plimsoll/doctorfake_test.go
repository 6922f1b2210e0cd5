package main

import (
	"context"

	"connectrpc.com/connect"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1/statusv1connect"
)

// fakeStatus answers what doctor asks.
type fakeStatus struct {
	statusv1connect.UnimplementedStatusServiceHandler
	findings bool
}

func (f fakeStatus) GetStatus(context.Context, *connect.Request[statusv1.GetStatusRequest]) (*connect.Response[statusv1.GetStatusResponse], error) {
	answer := &statusv1.GetStatusResponse{
		Version: "1.2.3", Watermark: noon(0),
		Checks:  []*statusv1.Check{{Code: "PLM001", Name: "store answers", Result: "ok", Detail: "ClickHouse 26.7.2.1"}},
		Proxies: []*statusv1.ProxyStatus{{Proxy: "sidecar~127.0.0.1~web.default~shop", Collector: "c1", LastSeen: noon(0), Requests: 10, Attempts: 12}},
	}
	if f.findings {
		answer.Checks = append(answer.Checks, &statusv1.Check{
			Code: "PLM005", Name: "proxies report", Result: "warning", Detail: "1 of 1 silent", Hint: "see whether it runs",
		})
	}
	return connect.NewResponse(answer), nil
}
