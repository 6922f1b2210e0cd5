package verdict

import "github.com/plimsoll-mesh/plimsoll/record"

// kind is what a try says about the latency of its server.
type kind uint8

const (
	kindAnswered kind = iota // its duration
	kindCut                  // that it is longer than a time limit of the proxy
	kindLost                 // that it is longer than the moment it broke off for another reason
	kindRejected             // that the server had no room: a 503 of its own
	kindUnsent               // nothing: the try never reached the server
	kindInjected             // nothing: the mesh delayed or failed it on purpose
	kinds
)

// limitFlags mark a try that a time limit of the proxy ended.
const limitFlags = record.FlagUT | record.FlagSI | record.FlagDT | record.FlagUMSDR

// classify reads a try. A status of the server's own counts as an answer,
// whatever it is, except a 503, which a full queue gives at once.
func classify(t Try) kind {
	if t.Outcome == record.OutcomeFault || t.Flags.Has(record.FlagDI|record.FlagFI) {
		return kindInjected
	}
	switch t.Outcome {
	case record.OutcomeOverflow, record.OutcomeNoHealthy, record.OutcomeConnectFail, record.OutcomeDenied,
		record.OutcomeRateLimited, record.OutcomeNoRoute, record.OutcomeNoCluster, record.OutcomeOverload,
		record.OutcomeDNSFail:
		return kindUnsent
	case record.OutcomeTimeout:
		if t.Code == 0 || t.Flags.Has(limitFlags) {
			return kindCut
		}
	case record.OutcomeResetUp, record.OutcomeResetLocal, record.OutcomeClientGone, record.OutcomeProtocolError:
		return kindLost
	}
	switch t.Code {
	case 0:
		return kindLost
	case 503:
		return kindRejected
	}
	return kindAnswered
}

// reached tells whether a try of this kind occupied the server or its queue.
func (k kind) reached() bool { return k == kindAnswered || k == kindCut || k == kindLost }
