package chdb_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
)

// drain reads a stream to its end.
func drain(t *testing.T, s *chdb.Stream) (text string, chunks int, rows uint64, err error) {
	t.Helper()
	var b strings.Builder
	for {
		chunk, err := s.Next()
		if err != nil {
			return b.String(), chunks, rows, err
		}
		chunks++
		rows += chunk.Stats().ResultRows
		b.Write(chunk.Bytes())
		chunk.Close()
	}
}

func TestStreamConcatenatesToTheWholeResult(t *testing.T) {
	conn := connect(t)
	const sql = "SELECT number, toString(number) FROM numbers(300000)"
	for _, format := range []string{"Native", "RowBinary", "TabSeparated", "CSV", "JSONEachRow", "JSONCompactEachRow"} {
		t.Run(format, func(t *testing.T) {
			s, err := conn.Stream(sql+" SETTINGS max_threads = 1", format, nil)
			if err != nil {
				t.Fatal(err)
			}
			text, chunks, rows, err := drain(t, s)
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if chunks < 2 || rows != 300000 {
				t.Errorf("%d chunks with %d rows, want several with 300000", chunks, rows)
			}
			whole, err := conn.Query(sql+" SETTINGS max_threads = 1", format, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer whole.Close()
			if format != "Native" && text != string(whole.Bytes()) {
				t.Errorf("stream has %d bytes, whole result %d", len(text), len(whole.Bytes()))
			}
		})
	}
}

func TestStreamOfNoRowsEndsAtOnce(t *testing.T) {
	s, err := connect(t).Stream("SELECT number FROM numbers(10) WHERE number > 10", "Native", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 2 {
		if _, err := s.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("Next = %v, want EOF", err)
		}
	}
}

func TestStreamReportsALateException(t *testing.T) {
	conn := connect(t)
	s, err := conn.Stream("SELECT throwIf(number = 500000) FROM numbers(1000000) SETTINGS max_threads = 1", "Native", nil)
	if err == nil {
		_, _, _, err = drain(t, s)
		defer s.Close()
	}
	var e *chdb.Exception
	if !errors.As(err, &e) || e.Code != 395 {
		t.Errorf("error = %v, want exception 395", err)
	}
}

func TestStreamClosedEarlyFreesTheConnection(t *testing.T) {
	conn := connect(t)
	s, err := conn.Stream("SELECT number FROM system.numbers", "Native", nil)
	if err != nil {
		t.Fatal(err)
	}
	chunk, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	chunk.Close()
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := ask(t, conn, "SELECT count() FROM system.processes WHERE query LIKE '%system.numbers%' AND query NOT LIKE '%processes%'", nil); got != "0\n" {
		t.Errorf("%s statements still run", strings.TrimSpace(got))
	}
}
