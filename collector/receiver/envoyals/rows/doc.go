// Package rows turns decoded access log entries into record.Request,
// record.Attempt and record.Flow: who called whom (identity), which proxy says
// so (vantage), by which route, when, and how it ended.
//
// KindOf and KindOfTCP tell what an entry is worth. A Stream belongs to one
// access log stream of one proxy: it holds the reporter's identity, learned from
// the identifier of the first message, and a memo of the edges seen, so that an
// entry mostly costs one comparison and no string is built per entry. Caps are
// shared by all streams of a collector and bound how many routes and callers a
// service can have.
//
// What is believed about a peer, strongest first: a SPIFFE principal of mutual
// TLS, endpoint metadata of the host that was chosen, route metadata and the
// cluster name written by the control plane, a header set by the peer's proxy,
// what Istio's metadata exchange found. A header or an object that contradicts
// the principal is not believed. Where the header is, an inbound row has the
// route that it tells, which is that of the caller's own row; else (a user
// without a proxy, an older proxy) the route of the reporter.
//
// Rows borrow from the entry, as it borrows from the message: they are valid
// until the message's bytes are released.
package rows
