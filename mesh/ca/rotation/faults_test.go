package rotation

import (
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
)

// loseDisk takes the directory away, so that nothing can be written.
func (s *site) loseDisk() (giveBack func()) {
	s.t.Helper()
	if err := os.Rename(s.path, s.path+".away"); err != nil {
		s.t.Fatal(err)
	}
	return func() {
		if err := os.Rename(s.path+".away", s.path); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestNothingMovesWithoutADisk: a step that cannot be written is not taken, and
// is taken later.
func TestNothingMovesWithoutADisk(t *testing.T) {
	s := newSite(t)
	s.issue("a")
	giveBack := s.loseDisk()
	if err := s.Begin(); err == nil {
		t.Error("began")
	}
	s.phase(Stable)
	giveBack()
	s.begin()
	s.acknowledge("a")
	version := s.Authority().Bundle().Version()
	giveBack = s.loseDisk()
	if _, err := s.Step(); err == nil {
		t.Error("switched")
	}
	if err := s.Abort(); err == nil {
		t.Error("aborted")
	}
	s.phase(Spreading)
	if s.Authority().Bundle().Version() != version {
		t.Error("another bundle is served")
	}
	giveBack()
	s.step(true)
	s.phase(Draining)
}

// TestNoCertificateWithoutItsPromise: if it cannot be written how long
// certificates last, none is signed; those within what is written are.
func TestNoCertificateWithoutItsPromise(t *testing.T) {
	s := newSite(t)
	s.issue("a")
	defer s.loseDisk()()
	s.time = at(5)
	s.issue("a") // ends within what is promised
	s.time = at(30)
	if _, err := s.Issue(t.Context(), s.csr, agent("a"), 0); err == nil {
		t.Error("signed without a promise")
	}
}

// TestRefusedRequestsWriteNothing, so that strangers cannot keep the disk busy
// or push back the end of a rotation.
func TestRefusedRequestsWriteNothing(t *testing.T) {
	s := newSite(t)
	before := s.state
	for name, try := range map[string]func() error{
		"garbage": func() error { _, err := s.Issue(t.Context(), []byte("x"), agent("a"), 0); return err },
		"ttl":     func() error { _, err := s.Issue(t.Context(), s.csr, agent("a"), 100*ca.MaxTTL); return err },
	} {
		if err := try(); err == nil {
			t.Errorf("%s: signed", name)
		}
		if diff := cmp.Diff(before, s.state); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	if s.Status().Agents != 0 {
		t.Error("an agent without a certificate is known")
	}
}

// TestIssuingWhileRotating from many sides at once: each certificate is signed
// by a root of the bundle that came with it.
func TestIssuingWhileRotating(t *testing.T) {
	s := newSite(t)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 40 {
				svid, err := s.Issue(t.Context(), s.csr, agent(string(rune('a'+i))), 0)
				if err != nil {
					t.Error(err)
					return
				}
				trusted := false
				for _, root := range svid.Bundle.Roots() {
					trusted = trusted || svid.Chain[0].CheckSignatureFrom(root) == nil
				}
				if !trusted {
					t.Error("signed by a root that is not in its bundle")
				}
			}
		})
	}
	wg.Go(func() {
		for range 5 {
			if err := s.Begin(); err != nil {
				t.Error(err)
			}
			_ = s.Status()
			if err := s.Abort(); err != nil {
				t.Error(err)
			}
		}
		if err := s.Begin(); err != nil {
			t.Error(err)
		}
		if err := s.Force(); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	if s.Status().Agents != 4 {
		t.Errorf("%d agents", s.Status().Agents)
	}
}

func TestRosterAcknowledges(t *testing.T) {
	r := newRoster()
	say := func(name, version string, end, now time.Time) {
		t.Helper()
		if err := r.acknowledge(agent(name), version, end, now); err != nil {
			t.Fatal(err)
		}
	}
	behind := func(now time.Time) []Agent { return r.behind("v2", now) }
	say("a", "v1", at(60), noon)
	say("b", "v2", at(60), noon)
	say("c", "", at(60), noon)
	if diff := cmp.Diff([]Agent{agent("a"), agent("c")}, behind(noon)); diff != "" {
		t.Error(diff)
	}
	say("a", "v2", at(60), noon)
	say("b", "v1", at(60), noon) // gone back, as after a restart
	if diff := cmp.Diff([]Agent{agent("b"), agent("c")}, behind(noon)); diff != "" {
		t.Error(diff)
	}
	say("c", "v1", at(30), noon) // with an older certificate: the longer one counts
	if diff := cmp.Diff([]Agent{agent("b"), agent("c")}, behind(at(60))); diff != "" {
		t.Error(diff)
	}
	if got := behind(at(62)); len(got) != 0 || len(r.agents) != 0 || len(r.copies) != 0 {
		t.Errorf("%v are waited for, %d known", got, len(r.agents))
	}
	if got := agent("x").String(); got != "spiffe://td/ns/default/sa/reviews x" {
		t.Error(got)
	}
}
