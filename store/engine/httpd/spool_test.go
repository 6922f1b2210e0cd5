package httpd

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSpoolKeepsTheOrder(t *testing.T) {
	tests := []struct {
		name   string
		limit  int
		pieces []string
		file   bool
	}{
		{"nothing", 4, nil, false},
		{"within memory", 4, []string{"ab", "cd"}, false},
		{"beyond memory", 4, []string{"ab", "cd", "e"}, true},
		{"one that is too long", 4, []string{"abcdef"}, true},
		{"short ones behind a long one", 4, []string{"abc", "defgh", "i", "j"}, true},
		{"no memory", 0, []string{"a", "b"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			s := spool{dir: dir, limit: tt.limit}
			for _, piece := range tt.pieces {
				if n, err := s.Write([]byte(piece)); err != nil || n != len(piece) {
					t.Fatalf("Write(%q) = %d, %v", piece, n, err)
				}
			}
			want := strings.Join(tt.pieces, "")
			if s.Len() != len(want) || (s.file != nil) != tt.file {
				t.Errorf("length = %d, file = %v, want %d, %v", s.Len(), s.file != nil, len(want), tt.file)
			}
			if names, err := os.ReadDir(dir); err != nil || len(names) != 0 {
				t.Errorf("files = %v, %v, want none with a name", names, err)
			}
			var out bytes.Buffer
			if n, err := s.WriteTo(&out); err != nil || n != int64(len(want)) || out.String() != want {
				t.Errorf("WriteTo = %d, %v and %q, want %q", n, err, out.String(), want)
			}
			if err := errors.Join(s.Close(), s.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSpoolNeedsItsDirectory(t *testing.T) {
	s := spool{dir: filepath.Join(t.TempDir(), "missing"), limit: 1}
	if _, err := s.Write([]byte("ab")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error = %v, want ErrNotExist", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// failing refuses to be written to.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestSpoolReportsWhereItIsWritten(t *testing.T) {
	broken := errors.New("connection reset")
	for _, limit := range []int{0, 10} {
		s := spool{dir: t.TempDir(), limit: limit}
		if _, err := s.Write([]byte("abc")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.WriteTo(failing{broken}); !errors.Is(err, broken) {
			t.Errorf("error = %v, want %v", err, broken)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// FuzzSpool compares with a plain buffer.
func FuzzSpool(f *testing.F) {
	f.Add([]byte("abcdefgh"), 3, 2)
	f.Add([]byte(""), 0, 1)
	f.Fuzz(func(t *testing.T, data []byte, limit, step int) {
		s := spool{dir: os.TempDir(), limit: min(max(limit, 0), 64)}
		for rest := data; len(rest) > 0; {
			n := min(max(step, 1), len(rest))
			if _, err := s.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		var out bytes.Buffer
		if _, err := s.WriteTo(io.Writer(&out)); err != nil || !bytes.Equal(out.Bytes(), data) || s.Len() != len(data) {
			t.Fatalf("%q came back as %q, %v", data, out.Bytes(), err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
