package envoyals

import (
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"testing"
	"time"

	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	servicev3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/proto"

	"github.com/plimsoll-mesh/plimsoll/bench/corpus"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/ingest"
)

// recording is the corpus that bench/record made: real Envoys, ten tags.
const recording = "../../../bench/testdata/shop.als.gz"

// input is what a benchmark feeds: the messages of each stream.
type input struct {
	messages []corpus.Message
	entries  int
	bytes    int
	start    time.Time // of the latest entry
}

// loadInput reads the recording, and makes messages up where there is none.
func loadInput(tb testing.TB) *input {
	tb.Helper()
	in := &input{start: time.Now()}
	if _, err := os.Stat(recording); err == nil {
		if in.messages, err = corpus.Load(recording); err != nil {
			tb.Fatal(err)
		}
	} else {
		in.messages = madeUp(tb)
	}
	for _, m := range in.messages {
		c := wire.NewCursor(m.Bytes)
		for kind, b, err := c.Next(); kind != wire.End; kind, b, err = c.Next() {
			if err != nil {
				tb.Fatal(err)
			}
			in.entries++
			in.bytes += len(b)
			var e wire.Entry
			if kind == wire.HTTP && e.Decode(b) == nil {
				in.start = e.Common.Start.Time()
			}
		}
	}
	tb.Logf("%d entries of %d bytes in %d messages", in.entries, in.bytes/in.entries, len(in.messages))
	return in
}

func madeUp(tb testing.TB) []corpus.Message {
	tb.Helper()
	messages := []corpus.Message{{Bytes: encode(tb, alstest.Message(alstest.Identifier("mesh.request")))}}
	for i := range 200 {
		m := alstest.Message(nil)
		for j := range 24 {
			e := []func() *datav3.HTTPAccessLogEntry{alstest.Outbound, alstest.Inbound, alstest.Try}[j%3]()
			e.Request.RequestId = fmt.Sprintf("c0ffee00-0000-4000-8000-%012d", i*24+j)
			m.GetHttpLogs().LogEntry = append(m.GetHttpLogs().LogEntry, e)
		}
		messages = append(messages, corpus.Message{Bytes: encode(tb, m)})
	}
	return messages
}

// sealing returns a pipeline that seals and keeps what it sealed: it is never
// started, so nothing is sent.
func sealing() (*ingest.Pipeline, error) {
	return ingest.New(ingest.Config{
		DSN: "http://127.0.0.1:1/?database=plimsoll", Collector: "bench", MaxPending: 1 << 40,
	}, slog.New(slog.DiscardHandler))
}

// reader works through the messages of the streams of an input.
type reader interface {
	message(stream int, b []byte)
}

// wireReader is the receiver's own way.
type wireReader struct {
	now     time.Time
	sink    Sink
	streams map[int]*stream
}

func newWireReader(sink Sink, now time.Time) *wireReader {
	return &wireReader{now: now, sink: sink, streams: map[int]*stream{}}
}

func (r *wireReader) message(n int, b []byte) {
	s := r.streams[n]
	if s == nil {
		s = bareStream(r.sink, zap.NewNop())
		r.streams[n] = s
	}
	s.message(b, r.now)
}

// generatedReader decodes with the generated code and makes the same rows of
// what that yields.
type generatedReader struct {
	now     time.Time
	sink    Sink
	streams map[int]*rows.Stream
	entry   wire.Entry
	request record.Request
	attempt record.Attempt
}

func (r *generatedReader) message(n int, b []byte) {
	var m servicev3.StreamAccessLogsMessage
	if err := proto.Unmarshal(b, &m); err != nil {
		return
	}
	if m.Identifier != nil {
		var node wire.Node
		_, _ = node.Identifier(b)
		r.streams[n] = rows.NewStream(rows.NewReporter(&node), rows.NewCaps())
	}
	s := r.streams[n]
	for _, e := range m.GetHttpLogs().GetLogEntry() {
		convert(e, &r.entry)
		switch kind, _ := rows.KindOf(&r.entry, s.Reporter().LogName); kind {
		case rows.Request:
			s.Request(&r.entry, r.now, &r.request)
			r.sink.Request(&r.request)
		case rows.Attempt:
			s.Attempt(&r.entry, r.now, &r.attempt)
			r.sink.Attempt(&r.attempt)
		}
	}
}

// spanning is a generated Timestamp or Duration.
type spanning interface {
	GetSeconds() int64
	GetNanos() int32
}

