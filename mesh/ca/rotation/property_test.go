package rotation

import (
	"context"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
)

// member is an agent of a simulated mesh.
type member struct {
	name    string
	svid    *ca.SVID
	bundle  *ca.Bundle // in force
	seen    *ca.Bundle // fetched, not yet in force
	partial bool       // cannot reach the authority
}

// TestNobodyMeetsAnUnknownRoot drives a mesh through exchanges at random:
// renewals, polls, silence, crashes of the authority, aborts. Whenever two
// members hold certificates, they trust each other's. It is the promise of the
// whole package.
func TestNobodyMeetsAnUnknownRoot(t *testing.T) {
	finished := 0
	for seed := range uint64(12) {
		finished += wander(t, seed)
	}
	if finished < 12 {
		t.Errorf("%d exchanges were finished; the walk does not get anywhere", finished)
	}
}

func wander(t *testing.T, seed uint64) (finished int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	s := newSite(t)
	members := make([]*member, 5)
	for i := range members {
		members[i] = &member{name: fmt.Sprint(i)}
	}
	for n := range 400 {
		s.time = s.time.Add(time.Duration(rng.IntN(300)) * time.Second)
		what := fmt.Sprintf("seed %d, move %d, phase %s", seed, n, s.state.Phase)
		m := members[rng.IntN(len(members))]
		switch dice := rng.IntN(100); {
		case dice < 55:
			s.serve(m, rng)
		case dice < 65:
			m.partial = !m.partial
		case dice < 68:
			s.restart()
		case dice < 75 && s.state.Phase == Stable:
			s.begin()
		case dice < 76 && s.state.Phase == Spreading:
			if err := s.Abort(); err != nil {
				t.Fatal(err)
			}
		default:
			before := s.state.Phase
			moved, err := s.Step()
			if err != nil {
				t.Fatal(err)
			}
			if moved && before == Draining {
				finished++
			}
		}
		trustEachOther(t, what, members, s.time)
	}
	return finished
}

// serve lets a member do one of the things that agents do.
func (s *site) serve(m *member, rng *rand.Rand) {
	s.t.Helper()
	if m.partial {
		return
	}
	switch valid := m.svid != nil && s.time.Before(m.svid.NotAfter); {
	case m.seen != nil && rng.IntN(2) == 0:
		m.bundle, m.seen = m.seen, nil
	case !valid || m.svid.NotAfter.Sub(s.time) < 30*time.Minute:
		m.svid = s.issue(m.name)
		m.bundle, m.seen = m.svid.Bundle, nil
	default:
		m.seen = s.Authority().Bundle()
		if err := s.Acknowledge(agent(m.name), m.bundle.Version(), m.svid.NotAfter); err != nil {
			s.t.Fatal(err)
		}
	}
}

func trustEachOther(t *testing.T, what string, members []*member, now time.Time) {
	t.Helper()
	for _, a := range members {
		for _, b := range members {
			if a.svid == nil || b.svid == nil || now.After(a.svid.NotAfter) || now.After(b.svid.NotAfter) {
				continue
			}
			if _, err := a.bundle.Verify(b.svid.Chain, "td", x509.ExtKeyUsageServerAuth, now); err != nil {
				t.Fatalf("%s: %s does not trust %s: %v", what, a.name, b.name, err)
			}
		}
	}
}

// TestRunSteps by itself and stops with its context.
func TestRunSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.begin()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Run(ctx, 10*time.Second)
		}()
		time.Sleep(11 * time.Second)
		synctest.Wait()
		s.phase(Draining)
		cancel()
		<-done
	})
}
