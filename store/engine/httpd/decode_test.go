package httpd

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func decode(t *testing.T, body []byte, encoding, query string) ([]byte, error) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/"+query, bytes.NewReader(body))
	r.Header.Set("Content-Encoding", encoding)
	reader, err := decodeBody(r, r.URL.Query())
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(reader)
	if err != nil && atEnd(err) {
		err = nil
	}
	return got, err
}

func TestDecodeBodyUndoesBothCompressions(t *testing.T) {
	plain := []byte("1\tone\n2\ttwo\n")
	framed := frames(t, "ZSTD", plain, 100)
	tests := []struct {
		name, encoding, query string
		body                  []byte
	}{
		{"plain", "", "", plain},
		{"identity", "identity", "?decompress=0", plain},
		{"gzip", "gzip", "", encoded(t, "gzip", plain)},
		{"frames", "", "?decompress=1", framed},
		{"zstd", "zstd", "", encoded(t, "zstd", plain)},
		{"frames within gzip", "gzip", "?decompress=1", encoded(t, "gzip", framed)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decode(t, tt.body, tt.encoding, tt.query)
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("decoded %q, %v, want %q", got, err, plain)
			}
		})
	}
}

func TestDecodeBodyRefuses(t *testing.T) {
	plain := []byte("1\tone\n2\ttwo\n")
	zipped := encoded(t, "gzip", plain)
	corrupt := frames(t, "LZ4", plain, 100)
	corrupt[len(corrupt)-1] ^= 1
	tests := []struct {
		name, encoding, query string
		body                  []byte
		code                  int // 0: an error of reading rather than an exception
	}{
		{"an unknown encoding", "xz", "", plain, codeNotImplemented},
		{"no gzip", "gzip", "", plain, codeCannotReadAllData},
		{"cut gzip", "gzip", "", zipped[:len(zipped)-9], 0},
		{"gzip without its checksum", "gzip", "", zipped[:len(zipped)-8], 0},
		{"a frame with a wrong checksum", "", "?decompress=1", corrupt, 0},
		{"frames that end behind a head", "", "?decompress=1", append(frames(t, "LZ4", plain, 100), corrupt[:frameHeader]...), 0},
		{"plain text for frames", "", "?decompress=1", plain, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decode(t, tt.body, tt.encoding, tt.query)
			if err == nil {
				t.Fatal("body was accepted")
			}
			if tt.code != 0 && toException(err, "v").Code != tt.code {
				t.Errorf("error = %v, want exception %d", err, tt.code)
			}
		})
	}
}

func TestAtEnd(t *testing.T) {
	tests := []struct {
		err  error
		want bool
	}{
		{io.EOF, true},
		{errors.Join(errors.New("header"), io.EOF), true},
		{io.ErrUnexpectedEOF, false},
		{errors.New("EOF"), false},
		{http.ErrBodyReadAfterClose, false},
	}
	for _, tt := range tests {
		if got := atEnd(tt.err); got != tt.want {
			t.Errorf("atEnd(%v) = %v, want %v", tt.err, got, tt.want)
		}
	}
}
