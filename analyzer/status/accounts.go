package status

import (
	"context"
	"fmt"
	"slices"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// ListProxyAccounts compares what proxies say they logged with what was
// received.
func (s *Service) ListProxyAccounts(ctx context.Context, req *connect.Request[statusv1.ListProxyAccountsRequest]) (*connect.Response[statusv1.ListProxyAccountsResponse], error) {
	mark, err := query.Watermark(ctx, s.conn, s.now())
	if err != nil {
		return nil, err
	}
	end := mark.At
	if end.IsZero() {
		end = s.now()
	}
	from, to, err := window(req.Msg, end)
	if err != nil {
		return nil, err
	}
	if req.Msg.PageSize > maxPage {
		return nil, invalid("pages have at most %d proxies, not %d", maxPage, req.Msg.PageSize)
	}
	complete, err := query.Completeness(ctx, s.conn, from, to)
	if err != nil {
		return nil, err
	}
	identities, err := query.Identity(ctx, s.conn, from, to)
	if err != nil {
		return nil, err
	}
	answer := page(complete, identities, req.Msg)
	answer.Window = &typesv1.Window{From: timestamppb.New(from), To: timestamppb.New(to), Watermark: at(mark.At)}
	return connect.NewResponse(answer), nil
}

// page answers with the proxies whose names follow the token. Both lists are in
// the order of names.
func page(complete []query.ProxyCompleteness, identities []query.ProxyIdentity, req *statusv1.ListProxyAccountsRequest) *statusv1.ListProxyAccountsResponse {
	size := int(req.PageSize)
	if size == 0 {
		size = maxPage
	}
	byProxy := map[string]query.ProxyIdentity{}
	for _, i := range identities {
		byProxy[i.Proxy] = i
	}
	answer := &statusv1.ListProxyAccountsResponse{}
	for _, c := range complete {
		if req.PageToken != "" && c.Proxy <= req.PageToken {
			continue
		}
		one := account(c)
		if i, ok := byProxy[c.Proxy]; ok {
			one.Identity = identity(i)
		}
		found := judgeAccount(one)
		if req.OnlyFindings && len(found) == 0 {
			continue
		}
		if len(answer.Accounts) == size {
			answer.NextPageToken = answer.Accounts[size-1].Proxy
			break
		}
		answer.Accounts = append(answer.Accounts, one)
		answer.Findings = slices.Concat(answer.Findings, found)
	}
	return answer
}

func account(c query.ProxyCompleteness) *statusv1.ProxyAccount {
	out := &statusv1.ProxyAccount{
		Proxy: c.Proxy, Node: c.Node, From: at(c.From), To: at(c.To), Written: c.Written, Dropped: c.Dropped,
		Resets: uint32(c.Resets), Reason: c.Reason,
	}
	if c.To.After(c.From) {
		out.Received, out.SilentLoss = figure(c.Received), figure(c.Silent)
	}
	if c.Ratio != nil {
		out.Completeness = figure(*c.Ratio)
	}
	return out
}

func figure(i query.Interval) *typesv1.Figure {
	return &typesv1.Figure{Estimate: i.Estimate, Low: i.Low, High: i.High}
}

func identity(i query.ProxyIdentity) *statusv1.CounterIdentity {
	return &statusv1.CounterIdentity{
		Logged: i.Logged, Requests: i.Requests, Tries: i.Tries, Gap: i.Gap, InFlight: i.Open, Broken: i.Broken, Reason: i.Reason,
	}
}

// judgeAccount names a proxy whose stored rows differ from its own counters.
// Only what is lost for certain counts: the lower bound.
func judgeAccount(a *statusv1.ProxyAccount) (out []*statusv1.Finding) {
	found := func(code, detail, remedy string) {
		out = append(out, &statusv1.Finding{Code: code, Subject: a.Proxy, Detail: detail, Remedy: remedy})
	}
	all := a.Written + a.Dropped
	over := a.To.AsTime().Sub(a.From.AsTime()).Round(time.Second)
	if a.Dropped > 0 {
		found(codeIncompleteProxy, fmt.Sprintf("the proxy dropped %.0f of %.0f entries of its access log within %s", a.Dropped, all, over),
			"put a collector beside the proxy, or raise buffer_size_bytes of its access log service: its collector took entries too slowly or was away")
	}
	if a.SilentLoss.GetLow() > 0 {
		found(codeIncompleteProxy, fmt.Sprintf("at least %.0f of %.0f entries that the proxy wrote within %s were received by no collector", a.SilentLoss.Low, all, over),
			"see whether a collector died or was cut off in that time (blind-collector, its log); a collector beside the proxy holds its stream over restarts")
	}
	if a.Identity.GetBroken() {
		found(codeIdentityBroken, fmt.Sprintf("it logged %.0f entries for %.0f requests and %.0f tries: %s", a.Identity.Logged, a.Identity.Requests, a.Identity.Tries, gapText(a.Identity.Gap)),
			"see that every listener and every router of the proxy has the access log, without a filter, and upstream_log for tries")
	}
	return out
}

func gapText(gap float64) string {
	if gap < 0 {
		return fmt.Sprintf("%.0f have no entry", -gap)
	}
	return fmt.Sprintf("%.0f entries are of no request or try", gap)
}
