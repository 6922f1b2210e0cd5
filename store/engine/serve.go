package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
	"github.com/plimsoll-mesh/plimsoll/store/engine/httpd"
	"github.com/plimsoll-mesh/plimsoll/store/engine/pool"
)

const (
	// drainLimit is how long running statements may go on after a stop was asked.
	drainLimit = 5 * time.Second
	// killLimit is how long killed statements may take to end.
	killLimit = 2 * time.Second
	// headerLimit is how long a client may take to send a request's head.
	headerLimit = 10 * time.Second

	maxActive = 16 // statements at once; more wait
	maxIdle   = 32 // connections kept for reuse
	maxNamed  = 64 // sessions of clients
)

// serve opens the engine and answers on the inherited sockets until ctx ends.
func serve(ctx context.Context, s spec, logger *slog.Logger) error {
	listeners, key, err := inheritedSockets(s)
	if err != nil {
		return err
	}
	lib, err := chdb.Load(s.Library)
	if err != nil {
		return err
	}
	p, err := pool.Open(lib, pool.Options{
		Dir: engineDir(s.DataDir), Backups: s.Backups, Memory: s.Memory, Active: maxActive, Idle: maxIdle, Named: maxNamed,
	})
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.CreateDatabase(Database); err != nil {
		return fmt.Errorf("creating database %s: %w", Database, err)
	}
	logger.Info("engine opened", "clickhouse", p.Facts().Version, "libchdb", lib.Version())
	return serveHTTP(ctx, httpd.New(p, logger), listeners, key, logger)
}

// engineDir is the part of the data directory that belongs to ClickHouse.
func engineDir(dataDir string) string { return filepath.Join(dataDir, "data") }

// inheritedSockets makes listeners of the inherited files, the unix socket first.
func inheritedSockets(s spec) (listeners []net.Listener, key string, err error) {
	fds := []int{fdUnix}
	if s.TCP {
		fds = append(fds, fdTCP)
		file := os.NewFile(fdKey, "engine.key")
		defer file.Close()
		if key, err = readKey(file); err != nil {
			return nil, "", err
		}
	}
	for _, fd := range fds {
		file := os.NewFile(uintptr(fd), "socket")
		listener, err := net.FileListener(file)
		if err != nil {
			return nil, "", fmt.Errorf("taking over listener descriptor=%d: %w", fd, err)
		}
		file.Close()
		listeners = append(listeners, listener)
	}
	return listeners, key, nil
}

// serveHTTP answers on all listeners; those behind the first need the key.
func serveHTTP(ctx context.Context, handler http.Handler, listeners []net.Listener, key string, logger *slog.Logger) error {
	base, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	var serving sync.WaitGroup
	failures := make(chan error, len(listeners))
	servers := make([]*http.Server, len(listeners))
	for i, listener := range listeners {
		servers[i] = &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: headerLimit,
			BaseContext:       func(net.Listener) context.Context { return base },
			ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		}
		if i > 0 {
			servers[i].Handler = httpd.RequireKey(key, handler)
		}
		serving.Go(func() { failures <- servers[i].Serve(listener) })
	}
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-failures:
	}
	err := stopServers(servers, kill)
	serving.Wait()
	if failure != nil {
		return fmt.Errorf("serving http: %w", errors.Join(failure, err))
	}
	return err
}

// stopServers refuses new requests, waits for those under way, then kills their
// statements and waits again.
func stopServers(servers []*http.Server, kill context.CancelFunc) error {
	if shutdown(servers, drainLimit) == nil {
		return nil
	}
	kill()
	if err := shutdown(servers, killLimit); err != nil {
		return fmt.Errorf("waiting for statements to end: %w", err)
	}
	return nil
}

func shutdown(servers []*http.Server, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var errs []error
	for _, server := range servers {
		errs = append(errs, server.Shutdown(ctx))
	}
	return errors.Join(errs...)
}
