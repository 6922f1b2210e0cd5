package xds

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"
)

// TestScripts runs testdata/*.txt against one machine each. A script is prose
// and commands; what the machine sends in answer stands below "----".
//
//	snapshot <generation>            followed by lines "<type> <resource>…"
//	request <type> [sub=a,b] [unsub=a] [have=a@1,b@2]
//	ack <nonce>
//	nack <nonce> <message…>
//	wait <duration>                  tells the time
//	status                           shows what is missing and why
//	reconnect                        a new stream, a second later
//
// A resource is name@content->references~ttl, all but the name optional. Types
// are cds, eds, lds, rds, rtds. In the output "+" is a resource, "-" a removal,
// "~" a heartbeat, and # the nonce. -update rewrites the outputs.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, file, []byte(newScript(t).run(string(text))))
		})
	}
}

type script struct {
	t       *testing.T
	now     time.Time
	pool    Pool
	machine *machine
	types   map[string]string // nonce → type URL
	labels  map[string]string // version → name@content
	kept    []*Resource       // keeps the pool from forgetting
	snap    *Snapshot
}

func newScript(t *testing.T) *script {
	s := &script{t: t, now: time.Unix(0, 0).UTC(), labels: map[string]string{}}
	s.connect(newQuarantine(nil))
	return s
}

func (s *script) connect(bad *quarantine) {
	s.types = map[string]string{}
	s.machine = newMachine(s.now, bad)
}

// run executes a script and returns it with fresh outputs.
func (s *script) run(text string) string {
	var out strings.Builder
	var command []string
	inOutput := false
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if inOutput && trimmed != "" {
			continue
		}
		inOutput = trimmed == "----"
		out.WriteString(line)
		switch {
		case inOutput:
			out.WriteString(s.command(command))
			command = nil
		case trimmed != "" && !strings.HasPrefix(trimmed, "#"):
			command = append(command, trimmed)
		}
	}
	return out.String()
}

func (s *script) command(lines []string) string {
	s.t.Helper()
	if len(lines) == 0 {
		s.t.Fatal("an output without a command")
	}
	var out []*response
	var err error
	words := strings.Fields(lines[0])
	switch words[0] {
	case "snapshot":
		s.snapshot(words[1], lines[1:])
		out = s.machine.want(s.now, s.snap)
	case "request":
		out, err = s.machine.request(s.now, s.request(words[1:]))
	case "ack", "nack":
		out, err = s.machine.request(s.now, s.answer(words))
	case "wait":
		out = s.wait(words[1])
	case "status":
		return s.status()
	case "reconnect":
		s.now = s.now.Add(time.Second)
		s.connect(s.machine.bad)
		out = s.reconnected()
	default:
		s.t.Fatalf("unknown command %q", lines[0])
	}
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	return s.describe(out)
}

func (s *script) reconnected() []*response {
	if s.snap == nil {
		return nil
	}
	return s.machine.want(s.now, s.snap)
}

func (s *script) snapshot(generation string, lines []string) {
	s.t.Helper()
	snap := &Snapshot{Types: map[string]map[string]*Resource{}}
	if _, err := fmt.Sscan(generation, &snap.Generation); err != nil {
		s.t.Fatal(err)
	}
	for _, line := range lines {
		words := strings.Fields(line)
		for _, w := range words[1:] {
			r := s.resource(words[0], w, snap)
			s.kept = append(s.kept, r)
		}
	}
	s.snap = snap
}

// resource makes one and notes how to call its version.
func (s *script) resource(kind, text string, snap *Snapshot) *Resource {
	s.t.Helper()
	message, ttl, err := parseResource(kind, text)
	if err != nil {
		s.t.Fatal(err)
	}
	r := put(s.t, snap, &s.pool, message, ttl)
	label, _, _ := strings.Cut(text, "~")
	label, _, _ = strings.Cut(label, "->")
	if !strings.Contains(label, "@") {
		label += "@1"
	}
	s.labels[r.Version] = label
	return r
}

func (s *script) request(words []string) *discoveryv3.DeltaDiscoveryRequest {
	s.t.Helper()
	q := &discoveryv3.DeltaDiscoveryRequest{TypeUrl: shortTypes[words[0]]}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		names := strings.Split(value, ",")
		switch key {
		case "sub":
			q.ResourceNamesSubscribe = names
		case "unsub":
			q.ResourceNamesUnsubscribe = names
		case "have":
			q.InitialResourceVersions = map[string]string{}
			for _, n := range names {
				name, _, _ := strings.Cut(n, "@")
				q.InitialResourceVersions[name] = s.version(words[0], n)
			}
		default:
			s.t.Fatalf("unknown option %q", w)
		}
	}
	return q
}

// version is the hash of a label, or a made-up one if no snapshot had it.
func (s *script) version(kind, label string) string {
	for _, r := range s.kept {
		if r.Any.TypeUrl == shortTypes[kind] && s.labels[r.Version] == label {
			return r.Version
		}
	}
	return "old-" + label
}

func (s *script) answer(words []string) *discoveryv3.DeltaDiscoveryRequest {
	s.t.Helper()
	nonce := strings.TrimPrefix(words[1], "#")
	url, ok := s.types[nonce]
	if !ok {
		s.t.Errorf("nothing was sent with nonce %q", nonce)
	}
	q := &discoveryv3.DeltaDiscoveryRequest{TypeUrl: url, ResponseNonce: nonce}
	if words[0] == "nack" {
		q.ErrorDetail = &statuspb.Status{Code: 13, Message: strings.Join(words[2:], " ")}
	}
	return q
}

// wait steps from deadline to deadline, as a session does.
func (s *script) wait(text string) []*response {
	s.t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	end := s.now.Add(d)
	var out []*response
	for next := s.machine.deadline(); !next.IsZero() && !next.After(end); next = s.machine.deadline() {
		if !next.After(s.now) {
			s.t.Fatalf("the machine asks again for the time it was told: %v", next)
		}
		s.now = next
		out = append(out, s.machine.tick(s.now)...)
	}
	s.now = end
	return append(out, s.machine.tick(s.now)...)
}

func (s *script) describe(out []*response) string {
	if len(out) == 0 {
		return "nothing\n"
	}
	var text strings.Builder
	for _, r := range out {
		s.types[r.Nonce] = r.TypeUrl
		fmt.Fprintf(&text, "%s #%s", shortType(r.TypeUrl), r.Nonce)
		if len(r.Resources)+len(r.RemovedResources) == 0 {
			text.WriteString(" empty")
		}
		for _, x := range r.Resources {
			mark := "+"
			if x.Resource == nil {
				mark = "~"
			}
			text.WriteString(" " + mark + s.labels[x.Version])
		}
		for _, name := range r.RemovedResources {
			text.WriteString(" -" + name)
		}
		text.WriteString("\n")
	}
	return text.String()
}

func (s *script) status() string {
	p := ProxyStatus{Connected: true, Wanted: s.snap.Generation}
	s.machine.status(&p)
	var text strings.Builder
	for _, x := range p.Types {
		fmt.Fprintf(&text, "%s held=%d due=%d acked=%d\n", shortType(x.Type), x.Held, x.Due, x.Acked)
	}
	for _, n := range append(p.NACKs, s.machine.bad.wanted(s.snap)...) {
		fmt.Fprintf(&text, "rejected %s %s: %s\n", shortType(n.Type), strings.Join(n.Names, ","), n.Message)
	}
	if p.Stuck {
		fmt.Fprintf(&text, "stuck for %v\n", s.now.Sub(p.StuckAt))
	}
	fmt.Fprintf(&text, "synced=%v\n", p.Synced())
	return text.String()
}
