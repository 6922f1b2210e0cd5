package rotation

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/keydir"
)

// site is a machine with its directory and a clock; it can be restarted.
type site struct {
	*Machine
	t    *testing.T
	path string
	dir  *keydir.Dir
	time time.Time
	csr  []byte
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, path: filepath.Join(t.TempDir(), "ca"), time: noon, csr: request(t)}
	s.open()
	t.Cleanup(func() { _ = s.dir.Close() })
	return s
}

func request(t *testing.T) []byte {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, k)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (s *site) open() {
	s.t.Helper()
	var err error
	if s.dir, err = keydir.Open(s.path); err != nil {
		s.t.Fatal(err)
	}
	if s.Machine, err = Open(s.dir, s.dir, "td", func() time.Time { return s.time }, slog.New(slog.DiscardHandler)); err != nil {
		s.t.Fatal(err)
	}
}

// restart is what a crash leaves and a new process finds.
func (s *site) restart() {
	s.t.Helper()
	if err := s.dir.Close(); err != nil {
		s.t.Fatal(err)
	}
	s.open()
}

func agent(name string) Agent {
	return Agent{ca.Identity{TrustDomain: "td", Namespace: "default", ServiceAccount: "reviews"}, name}
}

func (s *site) issue(name string) *ca.SVID {
	s.t.Helper()
	svid, err := s.Issue(s.t.Context(), s.csr, agent(name), 0)
	if err != nil {
		s.t.Fatal(err)
	}
	return svid
}

