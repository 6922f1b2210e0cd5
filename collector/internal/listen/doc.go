// Package listen opens the addresses at which our receivers take connections:
// host and port, a unix socket, or a socket that somebody else holds open.
//
// A held socket is what lets a collector restart without a loss: the service
// manager owns it, connections wait in its queue while the collector is away,
// and the proxies keep their data behind flow control. The collector inherits a
// copy and closes only that.
package listen
