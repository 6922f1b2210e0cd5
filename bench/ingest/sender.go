package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/plimsoll-mesh/plimsoll/bench/corpus"
	"github.com/plimsoll-mesh/plimsoll/bench/rawcodec"
)

// stream is one proxy's access log stream: its messages, of which the first has
// the identifier, and how many entries they hold.
type stream struct {
	messages [][]byte
	entries  []int // in the message of the same number
}

// byStream parts packed messages at their identifiers.
func byStream(messages []corpus.Message, bytes int) ([]stream, error) {
	var list []stream
	for _, m := range packed(messages, bytes) {
		one, err := corpus.New([]corpus.Message{{Bytes: m}})
		if err != nil {
			return nil, err
		}
		if one.Identified() {
			list = append(list, stream{})
		}
		last := &list[len(list)-1]
		last.messages, last.entries = append(last.messages, m), append(last.entries, one.Entries)
	}
	return list, nil
}

// sender is a connection to an access-log receiver.
type sender struct{ conn *grpc.ClientConn }

func dial(address string) (*sender, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawcodec.Codec{}), grpc.MaxCallSendMsgSize(16<<20)))
	if err != nil {
		return nil, fmt.Errorf("dialling the collector: %w", err)
	}
	return &sender{conn: conn}, nil
}

// send plays the streams side by side, each so many times, and returns when the
// receiver has worked through all of it. Before each message it waits for the
// pace to admit its entries.
func (s *sender) send(ctx context.Context, list []stream, rounds int, pace func(ctx context.Context, entries int) error) (entries int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var playing sync.WaitGroup
	for _, one := range list {
		for _, n := range one.entries {
			entries += n * rounds
		}
		playing.Go(func() {
			if err := s.play(ctx, one, rounds, pace); err != nil {
				cancel(err)
			}
		})
	}
	playing.Wait()
	return entries, context.Cause(ctx)
}

func (s *sender) play(ctx context.Context, one stream, rounds int, pace func(context.Context, int) error) error {
	desc := &grpc.StreamDesc{StreamName: "StreamAccessLogs", ClientStreams: true}
	call, err := s.conn.NewStream(ctx, desc, "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs")
	if err != nil {
		return err
	}
	for range rounds {
		for i, m := range one.messages {
			if err := pace(ctx, one.entries[i]); err != nil {
				return err
			}
			if err := call.SendMsg(m); err != nil {
				return fmt.Errorf("sending access logs: %w", err)
			}
		}
	}
	if err := call.CloseSend(); err != nil {
		return err
	}
	if err := call.RecvMsg(new([]byte)); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("waiting for the receiver: %w", err)
	}
	return nil
}

// freely sends as fast as the receiver reads.
func freely(context.Context, int) error { return nil }
