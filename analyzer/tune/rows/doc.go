// Package rows reads from the store what the tuner judges: the tries and the
// request counts of one edge in a window, and the time that user requests
// spend outside it.
//
// An edge is named by services. The rows of all caller workloads and proxies
// are read together, as the caller's side saw them: only it sees single tries.
package rows
