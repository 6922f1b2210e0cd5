package envoyals

import (
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// strictStore fails a test that hands it a row which the store could not take.
type strictStore struct {
	t        *testing.T
	received time.Time
	rows     uint64
}

func (s *strictStore) Request(r *record.Request) {
	s.check(r.End, &r.Src, &r.Dst, r.Outcome, r.Route, r.Cluster, r.Upstream, r.Details, r.RequestID)
}

func (s *strictStore) Attempt(a *record.Attempt) {
	s.check(a.End, &a.Src, &a.Dst, a.Outcome, a.Route, a.Cluster, a.Upstream, a.Failure, a.RequestID)
}

func (s *strictStore) Flow(f *record.Flow) {
	s.check(f.End, &f.Src, &f.Dst, f.Outcome, f.Route, f.Cluster, f.Upstream, f.Details)
	if f.Opened+f.Failed+f.Refused != 1 {
		s.t.Errorf("a connection was opened %d times, failed %d, refused %d", f.Opened, f.Failed, f.Refused)
	}
}

func (s *strictStore) Heartbeat(*record.Heartbeat) {}

func (s *strictStore) check(end time.Time, src, dst *record.Peer, outcome record.Outcome, texts ...string) {
	s.rows++
	if src.ID == "" || dst.ID == "" {
		s.t.Errorf("a row from %q to %q", src.ID, dst.ID)
	}
	if end.Before(s.received.Add(-record.MaxAge)) || end.After(s.received.Add(record.MaxAhead)) {
		s.t.Errorf("a row ended at %v, received at %v", end, s.received)
	}
	if int(outcome) >= len(record.OutcomeNames()) {
		s.t.Errorf("a row has outcome %d", outcome)
	}
	for _, text := range append(texts, src.ID, src.Service, src.Version, src.Principal, dst.ID, dst.Service, dst.Version, dst.Principal) {
		if !utf8.ValidString(text) {
			s.t.Errorf("a row has the text %q", text)
		}
	}
}

// FuzzMessage takes any bytes for a message: nothing panics, what becomes a row
// can be stored, and every row is counted.
func FuzzMessage(f *testing.F) {
	id := alstest.Identifier("mesh.request")
	f.Add(encode(f, alstest.Message(id, alstest.Outbound(), alstest.Inbound(), alstest.Try(), alstest.Full())))
	f.Add(encode(f, alstest.TCPMessage(id, alstest.Connection(), alstest.Arrival(), alstest.FullConnection())))
	f.Add(encode(f, alstest.FullMessage()))
	odd := alstest.Outbound() // enums can be any number
	odd.Request.RequestMethod, odd.ProtocolVersion = -1, -1
	f.Add(encode(f, alstest.Message(id, odd)))
	identified := encode(f, alstest.Message(id))
	f.Fuzz(func(t *testing.T, b []byte) {
		store := &strictStore{t: t, received: alstest.Start()}
		s := bareStream(store, zap.NewNop())
		s.message(b, store.received)
		s.message(identified, store.received)
		s.message(b, store.received)
		tel := s.r.telemetry
		counted := uint64(0)
		for i := range outcomeCount {
			counted += tel.requests[i].Load() + tel.attempts[i].Load() + tel.flows[i].Load()
		}
		if counted != store.rows {
			t.Errorf("%d rows are counted, %d stored", counted, store.rows)
		}
	})
}
