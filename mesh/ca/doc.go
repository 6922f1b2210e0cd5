// Package ca gives the mesh's workloads their identities: X.509-SVIDs that name
// a workload by a SPIFFE ID in Istio's form, spiffe://<trust domain>/ns/<namespace>/sa/<service account>.
//
// The package itself is the part that decides what a certificate says, and does
// no I/O:
//
//	identity.go   who a workload is
//	issuer.go     the key that signs, wherever it is kept
//	request.go    what a certificate signing request may be
//	authority.go  identity + request → certificate
//	trust.go      the roots that peers are verified by
//	verify.go     the verification of a peer
//	refusal.go    why something was refused, as a label for counters
//
// An identity comes from how the caller was authenticated and never from what it
// asks for: of a signing request only the public key is used.
//
// Around it:
//
//	keydir    the authority's directory: roots, who may read them
//	join      single-use tokens that admit a new workload
//	rotation  the exchange of a root while the mesh runs
//	service   CertificateService, over TLS
//	client    the agent's side: key, renewal, back-off
package ca
