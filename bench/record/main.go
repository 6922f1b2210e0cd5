package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/plimsoll-mesh/plimsoll/bench/corpus"
	"github.com/plimsoll-mesh/plimsoll/lab/process"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	envoy := flag.String("envoy", ".cache/tools/envoy", "path of Envoy")
	out := flag.String("out", "bench/testdata/shop.als.gz", "file to write")
	requests := flag.Int("requests", 2000, "requests of users to send")
	flag.Parse()
	program, err := filepath.Abs(*envoy)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "record")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	messages, err := record(ctx, dir, program, *requests)
	if err != nil {
		return err
	}
	return write(*out, messages)
}

// record runs the shop for so many requests and returns what the proxies said.
func record(ctx context.Context, dir, envoy string, requests int) ([]corpus.Message, error) {
	tape, err := listen("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer tape.stop()
	s, err := openShop(ctx, dir, tape.address())
	if err != nil {
		return nil, err
	}
	defer s.close()
	children := process.NewSet()
	defer children.Close()
	if err := s.startProxies(children, envoy); err != nil {
		return nil, err
	}
	if err := s.drive(ctx, requests); err != nil {
		return nil, err
	}
	if err := sleep(ctx, 3*time.Second); err != nil { // the proxies flush each 500 ms
		return nil, err
	}
	return tape.take(), nil
}

func write(path string, messages []corpus.Message) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := corpus.Write(f, messages); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	c, err := corpus.New(messages)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d messages, %d entries of %d bytes on average\n", path, len(messages), c.Entries, c.Bytes/c.Entries)
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// freePort returns a loopback port that nothing listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
