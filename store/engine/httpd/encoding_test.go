package httpd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

// encoded returns plain in a Content-Encoding.
func encoded(t testing.TB, encoding string, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := newEncoder(encoding, &b)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(plain)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEncodingsRoundTrip(t *testing.T) {
	plain := []byte(strings.Repeat("17\tcheckout\tHTTP/2\n", 20000))
	for _, encoding := range encodings() {
		body := encoded(t, encoding, plain)
		if len(body) > len(plain)/10 {
			t.Errorf("%s: %d bytes became %d", encoding, len(plain), len(body))
		}
		reader, err := decodeContent(encoding, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(reader); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%s: %d bytes came back, want %d: %v", encoding, len(got), len(plain), err)
		}
	}
}

// TestEncodersFlush lets a reader have what was written before the end.
func TestEncodersFlush(t *testing.T) {
	for _, encoding := range encodings() {
		var b bytes.Buffer
		w, err := newEncoder(encoding, &b)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(w, "rows so far")
		if err := errors.Join(err, w.Flush()); err != nil {
			t.Fatal(err)
		}
		reader, err := decodeContent(encoding, &b)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len("rows so far"))
		if _, err := io.ReadFull(reader, got); err != nil || string(got) != "rows so far" {
			t.Errorf("%s: %q, %v", encoding, got, err)
		}
	}
}

// TestEveryCutOfABodyIsNoticed is what atomic inserts rest on: only the whole
// body may come to a regular end.
func TestEveryCutOfABodyIsNoticed(t *testing.T) {
	plain := []byte("1\tone\n2\ttwo\n3\tthree\n")
	for _, encoding := range encodings() {
		body := encoded(t, encoding, plain)
		for cut := range len(body) {
			for name, source := range map[string]io.Reader{
				"at once": bytes.NewReader(body[:cut]), "by bytes": iotest.OneByteReader(bytes.NewReader(body[:cut])),
			} {
				reader, err := decodeContent(encoding, source)
				var got []byte
				if err == nil {
					got, err = io.ReadAll(reader)
				}
				if cut > 0 && err == nil {
					t.Errorf("%s cut at %d of %d (%s): taken for complete with %q", encoding, cut, len(body), name, got)
				}
			}
		}
	}
}

// TestBodiesMayComeInAnyPieces: a network cuts where it likes. Counters in column
// order, at a fast level, are what brotli.Reader stumbles over.
func TestBodiesMayComeInAnyPieces(t *testing.T) {
	var plain []byte
	for n := range uint64(50000) {
		plain = binary.LittleEndian.AppendUint64(plain, 50000+n)
	}
	for range 50000 {
		plain = append(plain, "\x0ccompressible"...)
	}
	for _, encoding := range encodings() {
		body := encoded(t, encoding, plain)
		for name, source := range map[string]io.Reader{
			"at once":   bytes.NewReader(body),
			"by halves": iotest.HalfReader(bytes.NewReader(body)),
			"by bytes":  iotest.OneByteReader(bytes.NewReader(body)),
			"eof early": iotest.DataErrReader(bytes.NewReader(body)),
		} {
			reader, err := decodeContent(encoding, source)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 0, len(plain))
			for buffer := make([]byte, insertChunk); err == nil; {
				var n int
				n, err = reader.Read(buffer)
				got = append(got, buffer[:n]...)
			}
			if !atEnd(err) || !bytes.Equal(got, plain) {
				t.Errorf("%s %s: %d bytes of %d, %v", encoding, name, len(got), len(plain), err)
			}
		}
	}
}

func TestDecodeContentRefuses(t *testing.T) {
	for _, encoding := range []string{"bzip2", "x-gzip", "gzip, br", "GZIP"} {
		_, err := decodeContent(encoding, strings.NewReader(""))
		if err == nil || toException(readError(err), "v").Code != codeNotImplemented || !strings.Contains(err.Error(), encoding) {
			t.Errorf("%s: %v, want exception %d by name", encoding, err, codeNotImplemented)
		}
	}
}

func TestChooseEncoding(t *testing.T) {
	tests := []struct {
		accept []string
		want   string
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{"gzip"}, "gzip"},
		{[]string{"GZip "}, "gzip"},
		{[]string{"gzip, deflate, br"}, "br"},
		{[]string{"gzip, deflate, br, zstd"}, "zstd"},
		{[]string{"br;q=0.5, gzip"}, "gzip"},
		{[]string{"br; q=0, deflate"}, "deflate"},
		{[]string{"gzip;q=0"}, ""},
		{[]string{"gzip;q=nonsense"}, ""},
		{[]string{"deflate", "lz4"}, "lz4"},
		{[]string{"identity, snappy"}, ""},
	}
	for _, tt := range tests {
		if got := chooseEncoding(http.Header{"Accept-Encoding": tt.accept}); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.accept, got, tt.want)
		}
	}
}

func TestNewEncoderKnowsOnlyItsOwn(t *testing.T) {
	if _, err := newEncoder("xz", io.Discard); err == nil {
		t.Error("xz was accepted")
	}
}

// FuzzDecodeContent feeds any bytes to every decoder: none may panic, and none
// may make more than it was given room for.
func FuzzDecodeContent(f *testing.F) {
	for i, encoding := range encodings() {
		f.Add(encoded(f, encoding, []byte("1\tone\n2\ttwo\n")), i)
	}
	f.Fuzz(func(_ *testing.T, body []byte, which int) {
		names := encodings()
		reader, err := decodeContent(names[(which%len(names)+len(names))%len(names)], bytes.NewReader(body))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(reader, 1<<20)) // any error will do
	})
}
