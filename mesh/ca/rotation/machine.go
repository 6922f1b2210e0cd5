package rotation

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/keydir"
)

const (
	stateFile = "rotation.json"
	roots     = "root-*.pem"
	// ahead is by how much State.Until runs ahead, so that few certificates
	// need a write.
	ahead = 15 * time.Minute
)

// Keys keeps roots by name. *keydir.Dir keeps them in files; a hardware module
// or another process may, since an Issuer's key is a crypto.Signer.
type Keys interface {
	Make(name, trustDomain string, now time.Time) (ca.Issuer, error)
	Load(name string) (ca.Issuer, error)
	Destroy(name string) error
}

// Machine is an authority whose root can be exchanged.
type Machine struct {
	dir       *keydir.Dir
	keys      Keys
	authority *ca.Authority
	roster    *roster
	now       func() time.Time
	log       *slog.Logger
	blind     time.Time // until then agents from before the start may be unknown

	mu    sync.RWMutex // held for reading while a certificate is signed
	state State
	roots map[string]ca.Issuer
}

// Open continues where the directory's state stands; in an empty directory it
// makes a root.
func Open(dir *keydir.Dir, keys Keys, trustDomain string, now func() time.Time, log *slog.Logger) (*Machine, error) {
	m := &Machine{dir: dir, keys: keys, roster: newRoster(), now: now, log: log, roots: map[string]ca.Issuer{}}
	if err := m.load(trustDomain); err != nil {
		return nil, fmt.Errorf("opening the authority of %s: %w", trustDomain, err)
	}
	issuer, bundle := m.trust(m.state)
	authority, err := ca.NewAuthority(trustDomain, issuer, bundle, now)
	if err != nil {
		return nil, err
	}
	m.authority, m.blind = authority, m.state.Until
	return m, m.sweep()
}

// load reads the state and its roots.
func (m *Machine) load(trustDomain string) error {
	text, err := m.dir.Read(stateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return m.first(trustDomain)
	}
	if err != nil {
		return err
	}
	if m.state, err = parseState(text); err != nil {
		return fmt.Errorf("reading %s: %w", m.dir.Path(stateFile), err)
	}
	for _, name := range m.state.Roots() {
		if m.roots[name], err = m.keys.Load(name); err != nil {
			return err
		}
	}
	return nil
}

// first makes the first root. A root without state is one whose making was cut
// short before anybody trusted it; two are not ours to judge.
func (m *Machine) first(trustDomain string) error {
	left, err := m.dir.Names(roots)
	if err != nil {
		return err
	}
	if len(left) > 1 {
		return fmt.Errorf("%s is missing beside the roots %v; put it back from a backup", m.dir.Path(stateFile), left)
	}
	for _, name := range left {
		if err := m.keys.Destroy(name); err != nil {
			return err
		}
	}
	now, name := m.now(), rootName()
	if m.roots[name], err = m.keys.Make(name, trustDomain, now); err != nil {
		return err
	}
	m.log.Info("root made", "root", name, "trust_domain", trustDomain)
	return m.save(State{Phase: Stable, Since: now, Signing: name, Until: now})
}

func rootName() string { return "root-" + rand.Text() + ".pem" }

