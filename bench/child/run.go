package child

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"syscall"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/ingest"
)

// Cost is what a measurement says.
type Cost struct {
	Rows   int     `json:"rows"`
	CPU    float64 `json:"cpu_s"`  // user and system
	Wall   float64 `json:"wall_s"` // from the first message until the store has all
	Allocs uint64  `json:"allocs"` // heap objects made meanwhile
}

// handler takes messages to a pipeline.
type handler interface {
	message(b []byte) (rows int, err error)
}

// NoStore in place of a DSN measures up to sealed blocks: there is nobody to send
// them to.
const NoStore = "none"

// Run reads messages from in, sends them so many times through the part of the
// collector that mode names to the store at the DSN, and writes the cost to out.
// The modes are als and generated, for access logs by our decoder and by the
// generated one, spans, for requests of OTLP, and pdata, for the same without
// their decoding.
func Run(ctx context.Context, mode, dsn string, rounds int, in io.Reader, out io.Writer) error {
	messages, err := readAll(in)
	if err != nil {
		return fmt.Errorf("reading messages: %w", err)
	}
	config := ingest.Config{DSN: dsn, Collector: "bench-" + mode}
	if dsn == NoStore {
		config.DSN, config.MaxPending = "unix:///nowhere?database=plimsoll", 4<<30
	}
	p, err := ingest.New(config, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	h, err := newHandler(mode, p)
	if err != nil {
		return err
	}
	cost, err := run(ctx, h, p, messages, rounds, dsn != NoStore)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(cost)
}

// run measures with a running pipeline, or with one that only seals.
func run(ctx context.Context, h handler, p *ingest.Pipeline, messages [][]byte, rounds int, store bool) (Cost, error) {
	if !store {
		return measure(ctx, h, p.Commit, messages, rounds)
	}
	if err := p.Start(ctx); err != nil {
		return Cost{}, err
	}
	cost, err := measure(ctx, h, p.Flush, messages, rounds)
	return cost, errors.Join(err, p.Shutdown(ctx))
}

func newHandler(mode string, p *ingest.Pipeline) (handler, error) {
	switch mode {
	case "als":
		return newLogs(p, ownDecoder), nil
	case "generated":
		return newLogs(p, generatedDecoder), nil
	case "spans":
		return newSpans(p, false)
	case "pdata":
		return newSpans(p, true)
	}
	return nil, fmt.Errorf("mode %q: want als, generated, spans or pdata", mode)
}

// measure counts from the first message until finish has returned, after a round
// that fills dictionaries and caches.
func measure(ctx context.Context, h handler, finish func(context.Context) error, messages [][]byte, rounds int) (Cost, error) {
	var c Cost
	if _, err := send(h, messages); err != nil {
		return c, err
	}
	if err := finish(ctx); err != nil {
		return c, err
	}
	runtime.GC()
	began, cpu, allocs := time.Now(), cpuTime(), mallocs()
	for range rounds {
		n, err := send(h, messages)
		if err != nil {
			return c, err
		}
		c.Rows += n
	}
	err := finish(ctx)
	c.CPU, c.Wall, c.Allocs = (cpuTime() - cpu).Seconds(), time.Since(began).Seconds(), mallocs()-allocs
	return c, err
}

func send(h handler, messages [][]byte) (rows int, err error) {
	for _, m := range messages {
		n, err := h.message(m)
		if err != nil {
			return rows, err
		}
		rows += n
	}
	return rows, nil
}

// cpuTime returns what this process has used, user and system.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

func readAll(r io.Reader) ([][]byte, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	var out [][]byte
	for {
		var head [4]byte
		if _, err := io.ReadFull(in, head[:]); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		b := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(in, b); err != nil {
			return nil, err
		}
		out = append(out, b)
	}
}