func (s *site) acknowledge(name string) {
	s.t.Helper()
	if err := s.Acknowledge(agent(name), s.Authority().Bundle().Version(), s.time.Add(time.Hour)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) begin() {
	s.t.Helper()
	if err := s.Begin(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) step(want bool) {
	s.t.Helper()
	moved, err := s.Step()
	if err != nil || moved != want {
		s.t.Errorf("phase %s: moved %v, %v; want %v", s.Status().Phase, moved, err, want)
	}
}

func (s *site) phase(want Phase) {
	s.t.Helper()
	if got := s.Status().Phase; got != want {
		s.t.Errorf("phase %s, want %s", got, want)
	}
}

func (s *site) rootFiles() int {
	s.t.Helper()
	names, err := s.dir.Names(roots)
	if err != nil {
		s.t.Fatal(err)
	}
	return len(names)
}

func TestFirstUseMakesARoot(t *testing.T) {
	s := newSite(t)
	version := s.Authority().Bundle().Version()
	st := s.Status()
	if st.Phase != Stable || len(st.Roots) != 1 || !st.Roots[0].Signing || !st.Roots[0].NotAfter.Equal(noon.Add(ca.RootTTL)) {
		t.Errorf("status %+v", st)
	}
	s.restart()
	if got := s.Authority().Bundle().Version(); got != version {
		t.Error("a restart made another root")
	}
	if s.rootFiles() != 1 {
		t.Errorf("%d roots are kept", s.rootFiles())
	}
}

// TestAllMustAcknowledge: the new root signs when the last agent has it, not
// earlier; one whose certificate ends is not waited for.
func TestAllMustAcknowledge(t *testing.T) {
	s := newSite(t)
	old := s.Authority().Issuer()
	for _, name := range []string{"a", "b", "c"} {
		s.issue(name)
		s.acknowledge(name)
	}
	s.step(false)
	s.begin()
	if len(s.Authority().Bundle().Roots()) != 2 || !s.Authority().Issuer().Equal(old) {
		t.Error("while spreading two are trusted and the old signs")
	}
	s.step(false)
	s.acknowledge("a")
	s.step(false)
	if diff := cmp.Diff([]Agent{agent("b"), agent("c")}, s.Status().Behind); diff != "" {
		t.Error(diff)
	}
	s.acknowledge("b")
	s.time = at(30)
	s.issue("a") // c neither acknowledges nor renews
	s.step(false)
	s.time = at(62)
	s.step(true)
	s.phase(Draining)
	if s.Authority().Issuer().Equal(old) || len(s.Authority().Bundle().Roots()) != 2 {
		t.Error("while draining two are trusted and the new signs")
	}
}

// TestOldRootGoesAfterItsLastCertificate, and its key with it.
func TestOldRootGoesAfterItsLastCertificate(t *testing.T) {
	s := newSite(t)
	last := s.issue("a")
	s.begin()
	s.acknowledge("a")
	s.step(true)
	until := s.Status().NotBefore
	if until.Before(last.NotAfter.Add(ca.Skew)) {
		t.Errorf("dropped from %v, but a certificate ends %v", until, last.NotAfter)
	}
	s.time = until.Add(-time.Second)
	s.step(false)
	s.time = until
	s.step(true)
	s.phase(Stable)
	if s.rootFiles() != 1 || len(s.Authority().Bundle().Roots()) != 1 {
		t.Errorf("%d roots are kept, %d trusted", s.rootFiles(), len(s.Authority().Bundle().Roots()))
	}
	if _, err := s.Authority().Bundle().Verify(last.Chain, "td", x509.ExtKeyUsageClientAuth, last.NotAfter); err == nil {
		t.Error("the old root is trusted still")
	}
}

// TestResume restarts between any two steps: what was reached holds, and agents
// that may have been forgotten are waited for.
func TestResume(t *testing.T) {
	s := newSite(t)
	s.issue("silent")
	s.begin()
	version := s.Authority().Bundle().Version()
	s.restart()
	s.phase(Spreading)
	if s.Authority().Bundle().Version() != version {
		t.Error("another bundle after the restart")
	}
	if len(s.Status().Behind) != 0 {
		t.Error("knows agents from before")
	}
	s.step(false) // "silent" may be out there
	wait := s.Status().NotBefore
	if wait.Before(at(60)) {
		t.Errorf("waits until %v only", wait)
	}
	s.time = wait
	s.step(true)
	s.restart()
	s.phase(Draining)
	s.time = s.Status().NotBefore
	s.step(true)
	s.restart()
	s.phase(Stable)
}

func TestAbort(t *testing.T) {
	s := newSite(t)
	version := s.Authority().Bundle().Version()
	s.begin()
	if err := s.Abort(); err != nil {
		t.Fatal(err)
	}
	s.phase(Stable)
	if s.Authority().Bundle().Version() != version || s.rootFiles() != 1 {
		t.Error("the new root is still there")
	}
	if err := s.Abort(); err == nil {
		t.Error("aborted twice")
	}
	s.begin()
	if err := s.Begin(); err == nil || !strings.Contains(err.Error(), "one is spreading") {
		t.Error(err)
	}
}

func TestForce(t *testing.T) {
	s := newSite(t)
	s.issue("behind")
	if err := s.Force(); err == nil {
		t.Error("switched to nothing")
	}
	s.begin()
	if err := s.Force(); err != nil {
		t.Fatal(err)
	}
	s.phase(Draining)
}

// TestRootsOfACrash: a root that no state names is destroyed; a lost state is
// not guessed.
func TestRootsOfACrash(t *testing.T) {
	s := newSite(t)
	if _, err := s.dir.Make("root-stray.pem", "td", noon); err != nil {
		t.Fatal(err)
	}
	s.restart()
	if s.rootFiles() != 1 {
		t.Error("the stray root is still there")
	}
	if err := s.dir.Remove(stateFile); err != nil {
		t.Fatal(err)
	}
	s.restart() // first use was cut short: nobody trusts the one root
	s.phase(Stable)
	if _, err := s.dir.Make("root-stray.pem", "td", noon); err != nil {
		t.Fatal(err)
	}
	if err := s.dir.Remove(stateFile); err != nil {
		t.Fatal(err)
	}
	_, err := Open(s.dir, s.dir, "td", time.Now, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "rotation.json is missing beside the roots") {
		t.Error(err)
	}
}

func TestOpenNamesWhatIsBroken(t *testing.T) {
	s := newSite(t)
	name := s.state.Signing
	if err := os.Chmod(s.dir.Path(name), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Open(s.dir, s.dir, "td", s.now, s.log)
	if err == nil || !strings.Contains(err.Error(), "run: chmod 0600 "+s.dir.Path(name)) {
		t.Error(err)
	}
	if err := os.Chmod(s.dir.Path(name), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = Open(s.dir, s.dir, "other", s.now, s.log); err == nil || !strings.Contains(err.Error(), `is of trust domain "td", want "other"`) {
		t.Error(err)
	}
	if err := s.dir.Write(stateFile, []byte("{")); err != nil {
		t.Fatal(err)
	}
	if _, err = Open(s.dir, s.dir, "td", s.now, s.log); err == nil || !strings.Contains(err.Error(), stateFile+": unexpected end of JSON input") {
		t.Error(err)
	}
}

// TestUntilCoversEveryCertificate, with few writes.
func TestUntilCoversEveryCertificate(t *testing.T) {
	s := newSite(t)
	writes, last := 0, time.Time{}
	for m := range 120 {
		s.time = at(m)
		svid := s.issue("a")
		if !s.state.Until.After(svid.NotAfter) {
			t.Fatalf("minute %d: certificate ends %v, promised %v", m, svid.NotAfter, s.state.Until)
		}
		if !s.state.Until.Equal(last) {
			writes, last = writes+1, s.state.Until
		}
	}
	if writes > 10 {
		t.Errorf("%d writes for 120 certificates in two hours", writes)
	}
}

func TestCopiesAreBounded(t *testing.T) {
	r := newRoster()
	for i := range maxCopies {
		if err := r.admit(agent(string(rune('A'+i))), at(60), noon); err != nil {
			t.Fatal(err)
		}
	}
	err := r.admit(agent("one more"), at(60), noon)
	if err == nil || ca.ReasonOf(err) != ca.ReasonRate || err.Error() != "500 copies of spiffe://td/ns/default/sa/reviews hold certificates" {
		t.Error(err)
	}
	if err := r.admit(agent("A"), at(90), noon); err != nil {
		t.Errorf("a known copy: %v", err)
	}
	other := Agent{ca.Identity{TrustDomain: "td", Namespace: "default", ServiceAccount: "ratings"}, "x"}
	if err := r.admit(other, at(60), noon); err != nil {
		t.Errorf("another identity: %v", err)
	}
	if err := r.admit(agent("one more"), at(150), at(62)); err != nil {
		t.Errorf("when the others are over: %v", err)
	}
	if n := r.size(at(62)); n != 2 || len(r.copies) != 1 {
		t.Errorf("knows %d agents of %d identities", n, len(r.copies))
	}
}

// away keeps roots in memory: where the machine finds them is not its business.
type away map[string]ca.Issuer

func (a away) Make(name, trustDomain string, now time.Time) (ca.Issuer, error) {
	root, err := ca.NewRoot(trustDomain, now)
	a[name] = root
	return root, err
}

func (a away) Load(name string) (ca.Issuer, error) {
	if root, ok := a[name]; ok {
		return root, nil
	}
	return ca.Issuer{}, errors.New("no such root")
}

func (a away) Destroy(name string) error {
	delete(a, name)
	return nil
}

func TestKeysElsewhere(t *testing.T) {
	dir, err := keydir.Open(filepath.Join(t.TempDir(), "ca"))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	keys, now := away{}, noon
	m, err := Open(dir, keys, "td", func() time.Time { return now }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Begin(); err != nil {
		t.Fatal(err)
	}
	if len(keys) != 2 {
		t.Errorf("%d roots", len(keys))
	}
	for range 2 {
		if moved, err := m.Step(); !moved || err != nil {
			t.Errorf("moved %v, %v", moved, err)
		}
		now = now.Add(2 * time.Hour)
	}
	if len(keys) != 1 || m.Status().Phase != Stable {
		t.Errorf("%d roots in phase %s", len(keys), m.Status().Phase)
	}
	if names, _ := dir.Names(roots); len(names) != 0 {
		t.Errorf("%v came onto the disk", names)
	}
}
