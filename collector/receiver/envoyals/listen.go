package envoyals

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"
)

// socketMode is the mode of a socket that the receiver makes.
const socketMode = fs.FileMode(0o660)

// listen opens the endpoint of a config.
func (c *Config) listen() (net.Listener, error) {
	e, err := parseEndpoint(c.Endpoint)
	if err != nil {
		return nil, err
	}
	listener, err := e.open()
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", e.text, err)
	}
	if err := c.guard(remoteAddr(listener.Addr())); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

func (e *endpoint) open() (net.Listener, error) {
	switch {
	case e.activated:
		return activated(e.name)
	case e.fd != 0:
		return adopt(e.fd)
	case e.network == "unix":
		return listenUnix(e.address)
	}
	return net.Listen(e.network, e.address)
}

// listenUnix makes a socket. A file that nobody listens on any more is
// replaced.
func listenUnix(path string) (net.Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// removeStale removes a socket that a killed process left behind. Whatever else
// is at the path stays, and makes listening fail.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSocket == 0:
		return nil
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		return errors.Join(errors.New("another process listens on this socket; stop it or choose another path"), conn.Close())
	}
	return os.Remove(path)
}