// sweep destroys roots that the state does not name: left by a crash between two
// writes.
func (m *Machine) sweep() error {
	names, err := m.dir.Names(roots)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.Contains(m.state.Roots(), name) {
			m.log.Warn("destroying a root that is not in use", "root", name)
			if err := m.keys.Destroy(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// save puts a state on disk and then makes it ours.
func (m *Machine) save(s State) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", stateFile, err)
	}
	if err := m.dir.Write(stateFile, append(text, '\n')); err != nil {
		return err
	}
	m.state = s
	return nil
}

// trust is who signs and who is trusted in a state.
func (m *Machine) trust(s State) (ca.Issuer, *ca.Bundle) {
	var trusted []*x509.Certificate
	for _, name := range s.Roots() {
		trusted = append(trusted, m.roots[name].Root())
	}
	return m.roots[s.Signing], ca.NewBundle(trusted...)
}

// enter makes a state the one in force; m.mu is held.
func (m *Machine) enter(s State) error {
	if err := m.save(s); err != nil {
		return err
	}
	issuer, bundle := m.trust(s)
	if err := m.authority.Replace(issuer, bundle); err != nil {
		return fmt.Errorf("entering phase %s: %w", s.Phase, err)
	}
	m.log.Info("root rotation moved", "phase", s.Phase, "signing", s.Signing, "other", s.Other, "bundle", bundle.Version())
	return nil
}

// Authority is the authority; sign by Issue and IssueServer, which keep count.
func (m *Machine) Authority() *ca.Authority { return m.authority }

// Issue signs for an agent; see ca.Authority.Sign.
func (m *Machine) Issue(ctx context.Context, request []byte, to Agent, ttl time.Duration) (*ca.SVID, error) {
	if ttl == 0 {
		ttl = ca.DefaultTTL
	}
	if _, err := ca.RequestKey(request); err != nil {
		return nil, err // before anything is written
	}
	now := m.now()
	if ttl <= ca.MaxTTL {
		if err := m.promise(now.Add(ttl)); err != nil {
			return nil, err
		}
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	svid, err := m.authority.Sign(ctx, request, to.Identity, ttl)
	if err != nil {
		return nil, err
	}
	return svid, m.roster.admit(to, svid.NotAfter, now)
}

// IssueServer signs for the authority's own server.
func (m *Machine) IssueServer(ctx context.Context, key crypto.PublicKey) (*ca.SVID, error) {
	if err := m.promise(m.now().Add(ca.DefaultTTL)); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.authority.SignServer(ctx, key)
}

// promise has on disk that certificates may end as late as that.
func (m *Machine) promise(end time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !end.Add(ca.Skew).After(m.state.Until) { // clocks move between here and the signature
		return nil
	}
	s := m.state
	s.Until = end.Add(ahead)
	return m.save(s)
}

// Acknowledge takes note that an agent, whose certificate ends at until, has the
// bundle of that version in force.
func (m *Machine) Acknowledge(a Agent, version string, until time.Time) error {
	return m.roster.acknowledge(a, version, until, m.now())
}

// Begin makes a new root and starts to spread it.
func (m *Machine) Begin() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, name := m.now(), rootName()
	next, err := m.state.Begin(name, now)
	if err != nil {
		return err
	}
	if m.roots[name], err = m.keys.Make(name, m.authority.TrustDomain(), now); err != nil {
		return fmt.Errorf("beginning a root rotation: %w", err)
	}
	return m.enter(next)
}

// Abort takes the new root back, as long as it has not signed.
func (m *Machine) Abort() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	next, err := m.state.Abort(m.now())
	if err != nil {
		return err
	}
	return m.leave(next, m.state.Other)
}

// leave enters a state and destroys the root that it no longer names.
func (m *Machine) leave(next State, dropped string) error {
	if err := m.enter(next); err != nil {
		return err
	}
	delete(m.roots, dropped)
	return m.keys.Destroy(dropped)
}

// Step moves the exchange on if its time has come, and tells whether it did.
func (m *Machine) Step() (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	switch {
	case m.state.Phase == Spreading && !now.Before(m.blind) && len(m.behind(now)) == 0:
		return true, m.switchRoots(now)
	case m.state.Phase == Draining && !now.Before(m.state.Drained):
		next, err := m.state.Finish(now)
		if err != nil {
			return false, err
		}
		return true, m.leave(next, m.state.Other)
	}
	return false, nil
}

// Force lets the new root sign although agents are behind. Those that do not
// trust it yet will refuse its certificates.
func (m *Machine) Force() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.switchRoots(m.now())
}

func (m *Machine) switchRoots(now time.Time) error {
	next, err := m.state.Switch(now)
	if err != nil {
		return err
	}
	return m.enter(next)
}

func (m *Machine) behind(now time.Time) []Agent {
	return m.roster.behind(m.authority.Bundle().Version(), now)
}

// Run steps every interval until the context ends.
func (m *Machine) Run(ctx context.Context, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := m.Step(); err != nil {
			m.log.Error("root rotation is stuck", "error", err)
		}
	}
}
