// Package rotation exchanges the root of a mesh while it runs, and does the
// authority's bookkeeping for that.
//
//	stable ──Begin──▶ spreading ──Step──▶ draining ──Step──▶ stable
//	   ▲                 │ Abort
//	   └─────────────────┘
//
// stable: one root, which signs and is trusted. spreading: a second root is
// trusted, too; it signs nothing until every agent that holds a certificate has
// said that it has both in force. draining: the new root signs; the old is
// trusted until the last certificate that it signed has ended. Then its key is
// destroyed. At no moment does a member meet a certificate whose root it does
// not trust.
//
// Each step is on disk before it takes effect, so a crash repeats a step and
// skips none. What agents acknowledged is in memory: after a restart the next
// step waits until every certificate from before it has been renewed, and so
// its agent heard of, or has ended.
//
// state.go is the machine without its environment, machine.go carries it out,
// roster.go knows the agents.
package rotation
