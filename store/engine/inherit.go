package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
)

// inheritance is what a supervisor opens once for all its children.
type inheritance struct {
	files     []*os.File // in the order of fdLock, fdUnix, …
	listeners []net.Listener
	address   net.Addr // of the TCP listener; nil without one
}

// inherit takes the lock of the data directory, then opens sockets and key. On an
// error nothing stays open.
func inherit(ctx context.Context, config Config) (*inheritance, error) {
	in := &inheritance{}
	err := in.open(ctx, config)
	if err != nil {
		return nil, errors.Join(err, in.closeAll())
	}
	return in, nil
}

func (in *inheritance) open(ctx context.Context, config Config) error {
	lock, err := lockDataDir(config.DataDir)
	if err != nil {
		return err
	}
	in.files = append(in.files, lock)
	unix, err := listenUnix(ctx, config.Socket)
	if err != nil {
		return err
	}
	if err := in.add(unix); err != nil {
		return err
	}
	if config.Listen == "" {
		return nil
	}
	return in.openTCP(ctx, config)
}

func (in *inheritance) openTCP(ctx context.Context, config Config) error {
	tcp, err := listenTCP(ctx, config.Listen)
	if err != nil {
		return err
	}
	if err := in.add(tcp); err != nil {
		return err
	}
	key, err := openKey(config.DataDir)
	if err != nil {
		return err
	}
	in.files, in.address = append(in.files, key), tcp.Addr()
	return nil
}

// add keeps a listener, and a file of it that children can inherit.
func (in *inheritance) add(listener interface {
	net.Listener
	File() (*os.File, error)
},
) error {
	in.listeners = append(in.listeners, listener)
	file, err := listener.File()
	if err != nil {
		return fmt.Errorf("preparing listener %s for the engine: %w", listener.Addr(), err)
	}
	in.files = append(in.files, file)
	return nil
}

// close closes everything; the unix socket is removed, the lock released unless a
// child still holds it.
func (in *inheritance) close(logger *slog.Logger) {
	if err := in.closeAll(); err != nil {
		logger.Warn("closing engine sockets", "error", err)
	}
}

func (in *inheritance) closeAll() error {
	var errs []error
	for _, listener := range in.listeners {
		errs = append(errs, listener.Close())
	}
	for _, file := range in.files {
		errs = append(errs, file.Close())
	}
	return errors.Join(errs...)
}
