package envoyals

import (
	"strings"
	"testing"

	"google.golang.org/grpc/mem"
)

func TestCodec(t *testing.T) {
	for name, data := range map[string]mem.BufferSlice{
		"nothing":     {},
		"one buffer":  {mem.SliceBuffer("whole")},
		"two buffers": {mem.SliceBuffer("in "), mem.SliceBuffer("pieces")},
	} {
		t.Run(name, func(t *testing.T) {
			want := string(data.Materialize())
			var m message
			if err := (rawCodec{}).Unmarshal(data, &m); err != nil {
				t.Fatal(err)
			}
			if got := string(m.bytes()); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			m.free()
		})
	}
}

func TestCodecErrors(t *testing.T) {
	if err := (rawCodec{}).Unmarshal(nil, new(string)); err == nil || !strings.Contains(err.Error(), "decoding into *string") {
		t.Errorf("decoding into a string: %v", err)
	}
	if _, err := (rawCodec{}).Marshal("text"); err == nil || !strings.Contains(err.Error(), "encoding string") {
		t.Errorf("encoding a string: %v", err)
	}
	if b, err := (rawCodec{}).Marshal(emptyResponse{}); err != nil || b.Len() != 0 {
		t.Errorf("encoding the response: %d bytes, %v", b.Len(), err)
	}
}
