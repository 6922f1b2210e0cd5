package envoyals

import (
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/protobuf/proto"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// dropStore takes rows and forgets them.
type dropStore struct{ requests, attempts, flows int }

func (d *dropStore) Request(*record.Request)     { d.requests++ }
func (d *dropStore) Attempt(*record.Attempt)     { d.attempts++ }
func (d *dropStore) Flow(*record.Flow)           { d.flows++ }
func (d *dropStore) Heartbeat(*record.Heartbeat) {}

// bareStream is a stream of a receiver that does not run.
func bareStream(sink Sink, log *zap.Logger) *stream {
	return &stream{r: &alsReceiver{
		log: log, telemetry: &telemetry{}, caps: rows.NewCaps(), proxies: newProxies(alstest.Start()), sink: sink, now: alstest.Start,
	}}
}

func encode(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestMalformedMessage cuts a message within its second entry: the first one
// counts, one refusal stands for the rest, and the next message is read.
func TestMalformedMessage(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	store := &dropStore{}
	s := bareStream(store, zap.New(core))
	s.message(encode(t, alstest.Message(alstest.Identifier("mesh.request"), alstest.Outbound())), alstest.Start())
	entry := encode(t, alstest.Outbound())
	good := append([]byte{0x12, 0x80, 0x10, 0x0a, byte(len(entry)&0x7f | 0x80), byte(len(entry) >> 7)}, entry...)
	for _, bad := range [][]byte{good[:len(good)-1], {0xff}, {0x12, 0x05, 0x0a}, {0x0a, 0x01, 0x0a}} {
		s.message(bad, alstest.Start())
	}
	s.message(encode(t, alstest.Message(nil, alstest.Outbound())), alstest.Start())
	if got := s.r.telemetry.refused[rows.Malformed].Load(); store.requests != 2 || got < 3 {
		t.Errorf("%d requests stored and %d malformed, want 2 and at least 3", store.requests, got)
	}
	if n := logs.Len(); n != 1 {
		t.Errorf("%d log lines about one stream, want 1", n)
	}
}

func TestMalformedEntry(t *testing.T) {
	store := &dropStore{}
	s := bareStream(store, zap.NewNop())
	s.message(encode(t, alstest.Message(alstest.Identifier("mesh.request"))), alstest.Start())
	entry := encode(t, alstest.Outbound())
	size := len(entry)
	logs := append([]byte{0x0a, 0x02, 0x0a, 0x7f}, 0x0a, byte(size&0x7f|0x80), byte(size>>7)) // a broken entry, a good one
	logs = append(logs, entry...)
	message := append([]byte{0x12, byte(len(logs)&0x7f | 0x80), byte(len(logs) >> 7)}, logs...)
	s.message(message, alstest.Start())
	if got := s.r.telemetry.refused[rows.Malformed].Load(); store.requests != 1 || got != 1 {
		t.Errorf("%d requests stored and %d malformed, want 1 and 1", store.requests, got)
	}
}

// TestIdentifierAgain repeats the identifier within a stream, and then sends
// another one.
func TestIdentifierAgain(t *testing.T) {
	s := bareStream(&dropStore{}, zap.NewNop())
	id := alstest.Identifier("mesh.request")
	s.message(encode(t, alstest.Message(id)), alstest.Start())
	before := s.rows
	s.message(encode(t, alstest.Message(id)), alstest.Start())
	if s.rows != before {
		t.Error("the same identifier began the stream anew")
	}
	id.Node.Id = "another"
	s.message(encode(t, alstest.Message(id)), alstest.Start())
	if got := s.rows.Reporter().Proxy; got != "another" {
		t.Errorf("the stream speaks for %q", got)
	}
	s.leave()
	for name, p := range s.r.proxies.byName {
		if p.streams != 0 {
			t.Errorf("%q has %d streams after the end", name, p.streams)
		}
	}
}

func TestOutcomesAreCounted(t *testing.T) {
	s := bareStream(&dropStore{}, zap.NewNop())
	failed := alstest.Outbound()
	failed.Response.ResponseCode.Value = 500
	late := alstest.Outbound()
	late.CommonProperties.StartTime.Seconds -= 7200
	s.message(encode(t, alstest.Message(alstest.Identifier("mesh.request"), failed, late, alstest.Try())), alstest.Start())
	tel := s.r.telemetry
	if n := tel.requests[record.OutcomeServerError].Load(); n != 1 {
		t.Errorf("%d server errors, want 1", n)
	}
	if n := tel.attempts[record.OutcomeTimeout].Load(); n != 1 {
		t.Errorf("%d timed out tries, want 1", n)
	}
	if n := tel.clamped.Load(); n != 1 {
		t.Errorf("%d clamped rows, want 1", n)
	}
}

// TestOutcomesFit fails when record learns more outcomes than are counted.
func TestOutcomesFit(t *testing.T) {
	if n := len(record.OutcomeNames()); n > outcomeCount {
		t.Errorf("record knows %d outcomes, %d are counted", n, outcomeCount)
	}
}

func TestMessageAllocations(t *testing.T) {
	store := &dropStore{}
	s := bareStream(store, zap.NewNop())
	s.message(encode(t, alstest.Message(alstest.Identifier("mesh.request"))), alstest.Start())
	b := encode(t, alstest.Message(nil, alstest.Outbound(), alstest.Inbound(), alstest.Try()))
	now := alstest.Start().Add(time.Second)
	if allocs := testing.AllocsPerRun(100, func() { s.message(b, now) }); allocs != 0 {
		t.Errorf("a message of three entries took %v allocations, want none", allocs)
	}
	if store.requests == 0 || store.attempts == 0 {
		t.Error("nothing was stored")
	}
}

func BenchmarkMessage(b *testing.B) {
	s := bareStream(&dropStore{}, zap.NewNop())
	s.message(encode(b, alstest.Message(alstest.Identifier("mesh.request"))), alstest.Start())
	message := alstest.Message(nil)
	for range 16 {
		message.GetHttpLogs().LogEntry = append(message.GetHttpLogs().LogEntry, alstest.Outbound())
	}
	data, now := encode(b, message), alstest.Start()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		s.message(data, now)
	}
	b.ReportMetric(float64(b.N)*16/b.Elapsed().Seconds(), "entries/s")
	b.ReportAllocs()
}
