package envoytest

import (
	"net"
	"sync"
	"testing"
	"time"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	logservicev3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"google.golang.org/grpc"
)

// Row is one entry of the access-log stream with what its stream said first.
type Row struct {
	Node    string // node id
	LogName string
	Entry   *accesslogv3.HTTPAccessLogEntry
}

// Collector is an access-log service that keeps all it gets.
type Collector struct {
	Address string

	mu   sync.Mutex
	rows []Row
	more chan struct{} // closed and replaced at each row
}

// StartCollector serves until the test ends.
func StartCollector(t testing.TB) *Collector {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &Collector{Address: l.Addr().String(), more: make(chan struct{})}
	s := grpc.NewServer(grpc.MaxRecvMsgSize(32 << 20))
	logservicev3.RegisterAccessLogServiceServer(s, c)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Serve(l) }()
	t.Cleanup(func() { s.Stop(); <-ended })
	return c
}

// StreamAccessLogs is the service's one method.
func (c *Collector) StreamAccessLogs(stream logservicev3.AccessLogService_StreamAccessLogsServer) error {
	var from *logservicev3.StreamAccessLogsMessage_Identifier
	for {
		message, err := stream.Recv()
		if err != nil {
			return err
		}
		if message.GetIdentifier() != nil {
			from = message.GetIdentifier()
		}
		for _, e := range message.GetHttpLogs().GetLogEntry() {
			c.add(Row{Node: from.GetNode().GetId(), LogName: from.GetLogName(), Entry: e})
		}
	}
}

func (c *Collector) add(r Row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows = append(c.rows, r)
	close(c.more)
	c.more = make(chan struct{})
}

// Wait returns the rows once there are n, or ends the test after ten seconds.
func (c *Collector) Wait(t testing.TB, n int) []Row {
	t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		c.mu.Lock()
		rows, more := append([]Row(nil), c.rows...), c.more
		c.mu.Unlock()
		if len(rows) >= n {
			return rows
		}
		select {
		case <-more:
		case <-timeout:
			t.Fatalf("got %d rows of the access log, want %d", len(rows), n)
		}
	}
}
