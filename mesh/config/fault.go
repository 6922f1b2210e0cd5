package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	networkingv1 "istio.io/api/networking/v1"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

func (r *routeReader) fault(in *networkingv1.HTTPFaultInjection, at string) *model.Fault {
	if in == nil {
		return nil
	}
	out := &model.Fault{Delay: r.delay(in.GetDelay(), at+".delay"), Abort: r.abort(in.GetAbort(), at+".abort")}
	if out.Delay == nil && out.Abort == nil {
		r.bad(at, "must have a delay or an abort")
	}
	return out
}

func (r *routeReader) delay(in *networkingv1.HTTPFaultInjection_Delay, at string) *model.Delay {
	if in == nil {
		return nil
	}
	out := &model.Delay{Percent: 100, Fixed: r.duration(in.GetFixedDelay(), at+".fixedDelay", time.Millisecond)}
	if in.GetFixedDelay() == nil {
		r.bad(at+".fixedDelay", "must be set")
	}
	switch {
	case in.GetPercentage() != nil:
		out.Percent = r.percent(in.GetPercentage().GetValue(), at+".percentage")
	case in.GetPercent() != 0: //nolint:staticcheck // Istio reads it still
		out.Percent = r.percent(float64(in.GetPercent()), at+".percent") //nolint:staticcheck // as above
	}
	return out
}

// abort takes all calls where no share is said.
func (r *routeReader) abort(in *networkingv1.HTTPFaultInjection_Abort, at string) *model.Abort {
	if in == nil {
		return nil
	}
	out := &model.Abort{Percent: 100}
	if in.GetPercentage() != nil {
		out.Percent = r.percent(in.GetPercentage().GetValue(), at+".percentage")
	}
	switch status := in.GetHttpStatus(); {
	case in.GetGrpcStatus() != "":
		code, err := grpcStatus(in.GetGrpcStatus())
		if err != nil {
			r.bad(at+".grpcStatus", "%v", err)
		}
		out.GRPCStatus = code
	case status < 200 || status > 599:
		r.bad(at+".httpStatus", "%d is not between 200 and 599", status)
	default:
		out.HTTPStatus = uint32(status)
	}
	return out
}

// grpcStatuses are the names of the codes in their order
// (grpc/doc/statuscodes.md).
var grpcStatuses = []string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
	"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
	"INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

func grpcStatus(text string) (uint32, error) {
	if i := slices.Index(grpcStatuses, strings.ToUpper(text)); i > 0 {
		return uint32(i), nil
	}
	if code, err := strconv.ParseUint(text, 10, 8); err == nil && code > 0 && int(code) < len(grpcStatuses) {
		return uint32(code), nil
	}
	return 0, fmt.Errorf("%q is no gRPC status of a failure, such as UNAVAILABLE", text)
}

// percent reads a share. Envoy counts ten-thousandths of a percent.
func (f *findings) percent(v float64, at string) float64 {
	if math.IsNaN(v) || v < 0 || v > 100 {
		f.bad(at, "%v is not between 0 and 100", v)
		return 0
	}
	return v
}

func (r *routeReader) cors(in *networkingv1.CorsPolicy, at string) *model.CORS {
	if in == nil {
		return nil
	}
	out := &model.CORS{
		Methods: in.GetAllowMethods(), AllowHeaders: in.GetAllowHeaders(), ExposeHeaders: in.GetExposeHeaders(),
		MaxAge:           r.duration(in.GetMaxAge(), at+".maxAge", 0),
		AllowCredentials: in.GetAllowCredentials().GetValue(),
		ForwardUnmatched: in.GetUnmatchedPreflights() != networkingv1.CorsPolicy_IGNORE,
	}
	if out.MaxAge%time.Second != 0 {
		r.bad(at+".maxAge", "%v is no whole number of seconds", out.MaxAge)
	}
	for i, origin := range in.GetAllowOrigins() {
		here := fmt.Sprintf("%s.allowOrigins[%d]", at, i)
		if s := r.text(origin, here); s != nil {
			out.Origins = append(out.Origins, *s)
		}
	}
	for i, origin := range in.GetAllowOrigin() { //nolint:staticcheck // Istio reads it still
		r.onWire(origin, fmt.Sprintf("%s.allowOrigin[%d]", at, i))
		if origin == "*" {
			out.Origins = append(out.Origins, model.StringMatch{Regex: ".*"})
			continue
		}
		out.Origins = append(out.Origins, model.StringMatch{Exact: origin})
	}
	r.tokens(out.Methods, at+".allowMethods")
	r.tokens(out.AllowHeaders, at+".allowHeaders")
	r.tokens(out.ExposeHeaders, at+".exposeHeaders")
	return out
}

func (f *findings) tokens(list []string, at string) {
	for i, item := range list {
		if !headerName.MatchString(item) {
			f.bad(fmt.Sprintf("%s[%d]", at, i), "%q is neither a name nor *", item)
		}
	}
}
