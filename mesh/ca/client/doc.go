// Package client is the agent's side of the authority: it makes a key, has it
// certified and keeps the certificate and the roots fresh.
//
// The key never leaves the process but through Options.Apply, and no file is
// written. A certificate is renewed with a new key at half its life, with jitter.
// While the authority cannot be reached the client tries again, ever more
// slowly; when it is back, also after the certificate has ended, the client
// recovers by itself. If the authority no longer takes its certificate it looks
// for a new token in the token file.
//
// Envoy takes certificates that are over and pairs that do not match: Material.Check
// refuses them before they get there.
//
// Read client.go, then material.go, exchange.go.
package client
