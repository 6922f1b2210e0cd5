// Package join makes and takes join tokens, by which a new workload proves once
// that an operator let it in.
//
// A token is a JWT signed with Ed25519. It names an identity, a workload and, if
// wanted, the addresses it may come from; it lives ten minutes at most and is
// good for one certificate. It also carries the hashes of the roots, so that the
// workload knows the authority before it trusts it.
//
// The registry keeps the hash of each token and whether it was used, in a ledger
// that is on disk before a token is accepted: a replay is refused also after a
// crash. A token that the ledger does not know is refused, signed or not.
//
// Read registry.go, then ledger.go; file.go is the workload's side.
package join
