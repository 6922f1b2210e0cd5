package model

// DefaultTrustDomain is that of a mesh which names none, as Istio's is.
const DefaultTrustDomain = "cluster.local"

// TLSMode says how a proxy speaks to a service.
type TLSMode string

// The modes, in Istio's words.
const (
	TLSDisable     TLSMode = "DISABLE"      // plaintext
	TLSSimple      TLSMode = "SIMPLE"       // TLS without a certificate of ours
	TLSMutual      TLSMode = "MUTUAL"       // TLS with the certificate in the named files
	TLSIstioMutual TLSMode = "ISTIO_MUTUAL" // mutual TLS with the mesh's certificates
)

// ClientTLS is how calls to a service are protected. Paths are those of the
// caller's machine.
type ClientTLS struct {
	Mode            TLSMode
	SNI             string   // "": the host that is called, or the cluster's name for ISTIO_MUTUAL
	SubjectAltNames []string // of which the server must have one; none: the service accounts of its workloads (ISTIO_MUTUAL), else the host
	Certificate     string   // path; MUTUAL
	PrivateKey      string   // path; MUTUAL
	CACertificates  string   // path; "": the system's, for SIMPLE and MUTUAL
	SkipVerify      bool     // whoever answers is believed
}

// PeerMode says what the inbound side of a proxy takes.
type PeerMode string

// The modes, in Istio's words. "" is PERMISSIVE.
const (
	PeerDisable    PeerMode = "DISABLE"    // plaintext only
	PeerPermissive PeerMode = "PERMISSIVE" // both
	PeerStrict     PeerMode = "STRICT"     // mutual TLS only
)

// Authorization says who may call a workload. DENY policies are asked first:
// one rule that matches refuses. Then, if there is any ALLOW policy, one of
// their rules must match.
type Authorization struct {
	Deny, Allow []AuthorizationPolicy
}

// AuthorizationPolicy is a list of rules, any of which may match; one without
// rules never does.
type AuthorizationPolicy struct {
	Name  string // "name.namespace", for statistics and messages
	Rules []AuthorizationRule
}

// AuthorizationRule matches a call from one of From to one of To; an empty list
// is anything.
type AuthorizationRule struct {
	From []AuthorizationSource
	To   []AuthorizationOperation
}

// AuthorizationSource wants everything that it sets of the caller. Each list
// needs one match, and each Not list none.
//
// A text is compared in Istio's way: "*" is any that is not empty, "abc*" a
// prefix, "*abc" a suffix, anything else exact. Principals are written without
// "spiffe://".
type AuthorizationSource struct {
	Principals, NotPrincipals []string // "<trust domain>/ns/<namespace>/sa/<service account>"
	Namespaces, NotNamespaces []string
	IPBlocks, NotIPBlocks     []string // address or CIDR of the connection's peer
}

// AuthorizationOperation wants everything that it sets of the call, compared as
// in AuthorizationSource.
type AuthorizationOperation struct {
	Hosts, NotHosts     []string // Host header, without regard to case
	Ports, NotPorts     []uint32 // of the application
	Methods, NotMethods []string
	Paths, NotPaths     []string // without the query
}
