package page

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

const (
	plain       = "text/plain; version=0.0.4; charset=utf-8"
	openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"
)

var roomy = Limits{Bytes: 1 << 30, Samples: 1 << 30}

// read returns the samples of a page as "name a=… value".
func read(r io.Reader, contentType string, limits Limits) (samples []string, err error) {
	n, err := Read(r, contentType, limits, func(s *Series) {
		samples = append(samples, fmt.Sprintf("%s a=%s %v", s.Name, s.Get("a"), s.Value))
	})
	if err == nil && n != len(samples) {
		err = fmt.Errorf("%d samples are said to be there, %d were", n, len(samples))
	}
	return samples, err
}

func TestRead(t *testing.T) {
	for name, test := range map[string]struct {
		contentType, page string
		want              []string
		err               error
	}{
		"nothing":         {plain, "", nil, nil},
		"text":            {plain, "# TYPE x counter\nx{a=\"1\",b=\"2\"} 3\nx{a=\"2\"} 4\ny 5\n", []string{"x a=1 3", "x a=2 4", "y a= 5"}, nil},
		"as Envoy writes": {plain, "x{} 7\n", []string{"x a= 7"}, nil},
		"without version": {"text/plain", "x 1\n", []string{"x a= 1"}, nil},
		"escapes":         {plain, `x{a="q\"b\\n\n"} 1` + "\n", []string{"x a=q\"b\\n\n 1"}, nil},
		"a quoted name":   {plain, `{"x.y",a="1"} 1` + "\n", []string{"x.y a=1 1"}, nil},
		"timestamps":      {plain, "x 1 1700000000000\n", []string{"x a= 1"}, nil},
		"not finite":      {plain, "x +Inf\ny -Inf\n", []string{"x a= +Inf", "y a= -Inf"}, nil},
		"negative":        {plain, "x -1\n", []string{"x a= -1"}, nil},
		"duplicates":      {plain, "x 1\nx 2\n", []string{"x a= 1", "x a= 2"}, nil},
		"OpenMetrics": {
			openMetrics, "# TYPE x counter\nx_total{a=\"1\"} 3.0 # {trace_id=\"abc\"} 0.5\nx_created{a=\"1\"} 1.0\n# EOF\n",
			[]string{"x_total a=1 3", "x_created a=1 1"},
			nil,
		},
		"OpenMetrics without the last newline": {openMetrics, "x 1\n# EOF", []string{"x a= 1"}, nil},
		"OpenMetrics, nothing":                 {openMetrics, "# EOF\n", nil, nil},

		"a line cut off":            {plain, "x 1\ny 12", []string{"x a= 1"}, ErrTruncated},
		"OpenMetrics, cut off":      {openMetrics, "x 1\n", []string{"x a= 1"}, ErrTruncated},
		"OpenMetrics, all gone":     {openMetrics, "", nil, ErrTruncated},
		"OpenMetrics after the end": {openMetrics, "x 1\n# EOF\ny 1\n", []string{"x a= 1"}, ErrSyntax},
		"a page of another kind":    {"text/html", "<html>\n", nil, ErrContentType},
		"no content type":           {"", "x 1\n", nil, ErrContentType},
		"a broken content type":     {"text/plain; =", "x 1\n", nil, ErrContentType},
		"protobuf":                  {"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily", "x", nil, ErrContentType},
		"OpenMetrics 2":             {"application/openmetrics-text; version=2.0.0", "# EOF\n", nil, ErrContentType},
		"html under a false name":   {plain, "<html>\n<body>\n", nil, ErrSyntax},
		"no number":                 {plain, "x 1\ny one\n", []string{"x a= 1"}, ErrSyntax},
		"a zero byte":               {plain, "x 1\n\x00\ny 1\n", nil, ErrSyntax},
		"labels without end":        {plain, "x{a=\"1\n", nil, ErrSyntax},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(strings.NewReader(test.page), test.contentType, roomy)
			if !errors.Is(err, test.err) {
				t.Errorf("error %v, want %v", err, test.err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("samples (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNotANumber(t *testing.T) {
	_, err := Read(strings.NewReader("x NaN\n"), plain, roomy, func(s *Series) {
		if !math.IsNaN(s.Value) {
			t.Errorf("value %v", s.Value)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// TestParts reads pages that are longer than a part, with lines of all lengths,
// from a reader that gives them byte by byte or in halves.
func TestParts(t *testing.T) {
	var page strings.Builder
	var want []string
	for i := 0; page.Len() < 3*partSize; i++ {
		label := strings.Repeat("v", i%500)
		fmt.Fprintf(&page, "name_%d{a=%q} %d\n", i, label, i)
		want = append(want, fmt.Sprintf("name_%d a=%s %d", i, label, i))
	}
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole":        func(r io.Reader) io.Reader { return r },
		"halves":       iotest.HalfReader,
		"with its end": iotest.DataErrReader,
	} {
		for contentType, end := range map[string]string{plain: "", openMetrics: "# EOF\n"} {
			got, err := read(wrap(strings.NewReader(page.String()+end)), contentType, roomy)
			if err != nil {
				t.Errorf("%s, %s: %v", name, contentType, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s: samples (-want +got):\n%s", name, contentType, diff)
			}
		}
	}
}

// TestPartEdges moves a page byte by byte over the edge of a part.
func TestPartEdges(t *testing.T) {
	half := strings.Repeat("x", partSize/2)
	for shift := range 40 {
		page := "# " + half + "\n# " + half[:len(half)-30+shift%30] + strings.Repeat("y", shift/30*30) + "\nlast{a=\"1\"} 1\n"
		got, err := read(strings.NewReader(page), plain, roomy)
		if err != nil || len(got) != 1 || got[0] != "last a=1 1" {
			t.Fatalf("shift %d: %v, %v", shift, got, err)
		}
	}
}

func TestLimits(t *testing.T) {
	page := "x 1\ny 2\nz 3\n"
	for name, test := range map[string]struct {
		limits  Limits
		err     error
		samples int
	}{
		"both just enough": {Limits{Bytes: 12, Samples: 3}, nil, 3},
		"a byte short":     {Limits{Bytes: 11, Samples: 3}, ErrTooLarge, 0},
		"a sample short":   {Limits{Bytes: 12, Samples: 2}, ErrTooMany, 2},
	} {
		got, err := read(strings.NewReader(page), plain, test.limits)
		if !errors.Is(err, test.err) || len(got) != test.samples {
			t.Errorf("%s: %d samples, error %v; want %d, %v", name, len(got), err, test.samples, test.err)
		}
	}
}

func TestLongLine(t *testing.T) {
	_, err := read(strings.NewReader("x{a=\""+strings.Repeat("v", partSize)+"\"} 1\n"), plain, roomy)
	if !errors.Is(err, ErrSyntax) {
		t.Errorf("error %v", err)
	}
}

// endless is a page without end.
type endless struct {
	line []byte
	read int64
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.line[(e.read+int64(i))%int64(len(e.line))]
	}
	e.read += int64(len(p))
	return len(p), nil
}

// TestMemory reads 100 MB and holds no more of them than a part.
func TestMemory(t *testing.T) {
	page := &endless{line: []byte("envoy_cluster_upstream_rq_total{envoy_cluster_name=\"a\"} 1\n")}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const limit = 100 << 20
	_, err := Read(page, plain, Limits{Bytes: limit, Samples: math.MaxInt}, func(*Series) {})
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrTooLarge) || page.read < limit-partSize || page.read > limit+partSize {
		t.Errorf("%d bytes were read of %d: %v", page.read, limit, err)
	}
	if most := uint64(limit / 20); after.TotalAlloc-before.TotalAlloc > most {
		t.Errorf("%d bytes were allocated, more than %d", after.TotalAlloc-before.TotalAlloc, most)
	}
}

func TestReadError(t *testing.T) {
	broken := errors.New("broken")
	_, err := read(io.MultiReader(strings.NewReader("x 1\n"), iotest.ErrReader(broken)), plain, roomy)
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write(bytes.Repeat([]byte("x 1\n"), 1000))
	_ = w.Close()
	r, err := gzip.NewReader(bytes.NewReader(zipped.Bytes()[:zipped.Len()-10]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = read(r, plain, roomy); err == nil {
		t.Error("a compressed page that is cut off was read")
	}
}

// FuzzRead feeds any bytes under each content type: an error or samples, never
// a panic, and the same whether the page comes at once or in pieces.
func FuzzRead(f *testing.F) {
	real, err := os.ReadFile("../testdata/envoy-1.40.txt")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(real[:4000], false)
	f.Add([]byte("# TYPE x histogram\nx_bucket{le=\"0.5\"} 1\nx_bucket{le=\"+Inf\"} 2\nx_sum 3\nx_count 2\n# EOF\n"), true)
	f.Add([]byte("{\"x.y\",a=\"\\\"\"} 1 # {a=\"b\"} 1 1\n# EOF"), true)
	f.Add([]byte("x{a=\"\\\n"), false)
	f.Add([]byte("# HELP x \\\n\x00"), false)
	f.Fuzz(func(t *testing.T, page []byte, om bool) {
		contentType := plain
		if om {
			contentType = openMetrics
		}
		limits := Limits{Bytes: 1 << 20, Samples: 10_000}
		whole, err := read(bytes.NewReader(page), contentType, limits)
		pieces, errPieces := read(iotest.OneByteReader(bytes.NewReader(page)), contentType, limits)
		if (err == nil) != (errPieces == nil) || !cmp.Equal(whole, pieces) {
			t.Errorf("at once: %q, %v; in pieces: %q, %v", whole, err, pieces, errPieces)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	page, err := os.ReadFile("../testdata/envoy-1.40.txt")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		if _, err := Read(bytes.NewReader(page), plain, roomy, func(*Series) {}); err != nil {
			b.Fatal(err)
		}
	}
}
