package filexds

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf"
)

const (
	// confirmWithin bounds a step, from the first question to the proxy's
	// confirmation. Files are live within some 20 ms; a proxy that needs 2 s is
	// stuck or gone.
	confirmWithin = 2 * time.Second
	// askEvery is the pause between two questions.
	askEvery = 2 * time.Millisecond
)

// Patterns of the counters of refused updates. Envoy tells no more: the reason
// stands in its log only.
const (
	runtimeRefused = `^runtime\.update_rejected$`
	routesRefused  = `^http\..*\.rds\..*\.update_rejected$`
)

// move is one proxy on its way from its files to others.
type move struct {
	*proxy
	to       fileSet
	patience time.Duration
	change   Change
}

// live asks whether the proxy has something.
type live func(context.Context) (bool, error)

// runtime replaces the runtime layer.
func (m *move) runtime(ctx context.Context) error {
	if m.files.runtime.same(m.to.runtime) {
		return nil
	}
	took, err := m.put(ctx, []file{m.to.runtime}, runtimeRefused, m.hasRuntime(m.to.runtime))
	m.change.Runtime = took
	return err
}

// routes replaces the route files that differ.
func (m *move) routes(ctx context.Context) error {
	files := changed(m.files.routes, m.to.routes)
	if len(files) == 0 {
		return nil
	}
	took, err := m.put(ctx, files, routesRefused, m.hasRoutes(files))
	m.change.Routes = took
	return err
}

// restore puts the former files back, in the opposite order. It waits for the
// proxy without insisting: one that is gone reads them when it starts again.
func (m *move) restore(ctx context.Context) error {
	routes := changed(m.to.routes, m.files.routes)
	var errs []error
	for _, f := range append(routes, m.files.runtime) {
		if err := f.write(); err != nil {
			errs = append(errs, fmt.Errorf("putting the former file back: %w", err))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, m.patience)
	defer cancel()
	_ = confirm(ctx, m.hasRoutes(routes))
	_ = confirm(ctx, m.hasRuntime(m.files.runtime))
	return errors.Join(errs...)
}

// put writes files and waits until the proxy has them, or counts a refusal. A
// proxy that does not run is not waited for.
func (m *move) put(ctx context.Context, files []file, refusals string, has live) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, m.patience)
	defer cancel()
	before, err := m.admin.refused(ctx, refusals)
	if err != nil && !isAway(err) {
		return 0, m.explain(err)
	}
	start := time.Now()
	for _, f := range files {
		if err := f.write(); err != nil {
			return 0, err
		}
	}
	err = confirm(ctx, func(ctx context.Context) (bool, error) {
		if ok, err := has(ctx); ok || err != nil {
			return ok, err
		}
		after, err := m.admin.refused(ctx, refusals)
		if err == nil && after > before {
			err = fmt.Errorf("the proxy refused %s; its log says why", namesOf(files))
		}
		return false, err
	})
	if m.change.Away = isAway(err); m.change.Away {
		return 0, nil
	}
	return time.Since(start), m.explain(err)
}

// explain says what to do about a proxy that runs and is silent.
func (m *move) explain(err error) error {
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("the proxy runs but did not confirm the change within %v; look into its log, or stop it and apply the change again: %w", m.patience, err)
}

// isAway tells whether nobody listens on a proxy's admin socket: it was not
// started, or has ended.
func isAway(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist)
}

func namesOf(files []file) string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.name
	}
	return strings.Join(names, ", ")
}

// confirm asks until the answer is yes or an error, or the context ends.
func confirm(ctx context.Context, has live) error {
	for {
		switch done, err := has(ctx); {
		case err != nil:
			return err
		case done:
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the proxy's confirmation: %w", ctx.Err())
		case <-time.After(askEvery):
		}
	}
}

func (m *move) hasRuntime(f file) live {
	return func(ctx context.Context) (bool, error) {
		value, err := m.admin.runtimeValue(ctx, envoyconf.VersionKey)
		return value == f.version, err
	}
}

func (m *move) hasRoutes(files []file) live {
	return func(ctx context.Context) (bool, error) {
		versions, err := m.admin.routeVersions(ctx)
		if err != nil {
			return false, err
		}
		for _, f := range files {
			if versions[f.name] != f.version {
				return false, nil
			}
		}
		return true, nil
	}
}
