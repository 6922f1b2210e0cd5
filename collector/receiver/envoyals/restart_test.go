package envoyals

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// requestsPerSecond is the load on the Envoy of the restart tests; each request
// makes two entries.
const requestsPerSecond = 200

// TestRestart restarts a receiver on a held socket under load, and compares what
// all its processes handed to their stores with what the Envoy says it wrote.
// Nothing is lost by a restart that drains. kill -9 loses what the process had
// been sent and had not handed on, at most: what the Envoy logged within a
// moment before.
func TestRestart(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for half a minute")
	}
	for name, test := range map[string]struct {
		signal syscall.Signal
		outage time.Duration
		lost   int64 // at most
	}{
		"drained, away for 1 s": {syscall.SIGTERM, time.Second, 0},
		"drained, away for 5 s": {syscall.SIGTERM, 5 * time.Second, 0},
		"killed, away for 1 s":  {syscall.SIGKILL, time.Second, requestsPerSecond},
		"killed, away for 5 s":  {syscall.SIGKILL, 5 * time.Second, requestsPerSecond},
	} {
		t.Run(name, func(t *testing.T) {
			binary := envoyBinary(t)
			dir := socketDir(t)
			socket, err := newHolder(filepath.Join(dir, "als.sock"))
			if err != nil {
				t.Fatal(err)
			}
			defer socket.close()
			var n counted
			first := startCounter(t, socket.file, &n)
			stop := runEnvoy(t, binary, dir, application(t))
			load := startLoad(t, dir)

			awaitRowsOf(t, &n, 50)
			ended := first.end(t, test.signal)
			if test.signal == syscall.SIGTERM && ended != nil {
				t.Errorf("the drained receiver ended with %v:\n%s", ended, &first.stderr)
			}
			before := n.rows.Load()
			<-time.After(test.outage) // what is tested is how long nobody listens
			second := startCounter(t, socket.file, &n)
			awaitRowsOf(t, &n, before+int64(test.outage.Seconds()*requestsPerSecond))
			sent := load.stop()

			written, dropped := awaitCalm(t, dir, &n)
			if err := second.end(t, syscall.SIGTERM); err != nil {
				t.Errorf("the second receiver ended with %v:\n%s", err, &second.stderr)
			}
			stop()
			n.readers.Wait()
			lost := written - n.rows.Load()
			t.Logf("%d requests, %d entries written, %d dropped, %d received, %d lost", sent, written, dropped, n.rows.Load(), lost)
			if written != 2*sent || dropped != 0 || lost < 0 || lost > test.lost {
				t.Errorf("%d requests: %d entries written, %d dropped, %d lost; want two each, 0, at most %d", sent, written, dropped, lost, test.lost)
			}
		})
	}
}

// holder holds a listening socket for the processes of a test.
type holder struct {
	path string
	l    *net.UnixListener
	file *os.File
}

func newHolder(path string) (*holder, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	file, err := l.File()
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &holder{path, l, file}, nil
}

func (h *holder) close() { _ = errors.Join(h.file.Close(), h.l.Close()) }

// load sends requests at a steady rate.
type load struct {
	sent  atomic.Int64
	end   chan struct{}
	ended chan struct{}
}

func startLoad(t *testing.T, dir string) *load {
	t.Helper()
	l := &load{end: make(chan struct{}), ended: make(chan struct{})}
	transport := unixTransport(filepath.Join(dir, "outbound.sock"))
	client := &http.Client{Transport: transport, Timeout: deadline}
	go func() {
		defer close(l.ended)
		defer transport.CloseIdleConnections()
		ticker := time.NewTicker(time.Second / requestsPerSecond)
		defer ticker.Stop()
		for {
			select {
			case <-l.end:
				return
			case <-ticker.C:
			}
			resp, err := client.Get("http://ratings/ok")
			if err != nil {
				t.Errorf("a request failed: %v", err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			l.sent.Add(1)
		}
	}()
	return l
}

// stop ends the load and returns how many requests were answered.
func (l *load) stop() int64 {
	close(l.end)
	<-l.ended
	return l.sent.Load()
}

func unixTransport(path string) *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
}

// awaitRowsOf waits until the counters were handed so many rows.
func awaitRowsOf(t *testing.T, n *counted, rows int64) {
	t.Helper()
	limit := time.After(2 * deadline)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n.rows.Load() < rows {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%d rows after %v, want %d", n.rows.Load(), 2*deadline, rows)
		}
	}
}

// awaitCalm waits until all that the Envoy wrote has arrived, or nothing more
// does for two seconds, and returns what it wrote and dropped.
func awaitCalm(t *testing.T, dir string, n *counted) (written, dropped int64) {
	t.Helper()
	const calm = 2 * time.Second
	transport := unixTransport(filepath.Join(dir, "admin.sock"))
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: deadline}
	last, since := int64(-1), time.Now()
	for {
		written, dropped = logCounters(t, client)
		rows := n.rows.Load()
		if rows != last {
			last, since = rows, time.Now()
		}
		if rows == written || time.Since(since) > calm {
			return written, dropped
		}
		<-time.After(50 * time.Millisecond) // polls another process
	}
}

// logCounters reads what the Envoy counts about its access logs.
func logCounters(t *testing.T, client *http.Client) (written, dropped int64) {
	t.Helper()
	resp, err := client.Get("http://envoy/stats?filter=grpc_access_log")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		count, _ := strconv.ParseInt(value, 10, 64)
		switch name {
		case "access_logs.grpc_access_log.logs_written":
			written = count
		case "access_logs.grpc_access_log.logs_dropped":
			dropped = count
		}
	}
	return written, dropped
}
