package envoyals

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
)

// Frame types and flags of HTTP/2 (RFC 9113, section 6).
const (
	frameData     = 0
	frameHeaders  = 1
	frameSettings = 4
	endHeaders    = 4
)

// preface opens an HTTP/2 connection.
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// frame is a frame of HTTP/2.
func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	b = append(b, flags)
	b = binary.BigEndian.AppendUint32(b, stream)
	return append(b, payload...)
}

// headers are those of an access log stream, each as a literal (RFC 7541,
// section 6.2.2).
func headers() (block []byte) {
	for _, h := range [][2]string{
		{":method", "POST"},
		{":scheme", "http"},
		{":authority", "als"},
		{":path", "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs"},
		{"content-type", "application/grpc"},
		{"te", "trailers"},
	} {
		block = append(block, 0, byte(len(h[0])))
		block = append(append(block, h[0]...), byte(len(h[1])))
		block = append(block, h[1]...)
	}
	return block
}

// opening is all that a client says until its stream is open.
func opening() []byte {
	b := append([]byte(preface), frame(frameSettings, 0, 0, nil)...)
	return append(b, frame(frameHeaders, endHeaders, 1, headers())...)
}

// connect dials the receiver without any protocol.
func connect(t *testing.T, r *alsReceiver, b []byte) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", r.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestGarbage sends what is no HTTP/2, or none that is finished, and then serves
// a client that knows better. Shutting down does not wait for the others.
func TestGarbage(t *testing.T) {
	message := encode(t, alstest.Message(alstest.Identifier("mesh.request"), alstest.Outbound()))
	grpcMessage := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
	for name, test := range map[string]struct {
		bytes []byte
		rows  int
	}{
		"nothing":             {nil, 0},
		"one byte":            {[]byte{0}, 0},
		"zeros":               {make([]byte, 4096), 0},
		"HTTP/1":              {[]byte("GET /metrics HTTP/1.1\r\nHost: als\r\n\r\n"), 0},
		"a TLS handshake":     {append([]byte{0x16, 0x03, 0x01, 0x02, 0x00, 0x01}, make([]byte, 512)...), 0},
		"preface alone":       {[]byte(preface), 0},
		"preface and garbage": {append([]byte(preface), make([]byte, 1024)...), 0},
		"a stream":            {opening(), 0},
		"a message":           {append(opening(), frame(frameData, 0, 1, grpcMessage)...), 1},
		"half a message":      {append(opening(), frame(frameData, 0, 1, grpcMessage[:len(grpcMessage)/2])...), 0},
		"a message's length":  {append(opening(), frame(frameData, 0, 1, grpcMessage[:5])...), 0},
		"compressed, unknown": {append(opening(), frame(frameData, 0, 1, append([]byte{1}, grpcMessage[1:]...))...), 0},
		"broken protobuf":     {append(opening(), frame(frameData, 0, 1, []byte{0, 0, 0, 0, 3, 0xff, 0xff, 0xff})...), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newFakeStore()
			r := start(t, store)
			connect(t, r, test.bytes) // and never reads
			await(t, store, test.rows)
			stream := dial(t, r)
			send(t, stream, alstest.Message(alstest.Identifier("mesh.request"), alstest.Outbound()))
			await(t, store, 1)
			shutdown(t, r)
		})
	}
}

// TestSilenceEnds closes connections that only connect, as health checks do,
// when the receiver stops.
func TestSilenceEnds(t *testing.T) {
	r := start(t, newFakeStore())
	conn := connect(t, r, nil)
	shutdown(t, r)
	if err := conn.SetReadDeadline(time.Now().Add(deadline)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("the connection is still open: %v", err)
	}
	r.listener.mu.Lock()
	defer r.listener.mu.Unlock()
	if n := len(r.listener.silent); n != 0 {
		t.Errorf("%d connections are remembered after the end", n)
	}
}
