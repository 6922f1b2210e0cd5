package run

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-mesh/plimsoll/lab/hook"
	"github.com/plimsoll-mesh/plimsoll/lab/process"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/lab/witness"
)

// stack is Plimsoll as it runs beside the mesh: the store, the collector, the
// analyzer and the receiver of its webhooks.
type stack struct {
	opts     Options
	place    place
	children *process.Set
	hook     *hook.Receiver

	dsn        string
	store      *process.Process // nil with a store of the user's own
	analyzer   string           // URL
	collectors *collectors
	servers    []*http.Server
	serving    sync.WaitGroup
}

// newStack takes the ports of the stack; nothing runs yet.
func newStack(opts Options, at place, children *process.Set, p *ports) (*stack, error) {
	s := &stack{opts: opts, place: at, children: children, dsn: opts.Store}
	if s.dsn == "" {
		s.dsn = unixDSN(at.engineSock())
	}
	analyzer, err := p.take("the analyzer")
	if err != nil {
		return nil, err
	}
	s.analyzer = "http://" + loopback(analyzer)
	s.collectors, err = newCollectors(opts, at, children, s.dsn, p)
	return s, err
}

// startStore starts the embedded engine, unless the user named a ClickHouse.
func (s *stack) startStore(ctx context.Context) error {
	if s.opts.Store != "" {
		return nil
	}
	var err error
	s.store, err = s.children.Start(process.Spec{
		Name: "store", Path: s.opts.Plimsoll, LogDir: s.place.logs(), Grace: 15 * time.Second,
		Args: []string{"clickhouse", "run", "--data", s.place.engine(), "--socket", s.place.engineSock(), "--library", s.opts.Library},
	})
	if err != nil {
		return err
	}
	return waitFor(ctx, s.store, func(ctx context.Context) error { return witness.StoreReady(ctx, s.place.engineSock()) })
}

// killEngine kills the engine as a crash would; its supervisor starts it again.
func (s *stack) killEngine() error {
	text, err := os.ReadFile(s.place.enginePid())
	if err != nil {
		return fmt.Errorf("finding the engine: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 1 {
		return fmt.Errorf("finding the engine: %q is no process id", text)
	}
	return syscall.Kill(pid, syscall.SIGKILL)
}

// startAnalyzer starts the analyzer and waits until it serves. The mesh's API
// must be there by then.
func (s *stack) startAnalyzer(ctx context.Context, slos []scenario.Source, hookURL, meshURL, meshToken string) error {
	settings := analyzerSettings{
		dsn: s.dsn, listen: strings.TrimPrefix(s.analyzer, "http://"), state: s.place.state(), hookURL: hookURL,
		hookKey: filepath.Join(s.place.root, hookSecretFile), meshURL: meshURL, meshToken: meshToken,
	}
	for i, src := range slos {
		path, err := s.writeSLO(i, src)
		if err != nil {
			return err
		}
		settings.slos = append(settings.slos, path)
	}
	text, err := settings.yaml()
	if err != nil {
		return fmt.Errorf("writing the analyzer's configuration: %w", err)
	}
	path, err := s.place.write("analyzer.yaml", text)
	if err != nil {
		return err
	}
	p, err := s.children.Start(process.Spec{
		Name: "analyzer", Path: s.opts.Plimsoll, LogDir: s.place.logs(), Args: []string{"analyzer", "run", "--config", path},
	})
	if err != nil {
		return err
	}
	return waitFor(ctx, p, answers(s.analyzer+"/healthz"))
}

// writeSLO writes an SLO of the scenario to a file of its own.
func (s *stack) writeSLO(i int, src scenario.Source) (string, error) {
	var v any
	if err := src.Doc.Decode(&v); err != nil {
		return "", err
	}
	text, err := yaml.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("writing SLO %d: %w", i, err)
	}
	return s.place.write(fmt.Sprintf("slo-%d.yaml", i), text)
}

const hookSecretFile = "webhook.secret"

// startHook starts the receiver of webhooks and returns its URL.
func (s *stack) startHook(port int) (string, error) {
	receiver, secret := hook.New(time.Now)
	if _, err := s.place.write(hookSecretFile, []byte(secret+"\n")); err != nil {
		return "", err
	}
	s.hook = receiver
	return "http://" + loopback(port) + "/hook", s.serve(port, receiver)
}

// serve runs an HTTP server of the lab's own until stop.
func (s *stack) serve(port int, h http.Handler) error {
	l, err := net.Listen("tcp", loopback(port))
	if err != nil {
		return fmt.Errorf("listening for the lab: %w", err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	s.servers = append(s.servers, srv)
	s.serving.Go(func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.opts.Log.Error("server of the lab ended", "error", err)
		}
	})
	return nil
}

// stop ends the lab's own servers; the children are stopped by their set.
func (s *stack) stop() {
	for _, srv := range s.servers {
		_ = srv.Close()
	}
	s.serving.Wait()
	s.collectors.close()
}
