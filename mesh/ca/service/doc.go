// Package service serves CertificateService (api/plimsoll/ca/v1) over TLS.
//
//	service.go   the two calls
//	caller.go    who calls: by join token or by certificate
//	door.go      what is refused before a call is read
//	limit.go     how often one may call
//	listen.go    the server, its own certificate and its bounds
//	metrics.go   counters, as text
//
// Whatever is refused is counted by its reason and leaves a line in the audit
// log, as does each certificate that is issued. Memory is bounded by the number
// of connections, the size of a request and the number of identities, whoever
// calls.
package service
