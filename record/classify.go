package record

import "strings"

// ViaUpstream is Envoy's response code detail for an answer that came from the
// upstream, whatever its status.
const ViaUpstream = "via_upstream"

// causes maps a flag to the outcome it stands for, most specific first: a row
// can carry several, and the first hit wins.
var causes = []struct {
	flag    Flags
	outcome Outcome
}{
	{FlagNR, OutcomeNoRoute},
	{FlagNC, OutcomeNoCluster},
	{FlagUH, OutcomeNoHealthy},
	{FlagDF, OutcomeDNSFail},
	{FlagFI, OutcomeFault},
	{FlagRL, OutcomeRateLimited},
	{FlagUAEX, OutcomeDenied},
	{FlagOM, OutcomeOverload},
	{FlagUO, OutcomeOverflow},
	{FlagUT | FlagSI | FlagDT | FlagUMSDR, OutcomeTimeout},
	{FlagUF, OutcomeConnectFail},
	{FlagDPE | FlagUPE, OutcomeProtocolError},
	{FlagUC | FlagUR, OutcomeResetUp},
	{FlagLR, OutcomeResetLocal},
	{FlagDC | FlagDR, OutcomeClientGone},
	{FlagURX, OutcomeRetryExhausted},
}

// upstreamAnswerFlags are flags that can stand on a row although the server's
// whole answer reached the caller: a refused or exhausted retry, a hedge loser.
const upstreamAnswerFlags = FlagUO | FlagUT | FlagURX

// Classify derives the outcome of a request from its HTTP status (0: none was
// sent), gRPC status (-1: none), Envoy flags and response code details.
//
// A row with details "via_upstream" is judged by its status, since Envoy then
// also sets UO for a retry that a budget refused and UT for a hedge that lost;
// an answer cut on its way (DC, UC, SI, …) is still judged by the flag.
func Classify(code uint16, grpcStatus int8, flags Flags, details string) Outcome {
	if strings.HasPrefix(details, "rbac_access_denied") {
		return OutcomeDenied
	}
	answered := details == ViaUpstream && code != 0
	telling := flags
	if answered {
		telling &^= upstreamAnswerFlags
	}
	for _, c := range causes {
		if telling.Has(c.flag) {
			return c.outcome
		}
	}
	if answered && flags.Has(FlagURX) && code >= 500 {
		return OutcomeRetryExhausted
	}
	return byStatus(code, grpcStatus)
}

// ClassifyAttempt is Classify for an upstream try, with one difference: a try
// without status and flag is one that its caller gave up.
func ClassifyAttempt(code uint16, grpcStatus int8, flags Flags, details string) Outcome {
	if code == 0 && flags == 0 {
		return OutcomeClientGone
	}
	if code != 0 && details == "" {
		details = ViaUpstream // Envoy leaves the details of a try empty
	}
	return Classify(code, grpcStatus, flags, details)
}

func byStatus(code uint16, grpcStatus int8) Outcome {
	switch {
	case code == 0:
		return OutcomeUnknown
	case code >= 500:
		return OutcomeServerError
	case code >= 400:
		return OutcomeClientError
	case grpcStatus > 0:
		return byGRPC(grpcStatus)
	}
	return OutcomeOK
}

// byGRPC maps a gRPC status (google.golang.org/grpc/codes) to an outcome.
func byGRPC(status int8) Outcome {
	switch status {
	case 1: // CANCELLED
		return OutcomeClientGone
	case 4: // DEADLINE_EXCEEDED
		return OutcomeTimeout
	case 7, 16: // PERMISSION_DENIED, UNAUTHENTICATED
		return OutcomeDenied
	case 3, 5, 6, 9, 11: // INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION, OUT_OF_RANGE
		return OutcomeClientError
	}
	return OutcomeServerError
}
