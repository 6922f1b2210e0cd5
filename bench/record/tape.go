package main

import (
	"fmt"
	"net"
	"sync"

	"google.golang.org/grpc"

	"github.com/plimsoll-mesh/plimsoll/bench/corpus"
	"github.com/plimsoll-mesh/plimsoll/bench/rawcodec"
)

// tape is an access log service that keeps every message as it came.
type tape struct {
	listener net.Listener
	server   *grpc.Server
	serving  sync.WaitGroup

	mu       sync.Mutex
	streams  int
	messages []corpus.Message
}

func listen(address string) (*tape, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for access logs: %w", err)
	}
	t := &tape{listener: l, server: grpc.NewServer(grpc.ForceServerCodecV2(rawcodec.Codec{}), grpc.MaxRecvMsgSize(16<<20))}
	t.server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "envoy.service.accesslog.v3.AccessLogService",
		HandlerType: (*any)(nil),
		Streams:     []grpc.StreamDesc{{StreamName: "StreamAccessLogs", Handler: t.stream, ClientStreams: true}},
	}, nil)
	t.serving.Go(func() { _ = t.server.Serve(l) })
	return t, nil
}

func (t *tape) address() string { return t.listener.Addr().String() }

func (t *tape) stream(_ any, s grpc.ServerStream) error {
	t.mu.Lock()
	n := t.streams
	t.streams++
	t.mu.Unlock()
	for {
		var b []byte
		if err := s.RecvMsg(&b); err != nil {
			return err
		}
		t.mu.Lock()
		t.messages = append(t.messages, corpus.Message{Stream: n, Bytes: b})
		t.mu.Unlock()
	}
}

// take returns what was recorded so far.
func (t *tape) take() []corpus.Message {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.messages
}

func (t *tape) stop() {
	t.server.Stop()
	t.serving.Wait()
}
