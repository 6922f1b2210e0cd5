package envoyals

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
)

// message is a received message as it came over the wire. It holds a reference
// to a pooled buffer until free.
type message struct {
	buffer mem.Buffer
}

func (m *message) bytes() []byte { return m.buffer.ReadOnlyData() }

func (m *message) free() {
	m.buffer.Free()
	m.buffer = nil
}

// emptyResponse is the StreamAccessLogsResponse, which has no fields.
type emptyResponse struct{}

// rawCodec hands messages over undecoded.
type rawCodec struct{}

var _ encoding.CodecV2 = rawCodec{}

// Name returns the name of the codec it stands in for.
func (rawCodec) Name() string { return "proto" }

// Marshal encodes the empty response.
func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	if _, ok := v.(emptyResponse); !ok {
		return nil, fmt.Errorf("encoding %T: only the empty response can be sent", v)
	}
	return mem.BufferSlice{}, nil
}

// Unmarshal makes the data one buffer and keeps a reference to it.
func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(*message)
	if !ok {
		return fmt.Errorf("decoding into %T: want a raw message", v)
	}
	m.buffer = data.MaterializeToBuffer(mem.DefaultBufferPool())
	return nil
}
