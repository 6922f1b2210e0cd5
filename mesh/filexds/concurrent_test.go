package filexds

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf/envoytest"
)

// pairOf is a policy in which one number decides two fields, so that a mixture
// of two policies shows.
func pairOf(n uint32) *meshv1.TrafficPolicy {
	return &meshv1.TrafficPolicy{Timeout: &durationpb.Duration{Seconds: int64(n)}, MaxRequests: proto.Uint32(2 * n)}
}

// TestApplyAndGetAtOnce sees that whoever asks while others change sees one
// policy or another, never some of each, and that files and answer agree in the
// end.
func TestApplyAndGetAtOnce(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	fakes(t, p)
	c := newClient(t, p, token)
	c.apply(ratingsEdge, pairOf(1))
	var writers, readers sync.WaitGroup
	for w := range uint32(4) {
		writers.Go(func() {
			for i := range uint32(5) {
				for name, err := range c.apply(ratingsEdge, pairOf(2+5*w+i)) {
					if err != "" {
						t.Errorf("%s: %s", name, err)
					}
				}
			}
		})
	}
	done := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				got := c.get(ratingsEdge).GetEffective()
				if uint32(got.GetTimeout().GetSeconds())*2 != got.GetMaxRequests() {
					t.Errorf("effective = %v: a mixture", got)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	last := c.get(ratingsEdge).GetEffective()
	want := `"timeout": "` + last.GetTimeout().AsDuration().Truncate(time.Second).String() + `"`
	for _, w := range []string{"reviews-v2", "reviews-v3"} {
		if routes := contents(t, p)[w+".default/routes/ratings.default.json"]; !strings.Contains(routes, want) {
			t.Errorf("%s: the files lack %s:\n%s", w, want, routes)
		}
	}
}

// TestUpdateAndApplyAtOnce sees that neither loses what the other did.
func TestUpdateAndApplyAtOnce(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	fakes(t, p)
	c := newClient(t, p, token)
	next := envoytest.Mesh()
	next.Service("default", "ratings").Routes[0].Retry.Attempts = 9
	var changes sync.WaitGroup
	changes.Go(func() {
		if _, err := p.Update(t.Context(), next); err != nil {
			t.Error(err)
		}
	})
	changes.Go(func() { c.apply(ratingsEdge, pairOf(7)) })
	changes.Wait()
	got := c.get(ratingsEdge)
	if e := got.GetEffective(); e.GetRetries() != 9 || e.GetTimeout().AsDuration() != 7*time.Second || e.GetMaxRequests() != 14 {
		t.Errorf("effective = %v, want 9 configured retries, and 7s and 14 set above", e)
	}
}

// TestFileThatCannotBeWritten sees that a full or broken disk at one proxy holds
// the change back at all of them, and is told by the file's name.
func TestFileThatCannotBeWritten(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	fakes(t, p)
	c := newClient(t, p, token)
	before := contents(t, p)
	routes := filepath.Join(p.proxies[3].paths.Dir, "routes")
	if err := os.Rename(routes, routes+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(routes, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got := c.apply(ratingsEdge, tuned())
	want := "making directory for " + filepath.Join(routes, "ratings.default.json")
	if !strings.HasPrefix(got["reviews-v3"], want) || got["reviews-v2"] != putBack("reviews-v3") {
		t.Errorf("errors = %v, want %q", got, want)
	}
	if err := os.Remove(routes); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(routes+".away", routes); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, contents(t, p)); diff != "" {
		t.Error("files:", diff)
	}
	if diff := cmp.Diff(both, c.apply(ratingsEdge, tuned())); diff != "" {
		t.Error("afterwards:", diff)
	}
}

// TestNoLitter sees that no temporary file stays behind, whether a change is
// taken or not: Envoy watches the directories.
func TestNoLitter(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	_, v3 := fakes(t, p)
	c := newClient(t, p, token)
	c.apply(ratingsEdge, tuned())
	v3.is(refusesRoutes)
	c.apply(ratingsEdge, pairOf(3))
	for name := range contents(t, p) {
		if strings.HasPrefix(filepath.Base(name), ".") {
			t.Errorf("%s was left behind", name)
		}
	}
}
