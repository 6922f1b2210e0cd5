package ingest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/lab/process"
)

// collector is a running collector with an access-log receiver.
type collector struct {
	process *process.Process
	address string // of the receiver
}

// startCollector starts a collector on one core that stores at the DSN, with a
// write-ahead log as in use.
func (p *Place) startCollector(ctx context.Context, name, dsn string) (*collector, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	health, err := freeAddress()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(p.dir, name)
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "collector.yaml")
	if err := os.WriteFile(config, []byte(collectorConfig(name, dsn, address, health, filepath.Join(dir, "wal"))), 0o600); err != nil {
		return nil, err
	}
	child, err := p.children.Start(process.Spec{
		Name: name, Path: p.Plimsoll, LogDir: dir, Grace: 15 * time.Second, Env: []string{"GOMAXPROCS=1"},
		Args: []string{"collector", "run", "--config", config},
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for !healthy(ctx, "http://"+health) {
		select {
		case <-child.Done():
			return nil, child.Err()
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the collector, see %s: %w", dir, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return &collector{process: child, address: address}, nil
}

func collectorConfig(name, dsn, als, health, wal string) string {
	return fmt.Sprintf(`extensions:
  meshstore: {endpoint: %q, collector: %s, wal: {directory: %q}}
  health_check: {endpoint: %q}
receivers:
  envoyals: {endpoint: %q, store: meshstore}
exporters:
  debug: {}
service:
  extensions: [meshstore, health_check]
  pipelines:
    logs: {receivers: [envoyals], exporters: [debug]}
  telemetry: {metrics: {level: none}}
`, dsn, name, wal, health, als)
}

func healthy(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// clockTick is the unit of times in /proc/PID/stat, USER_HZ (proc(5)).
const clockTick = 10 * time.Millisecond

// cpu returns what the collector has used, user and system.
func (c *collector) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.process.Pid()))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ") // behind the name
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("reading /proc/%d/stat: %d fields", c.process.Pid(), len(fields))
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick, err
}

// memory returns the collector's resident memory in bytes.
func (c *collector) memory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", c.process.Pid()))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("reading /proc/%d/statm: %q", c.process.Pid(), text)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
