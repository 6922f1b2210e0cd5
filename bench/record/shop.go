package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/lab/process"
	"github.com/plimsoll-mesh/plimsoll/lab/witness"
	"github.com/plimsoll-mesh/plimsoll/mesh/config"
	"github.com/plimsoll-mesh/plimsoll/mesh/filexds"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

const namespace = "default"

// calls lists for each workload the services that it calls.
var calls = []struct {
	service, version string
	calls            []string
}{
	{"front", "v1", []string{"catalog", "cart"}},
	{"catalog", "v1", []string{"stock"}},
	{"catalog", "v2", []string{"stock"}},
	{"cart", "v1", []string{"stock"}},
	{"stock", "v1", nil},
}

// shop is a small mesh whose applications run in this process.
type shop struct {
	plane *filexds.Plane
	mesh  *model.Mesh
	apps  []*http.Server
}

// openShop starts the applications and writes the proxies' configuration.
func openShop(ctx context.Context, dir, collector string) (*shop, error) {
	workloads, err := place()
	if err != nil {
		return nil, err
	}
	parsed, err := config.Parse([]yamlfile.Doc{})
	if err != nil {
		return nil, err
	}
	s := &shop{}
	if s.mesh, err = parsed.Build("shop", "local", workloads); err != nil {
		return nil, err
	}
	if s.plane, err = filexds.New(s.mesh, dir, filexds.Options{Collector: collector}); err != nil {
		return nil, err
	}
	if err := errors.Join(s.plane.Write(ctx), s.fillTags()); err != nil {
		return nil, err
	}
	for _, w := range workloads {
		if err := s.startApp(w); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

// place gives every workload its ports.
func place() ([]*model.Workload, error) {
	var list []*model.Workload
	for _, c := range calls {
		w := &model.Workload{
			Name: c.service + "-" + c.version, Namespace: namespace, Service: c.service, Version: c.version,
			ServiceAccount: c.service, Address: "127.0.0.1", Labels: map[string]string{model.VersionLabel: c.version},
		}
		for _, callee := range c.calls {
			w.Upstreams = append(w.Upstreams, model.Upstream{Service: callee, Namespace: namespace})
		}
		ports := []*int{&w.AppPort, &w.InboundPort}
		for i := range w.Upstreams {
			ports = append(ports, &w.Upstreams[i].LocalPort)
		}
		for _, p := range ports {
			var err error
			if *p, err = freePort(); err != nil {
				return nil, err
			}
		}
		list = append(list, w)
	}
	return list, nil
}

// fillTags gives the tags that mutual TLS would fill the values it would give.
func (s *shop) fillTags() error {
	for _, w := range s.mesh.Workloads {
		paths, _ := s.plane.Paths(w)
		text, err := os.ReadFile(paths.Bootstrap)
		if err != nil {
			return err
		}
		for format, value := range map[string]string{
			"%DOWNSTREAM_PEER_URI_SAN%": "spiffe://shop/ns/default/sa/" + w.ServiceAccount,
			"%UPSTREAM_PEER_URI_SAN%":   "spiffe://shop/ns/default/sa/server",
			"%DOWNSTREAM_TLS_VERSION%":  "TLSv1.3",
			"%UPSTREAM_TLS_VERSION%":    "TLSv1.3",
		} {
			text = bytes.ReplaceAll(text, []byte(format), []byte(value))
		}
		if err := os.WriteFile(paths.Bootstrap, text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// startApp serves what a workload does: some work, then its calls.
func (s *shop) startApp(w *model.Workload) error {
	l, err := net.Listen("tcp", address(w.AppPort))
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 2 * time.Second}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(rand.ExpFloat64() * float64(3*time.Millisecond)))
		for _, u := range w.Upstreams {
			if err := get(r.Context(), client, "http://"+address(u.LocalPort)+r.URL.Path, r.Header.Get("traceparent")); err != nil {
				rw.WriteHeader(http.StatusBadGateway)
				return
			}
		}
		if rand.Float64() < 0.01 {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = rw.Write(bytes.Repeat([]byte("x"), 200+rand.IntN(2000)))
	})}
	s.apps = append(s.apps, server)
	go func() { _ = server.Serve(l) }()
	return nil
}

func get(ctx context.Context, client *http.Client, url, trace string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("traceparent", trace)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// startProxies starts an Envoy per workload and waits until each is live.
func (s *shop) startProxies(children *process.Set, envoy string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, w := range s.mesh.Workloads {
		paths, _ := s.plane.Paths(w)
		_, err := children.Start(process.Spec{
			Name: "envoy-" + w.Name, Path: envoy, LogDir: filepath.Dir(paths.Dir), WorkDir: paths.Dir,
			Args: []string{"--config-path", paths.Bootstrap, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"},
		})
		if err != nil {
			return err
		}
		for witness.EnvoyReady(ctx, paths.AdminSocket) != nil {
			if err := sleep(ctx, 50*time.Millisecond); err != nil {
				return fmt.Errorf("waiting for the Envoy of %s: %w", w.Name, err)
			}
		}
	}
	return nil
}

// drive sends users' requests to the front, one every 2 ms, with a trace each.
func (s *shop) drive(ctx context.Context, requests int) error {
	front := s.mesh.Workloads[0]
	client := &http.Client{Timeout: 5 * time.Second}
	failed := 0
	for range requests {
		path := []string{"/", "/search", "/item/42", "/basket"}[rand.IntN(4)]
		trace := fmt.Sprintf("00-%016x%016x-%016x-01", rand.Uint64(), rand.Uint64(), rand.Uint64())
		if err := get(ctx, client, "http://"+address(front.InboundPort)+path, trace); err != nil {
			failed++
		}
		if err := sleep(ctx, 2*time.Millisecond); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d requests found no answer", failed, requests)
	}
	return nil
}

func (s *shop) close() {
	for _, a := range s.apps {
		_ = a.Close()
	}
}

func address(port int) string { return strings.Join([]string{"127.0.0.1", fmt.Sprint(port)}, ":") }
