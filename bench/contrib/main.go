// Command contrib sends a recording of access logs, or spans, through the
// ClickHouse exporter of opentelemetry-collector-contrib, and prints what that
// cost this process. It is what the ingest benchmarks compare with, and a module
// of its own so that the product does not depend on the exporter.
//
// On stdin it reads messages, each behind its length in four bytes, big-endian:
// StreamAccessLogsMessage for typed and text, ExportTraceServiceRequest for
// spans and pdata. They are read before the measurement begins. The answer is one line of
// JSON: {"rows": …, "cpu_s": …, "wall_s": …}.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/clickhouseexporter"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// answer is what the program prints.
type answer struct {
	Rows int     `json:"rows"`
	CPU  float64 `json:"cpu_s"`
	Wall float64 `json:"wall_s"`
}

// sender turns messages into batches and exports them.
type sender interface {
	component.Component
	send(ctx context.Context, message []byte) (rows int, err error)
	flush(ctx context.Context) (rows int, err error)
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "contrib:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	mode := flag.String("mode", "typed", "typed, text, spans, or pdata for spans without their decoding")
	endpoint := flag.String("endpoint", "", "ClickHouse, such as http://127.0.0.1:8123")
	database := flag.String("database", "contrib", "database to create the tables in")
	rounds := flag.Int("rounds", 1, "how often to send what stdin holds")
	flag.Parse()
	messages, err := readAll(os.Stdin)
	if err != nil {
		return fmt.Errorf("reading stdin: %w", err)
	}
	s, err := newSender(ctx, *mode, config(*endpoint, *database))
	if err != nil {
		return err
	}
	if err := s.Start(ctx, componenttest.NewNopHost()); err != nil {
		return err
	}
	result, err := measure(ctx, s, messages, *rounds)
	if err := errors.Join(err, s.Shutdown(ctx)); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

// config is the exporter's default but for what would hide its work: its queue,
// its retries, and the server's own batching.
func config(endpoint, database string) *clickhouseexporter.Config {
	cfg := clickhouseexporter.NewFactory().CreateDefaultConfig().(*clickhouseexporter.Config)
	cfg.Endpoint, cfg.Database = endpoint, database
	cfg.QueueSettings = configoptional.None[exporterhelper.QueueBatchConfig]()
	cfg.BackOffConfig.Enabled = false
	cfg.AsyncInsert = false
	return cfg
}

func newSender(ctx context.Context, mode string, cfg *clickhouseexporter.Config) (sender, error) {
	switch mode {
	case "typed":
		return newLogs(ctx, cfg, typed)
	case "text":
		return newLogs(ctx, cfg, text)
	case "spans":
		return newSpans(ctx, cfg, false)
	case "pdata":
		return newSpans(ctx, cfg, true)
	}
	return nil, fmt.Errorf("mode %q: want typed, text, spans or pdata", mode)
}

// measure counts from the first message until the last is exported, after a round
// that fills caches.
func measure(ctx context.Context, s sender, messages [][]byte, rounds int) (answer, error) {
	var a answer
	for _, m := range messages {
		if _, err := s.send(ctx, m); err != nil {
			return a, err
		}
	}
	if _, err := s.flush(ctx); err != nil {
		return a, err
	}
	began, cpu := time.Now(), cpuTime()
	for range rounds {
		for _, m := range messages {
			n, err := s.send(ctx, m)
			if err != nil {
				return a, err
			}
			a.Rows += n
		}
	}
	n, err := s.flush(ctx)
	a.Rows += n
	a.CPU, a.Wall = (cpuTime() - cpu).Seconds(), time.Since(began).Seconds()
	return a, err
}

// cpuTime returns what this process has used, user and system.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func readAll(r io.Reader) ([][]byte, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	var out [][]byte
	for {
		var head [4]byte
		if _, err := io.ReadFull(in, head[:]); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		b := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(in, b); err != nil {
			return nil, err
		}
		out = append(out, b)
	}
}
