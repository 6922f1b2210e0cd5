package record

// Outcome says how a request or a try ended. It is not a status class: a 503
// that the caller's own breaker made and one that the server sent are two
// outcomes, because they ask for different remedies.
type Outcome uint8

// The outcomes. The numbers are stored (Enum8) and never change.
const (
	OutcomeUnknown        Outcome = 0
	OutcomeOK             Outcome = 1
	OutcomeClientError    Outcome = 2 // 4xx from the server
	OutcomeServerError    Outcome = 3 // 5xx from the server
	OutcomeTimeout        Outcome = 4 // a limit of this proxy ran out
	OutcomeRetryExhausted Outcome = 5 // every allowed try got an answer worth a retry
	OutcomeOverflow       Outcome = 6 // this proxy's breaker refused it
	OutcomeNoHealthy      Outcome = 7
	OutcomeConnectFail    Outcome = 8
	OutcomeResetUp        Outcome = 9  // the server or its proxy reset the stream
	OutcomeResetLocal     Outcome = 10 // this proxy reset it
	OutcomeClientGone     Outcome = 11 // the caller left before the end
	OutcomeDenied         Outcome = 12
	OutcomeRateLimited    Outcome = 13
	OutcomeFault          Outcome = 14 // injected
	OutcomeNoRoute        Outcome = 15
	OutcomeNoCluster      Outcome = 16
	OutcomeProtocolError  Outcome = 17
	OutcomeOverload       Outcome = 18 // the proxy's overload manager refused it
	OutcomeDNSFail        Outcome = 19
)

var outcomeNames = [...]string{
	"unknown", "ok", "client_error", "server_error", "timeout", "retry_exhausted", "overflow", "no_healthy",
	"connect_fail", "reset_up", "reset_local", "client_gone", "denied", "rate_limited", "fault", "no_route",
	"no_cluster", "protocol_error", "overload", "dns_fail",
}

// String returns the name used in tables and answers, such as "server_error".
func (o Outcome) String() string { return enumName(outcomeNames[:], uint8(o)) }

// OutcomeNames lists the names in the order of their numbers.
func OutcomeNames() []string { return append([]string(nil), outcomeNames[:]...) }

// Failed tells whether the caller did not get what it asked for through no
// fault of its own request: everything but ok and client_error.
func (o Outcome) Failed() bool { return o != OutcomeOK && o != OutcomeClientError }
