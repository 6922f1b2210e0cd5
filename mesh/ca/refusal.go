package ca

import (
	"errors"
	"fmt"
)

// Reason is why something was refused, short enough for the label of a counter.
type Reason string

// The reasons. Each is counted by itself.
const (
	ReasonSize        Reason = "csr_size"        // longer than MaxRequest
	ReasonForm        Reason = "csr_form"        // not a signing request, or one that asks for more than a certificate
	ReasonKey         Reason = "csr_key"         // key of a kind or length that is not taken
	ReasonSignature   Reason = "csr_signature"   // not signed by its own key, or weakly
	ReasonTTL         Reason = "ttl"             // lifetime outside the bounds
	ReasonIdentity    Reason = "identity"        // identity not of this mesh, or reserved
	ReasonNoIdentity  Reason = "unauthenticated" // neither token nor certificate
	ReasonCertificate Reason = "certificate"     // certificate that is not of this mesh, or over
	ReasonToken       Reason = "token"           // token not made here, or malformed
	ReasonExpired     Reason = "token_expired"   // token over
	ReasonReplay      Reason = "token_replay"    // token used before
	ReasonBinding     Reason = "token_binding"   // token of another workload or address
	ReasonRate        Reason = "rate"            // too many requests
	ReasonRequest     Reason = "request"         // request that cannot be read
	ReasonInternal    Reason = "internal"        // our own fault
)

// Refusal is an error that a caller brought on itself.
type Refusal struct {
	Reason Reason
	text   string
}

// Error implements error.
func (r *Refusal) Error() string { return r.text }

// Refuse makes a refusal with a text that the caller may see.
func Refuse(reason Reason, format string, args ...any) error {
	return &Refusal{Reason: reason, text: fmt.Sprintf(format, args...)}
}

// ReasonOf returns the reason of a refusal, ReasonInternal for any other error.
func ReasonOf(err error) Reason {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Reason
	}
	return ReasonInternal
}
