package httpd

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/ClickHouse/ch-go/compress"
)

// frames returns plain data as frames of at most size bytes.
func frames(t testing.TB, method string, plain []byte, size int) []byte {
	t.Helper()
	var out bytes.Buffer
	f, err := newFramer(method, func(p []byte) error {
		_, err := out.Write(p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for len(plain) > 0 {
		n := min(size, len(plain))
		if err := errors.Join(f.add(plain[:n]), f.flush()); err != nil {
			t.Fatal(err)
		}
		plain = plain[n:]
	}
	return out.Bytes()
}

func TestFramerRoundTrip(t *testing.T) {
	plain := bytes.Repeat([]byte("Plimsoll line. "), frameData/6) // more than two frames
	for _, method := range []string{"", "LZ4", "lz4hc", "ZSTD", "NONE"} {
		t.Run(method, func(t *testing.T) {
			framed := frames(t, method, plain, len(plain))
			got, err := io.ReadAll(compress.NewReader(&frameGuard{src: bytes.NewReader(framed)}))
			if err != nil && !atEnd(err) {
				t.Fatal(err)
			}
			if !bytes.Equal(got, plain) {
				t.Errorf("%d bytes came back, want %d", len(got), len(plain))
			}
		})
	}
	if _, err := newFramer("Rot13", nil); err == nil {
		t.Error("an unknown method was accepted")
	}
}

// TestFrameGuardNoticesEveryCut cuts a body at each byte: only the ends of whole
// frames are regular ends.
func TestFrameGuardNoticesEveryCut(t *testing.T) {
	first := frames(t, "LZ4", []byte("first block"), 100)
	body := append(bytes.Clone(first), frames(t, "ZSTD", []byte("second block"), 100)...)
	for cut := range len(body) + 1 {
		for name, source := range map[string]io.Reader{
			"whole":     bytes.NewReader(body[:cut]),
			"by bytes":  iotest.OneByteReader(bytes.NewReader(body[:cut])),
			"eof early": iotest.DataErrReader(bytes.NewReader(body[:cut])),
		} {
			reader := compress.NewReader(&frameGuard{src: source})
			var err error
			for buffer := make([]byte, 7); err == nil; {
				_, err = reader.Read(buffer)
			}
			if regular := cut == 0 || cut == len(first) || cut == len(body); atEnd(err) != regular {
				t.Errorf("cut at %d of %d (%s): %v, regular end = %v", cut, len(body), name, err, regular)
			}
		}
	}
}

func TestFrameGuardPassesOtherErrors(t *testing.T) {
	broken := errors.New("connection reset")
	_, err := io.ReadAll(&frameGuard{src: iotest.ErrReader(broken)})
	if !errors.Is(err, broken) {
		t.Errorf("error = %v, want %v", err, broken)
	}
}

// FuzzFrameGuard feeds any bytes: the guard must pass exactly what its source
// holds, and report an end inside of a frame only at the very end.
func FuzzFrameGuard(f *testing.F) {
	f.Add([]byte{}, 1)
	f.Add(frames(f, "LZ4", []byte("block"), 100), 3)
	f.Add(bytes.Repeat([]byte{0xff}, 60), 100)
	f.Fuzz(func(t *testing.T, body []byte, step int) {
		guard := &frameGuard{src: bytes.NewReader(body)}
		buffer := make([]byte, min(max(step, 1), 1<<10))
		var passed []byte
		for {
			n, err := guard.Read(buffer)
			passed = append(passed, buffer[:n]...)
			if err == nil {
				continue
			}
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatal(err)
			}
			break
		}
		if !bytes.Equal(passed, body) {
			t.Fatalf("%d bytes passed out of %d", len(passed), len(body))
		}
	})
}