// convert takes from a generated entry what HTTP rows need.
func convert(from *datav3.HTTPAccessLogEntry, to *wire.Entry) {
	c, tags := from.GetCommonProperties(), from.GetCommonProperties().GetCustomTags()
	request, headers := from.GetRequest(), from.GetRequest().GetRequestHeaders()
	response := from.GetResponse()
	span := func(d spanning, set bool) wire.Span {
		return wire.Span{Seconds: d.GetSeconds(), Nanos: d.GetNanos(), Set: set}
	}
	socket := c.GetUpstreamRemoteAddress().GetSocketAddress()
	*to = wire.Entry{
		HasCommon: c != nil,
		Version:   wire.Version(from.ProtocolVersion),
		Common: wire.Common{
			Type:             wire.Type(c.GetAccessLogType()),
			Start:            span(c.GetStartTime(), c.GetStartTime() != nil),
			Duration:         span(c.GetDuration(), c.GetDuration() != nil),
			FirstUpstreamTx:  span(c.GetTimeToFirstUpstreamTxByte(), c.GetTimeToFirstUpstreamTxByte() != nil),
			LastUpstreamTx:   span(c.GetTimeToLastUpstreamTxByte(), c.GetTimeToLastUpstreamTxByte() != nil),
			FirstUpstreamRx:  span(c.GetTimeToFirstUpstreamRxByte(), c.GetTimeToFirstUpstreamRxByte() != nil),
			LastDownstreamTx: span(c.GetTimeToLastDownstreamTxByte(), c.GetTimeToLastDownstreamTxByte() != nil),
			Upstream:         wire.Address{Host: socket.GetAddress(), Port: socket.GetPortValue()},
			Cluster:          c.GetUpstreamCluster(),
			Route:            c.GetRouteName(),
			Failure:          c.GetUpstreamTransportFailureReason(),
			StreamID:         c.GetStreamId(),
			Attempts:         c.GetUpstreamRequestAttemptCount(),
			Tags: wire.Tags{
				Direction: tags["mesh.direction"], DstService: tags["dst.service"], DstNamespace: tags["dst.namespace"],
				DstWorkload: tags["dst.workload"], DstVersion: tags["dst.version"], SrcPrincipal: tags["src.principal"],
				DstPrincipal: tags["dst.principal"], ConnTLS: tags["conn.tls"], UpTLS: tags["up.tls"],
			},
		},
		Request: wire.Request{
			Method: wire.Method(request.GetRequestMethod()), ID: request.GetRequestId(),
			HeaderBytes: request.GetRequestHeadersBytes(), BodyBytes: request.GetRequestBodyBytes(),
			CallID: headers["x-mesh-call"], AttemptCount: headers["x-envoy-attempt-count"], Peer: headers["x-mesh-peer"],
			TraceParent: headers["traceparent"], ContentType: headers["content-type"],
		},
		Response: wire.Response{
			Code: response.GetResponseCode().GetValue(), HeaderBytes: response.GetResponseHeadersBytes(),
			BodyBytes: response.GetResponseBodyBytes(), Details: response.GetResponseCodeDetails(),
		},
	}
	if from.GetCommonProperties().GetResponseFlags().GetUpstreamOverflow() {
		to.Common.Flags = uint64(record.FlagUO)
	}
}

// BenchmarkDecode is the figure als_decode_core: wire bytes to sealed and
// compressed blocks on one core, by the receiver ("wire") and with the generated
// decoder in its place. An operation is the whole input.
func BenchmarkDecode(b *testing.B) {
	in := loadInput(b)
	for name, newReader := range map[string]func(Sink) reader{
		"wire": func(sink Sink) reader { return newWireReader(sink, in.start) },
		"generated": func(sink Sink) reader {
			return &generatedReader{now: in.start, sink: sink, streams: map[int]*rows.Stream{}}
		},
	} {
		b.Run(name, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			var (
				r        reader
				allocs   uint64
				measured int
				used     time.Duration
			)
			b.SetBytes(int64(in.bytes))
			for i := 0; b.Loop(); i++ {
				if i%keptRounds == 0 { // what is sealed is kept: begin anew, and warm
					b.StopTimer()
					p, err := sealing()
					if err != nil {
						b.Fatal(err)
					}
					r = newReader(p)
					in.feed(r, 3)
					b.StartTimer()
				}
				beforeAllocs, beforeCPU := allocations(), processTime()
				in.feed(r, 1)
				used += processTime() - beforeCPU
				allocs += allocations() - beforeAllocs
				measured += in.entries
			}
			b.ReportMetric(float64(measured)/used.Seconds(), "entries/cpu-s")
			b.ReportMetric(float64(allocs)*1000/float64(measured), "allocs/1000rows")
		})
	}
}

// keptRounds is how often the input goes into one pipeline.
const keptRounds = 50

// feed lets a reader work through the input.
func (in *input) feed(r reader, rounds int) {
	for range rounds {
		for _, m := range in.messages {
			r.message(m.Stream, m.Bytes)
		}
	}
}

// processTime returns what the process has used of its processor. On a machine
// that others use, too, it is the measure, not the time on the clock.
func processTime() time.Duration {
	var used unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &used) // fails for wrong arguments only
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// allocations returns how many heap objects the process has made.
func allocations() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
