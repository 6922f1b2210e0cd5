package envoyals

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	servicev3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	"github.com/plimsoll-mesh/plimsoll/bench/corpus"
)

// rawBytes is the codec of a client that has its messages encoded already.
type rawBytes struct{}

var _ encoding.CodecV2 = rawBytes{}

func (rawBytes) Name() string { return "proto" }

func (rawBytes) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (rawBytes) Unmarshal(mem.BufferSlice, any) error { return nil }

// BenchmarkGRPC is the figure als_grpc_core: the recording over real gRPC to a
// receiver that seals blocks, in a process of its own that has one core. An
// operation is the whole input; what counts is the processor time of that
// process.
func BenchmarkGRPC(b *testing.B) {
	in := loadInput(b)
	l, err := newHolder(filepath.Join(b.TempDir(), "als.sock"))
	if err != nil {
		b.Fatal(err)
	}
	defer l.close()
	read, write, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+roleSealer, "GOMAXPROCS=1")
	cmd.ExtraFiles = []*os.File{l.file, write}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	_ = write.Close()
	conn, err := grpc.NewClient("unix://"+l.path, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawBytes{})))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	streams := map[int]grpc.ClientStream{}
	for _, m := range in.messages {
		if streams[m.Stream] == nil {
			if streams[m.Stream], err = servicev3.NewAccessLogServiceClient(conn).StreamAccessLogs(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.SetBytes(int64(in.bytes))
	for b.Loop() {
		sendAll(b, streams, in.messages)
	}
	for _, s := range streams {
		if err := s.CloseSend(); err != nil {
			b.Fatal(err)
		}
		if err := s.RecvMsg(nil); err != nil && !errors.Is(err, io.EOF) {
			b.Fatal(err)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	var rows, cost int64
	if _, err := fmt.Fscan(read, &rows, &cost); err != nil {
		b.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	if want := int64(b.N * in.entries); rows < want {
		b.Errorf("%d rows, want %d", rows, want)
	}
	b.ReportMetric(float64(b.N*in.entries)/(float64(cost)/1e9), "entries/cpu-s")
}

func sendAll(b *testing.B, streams map[int]grpc.ClientStream, messages []corpus.Message) {
	b.Helper()
	for _, m := range messages {
		if err := streams[m.Stream].SendMsg(m.Bytes); err != nil {
			b.Fatal(err)
		}
	}
}
