package main

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1/statusv1connect"
)

// fakeStatus answers what doctor asks, with or without findings.
type fakeStatus struct {
	statusv1connect.UnimplementedStatusServiceHandler
	findings bool
	down     bool  // the store
	later    error // of everything but GetStatus

	share  float64                                   // of requests that are kept
	stored func(*statusv1.SealedBlock) (rows uint64) // nil: as many as were sealed
}

const webProxy = "sidecar~127.0.0.1~web.default~shop"

func (f fakeStatus) GetStatus(context.Context, *connect.Request[statusv1.GetStatusRequest]) (*connect.Response[statusv1.GetStatusResponse], error) {
	if f.down {
		return connect.NewResponse(&statusv1.GetStatusResponse{Version: "1.2.3", Checks: []*statusv1.Check{
			{Code: "PLM001", Name: "store answers", Result: "error", Detail: "the store does not answer", Hint: "start it"},
		}}), nil
	}
	answer := &statusv1.GetStatusResponse{
		Version: "1.2.3", Watermark: noon(0),
		Checks:  []*statusv1.Check{{Code: "PLM001", Name: "store answers", Result: "ok", Detail: "ClickHouse 26.7.2.1"}},
		Proxies: []*statusv1.ProxyStatus{{Proxy: webProxy, Collector: "c1", LastSeen: noon(0), Requests: 10, Attempts: 12}},
	}
	if f.findings {
		answer.Checks = append(answer.Checks, &statusv1.Check{
			Code: "PLM005", Name: "proxies report", Result: "warning", Detail: "1 of 1 silent", Hint: "see whether it runs",
		})
	}
	return connect.NewResponse(answer), nil
}

func finding(code, subject string) *statusv1.Finding {
	return &statusv1.Finding{Code: code, Subject: subject, Detail: "what is\nwrong", Remedy: "what to do"}
}

// ListProxyAccounts has two pages.
func (f fakeStatus) ListProxyAccounts(_ context.Context, req *connect.Request[statusv1.ListProxyAccountsRequest]) (*connect.Response[statusv1.ListProxyAccountsResponse], error) {
	answer := &statusv1.ListProxyAccountsResponse{Window: window(-time.Hour, 0)}
	if req.Msg.PageToken == "" {
		answer.NextPageToken = "db"
		answer.Accounts = []*statusv1.ProxyAccount{{Proxy: "db", Reason: "counters of the proxy are not known"}}
		return connect.NewResponse(answer), f.later
	}
	if !req.Msg.From.AsTime().Equal(noon(-time.Hour).AsTime()) || !req.Msg.To.AsTime().Equal(noon(0).AsTime()) {
		return nil, connect.NewError(connect.CodeInvalidArgument, errors.New("the second page is of another window"))
	}
	one := &statusv1.ProxyAccount{
		Proxy: webProxy, Node: "web-1", From: noon(-time.Hour), To: noon(0), Written: 100,
		Received: figure(100, 80, 120), SilentLoss: figure(0, 0, 20), Completeness: figure(1, 0.8, 1),
		Identity: &statusv1.CounterIdentity{Logged: 100, Requests: 60, Tries: 40},
	}
	if f.findings {
		one.Dropped, one.Identity.Broken, one.Identity.Gap = 7, true, -3
		answer.Findings = []*statusv1.Finding{finding("incomplete-proxy", webProxy), finding("identity-broken", webProxy)}
	}
	answer.Accounts = []*statusv1.ProxyAccount{one}
	return connect.NewResponse(answer), f.later
}

func (f fakeStatus) ListCollectors(context.Context, *connect.Request[statusv1.ListCollectorsRequest]) (*connect.Response[statusv1.ListCollectorsResponse], error) {
	answer := &statusv1.ListCollectorsResponse{Collectors: []*statusv1.Collector{{
		Name: "c1", Started: noon(-time.Hour), LastSeen: noon(0), CompleteThrough: noon(-time.Second), Lag: durationpb.New(1500 * time.Millisecond), Proxies: 2,
	}}}
	if f.findings {
		answer.Findings = []*statusv1.Finding{finding("blind-collector", "c2")}
		answer.BlindIntervals = []*statusv1.BlindInterval{
			{Collector: "c2", From: noon(-time.Hour), To: noon(-50 * time.Minute)}, {Collector: "c2", From: noon(-time.Minute), To: noon(0), Open: true},
		}
	}
	return connect.NewResponse(answer), f.later
}

func (f fakeStatus) GetStoreReport(context.Context, *connect.Request[statusv1.GetStoreReportRequest]) (*connect.Response[statusv1.GetStoreReportResponse], error) {
	table := &statusv1.TableReport{
		Name: "requests", Rows: 1_000_000, Parts: 12, MostParts: 5, Bytes: 43_000_000, Compression: 9.96, Oldest: noon(-time.Hour), Newest: noon(0),
		Retention: durationpb.New(72 * time.Hour), DedupWindow: 10_000, InsertsPerHour: 3600, DedupOutlastsHour: true,
		Columns: []*statusv1.ColumnReport{{Name: "ts", Codec: "CODEC(ZSTD(1))", Compressed: 10, Unpacked: 80}},
	}
	answer := &statusv1.GetStoreReportResponse{Tables: []*statusv1.TableReport{{Name: "flows", DedupWindow: 10_000, DedupOutlastsHour: true}, table}}
	if f.findings {
		table.InsertsPerHour, table.DedupOutlastsHour = 36_000, false
		answer.Findings = []*statusv1.Finding{finding("dedup-window-short", "requests"), finding("mutation-failed", "logs")}
		answer.Merges = []*statusv1.Merge{{Table: "requests", Elapsed: durationpb.New(90 * time.Second), Progress: 0.5, Parts: 7, Bytes: 1 << 20}}
		answer.Mutations = []*statusv1.Mutation{{Table: "logs", Command: "MODIFY TTL", Parts: 3, Failure: "no space left"}}
	}
	return connect.NewResponse(answer), f.later
}

func (f fakeStatus) VerifyBlocks(_ context.Context, req *connect.Request[statusv1.VerifyBlocksRequest]) (*connect.Response[statusv1.VerifyBlocksResponse], error) {
	answer := &statusv1.VerifyBlocksResponse{RequestsShare: f.share}
	for i, b := range req.Msg.Blocks {
		if f.stored == nil {
			continue
		}
		if n := f.stored(b); n != b.Rows {
			answer.Mismatches = append(answer.Mismatches, &statusv1.BlockMismatch{Index: uint32(i), Stored: n})
		}
	}
	return connect.NewResponse(answer), f.later
}

func (f fakeStatus) VerifyStore(context.Context, *connect.Request[statusv1.VerifyStoreRequest]) (*connect.Response[statusv1.VerifyStoreResponse], error) {
	answer := &statusv1.VerifyStoreResponse{
		Window: window(-time.Hour, 0), Blocks: []*statusv1.StoredBlocks{{Table: "logs"}, {Table: "requests", Blocks: 300, Checked: 100}},
		Rollup: &statusv1.RollupAccount{Raw: 1000, RolledUp: 1000},
	}
	if f.findings {
		answer.Findings = []*statusv1.Finding{finding("block-double", "requests"), finding("rollup-differs", "edge_counts_1m")}
		answer.Blocks[1].Doubles, answer.Rollup.RolledUp, answer.Rollup.DifferingMinutes = 1, 990, 2
	}
	return connect.NewResponse(answer), f.later
}
