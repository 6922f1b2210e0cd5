package envoyals

import (
	"errors"
	"net"

	"github.com/plimsoll-mesh/plimsoll/collector/internal/listen"
)

// listen opens the endpoint of a config. What a passed socket listens on is only
// known now.
func (c *Config) listen() (net.Listener, error) {
	listener, err := listen.Listen(c.Endpoint)
	if err != nil {
		return nil, err
	}
	if err := c.guard(listen.Reachable(listener.Addr())); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}
