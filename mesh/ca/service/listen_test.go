package service_test

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/catest"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/client"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/join"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/keydir"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/rotation"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/service"
)

// TestOverANetwork does over loopback what the other tests do in memory: a token
// that is bound to an address holds from there and from nowhere else.
func TestOverANetwork(t *testing.T) {
	dir, err := keydir.Open(filepath.Join(t.TempDir(), "ca"))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	log := slog.New(slog.DiscardHandler)
	m, err := rotation.Open(dir, dir, catest.TrustDomain, time.Now, log)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := join.Open(dir, catest.TrustDomain, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer tokens.Close()
	s := service.New(service.Options{Rotation: m, Tokens: tokens, Now: time.Now, Log: log})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Serve(ctx, l); err != nil {
			t.Error(err)
		}
	})
	defer wg.Wait()
	defer cancel()
	for source, want := range map[string]string{"127.0.0.1/32": "", "10.0.0.0/8": "join token is for 10.0.0.0/8, not for 127.0.0.1"} {
		got := joinFrom(t, tokens, m, l.Addr().String(), source)
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("token for %s: %q, want %q", source, got, want)
		}
	}
}

// joinFrom joins with a token that is bound to the source and returns the error.
func joinFrom(t *testing.T, tokens *join.Registry, m *rotation.Machine, address, source string) string {
	t.Helper()
	token, err := tokens.Mint(join.Grant{Identity: catest.Identity("reviews"), Workload: "reviews", Source: netip.MustParsePrefix(source)}, join.MaxTTL, m.Authority().Bundle())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "token")
	if err := writeToken(path, token); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	log := slog.New(onRecord(cancel)) // the first word, good or bad, is enough
	c, err := client.New(client.Options{Address: address, TokenFile: path, Log: log, Apply: func(context.Context, *client.Material) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	c.Run(ctx)
	return c.Status().Error
}

// TestStrangersCostBounded: a thousand strangers that say nothing leave room for
// members when they are cut off, and no memory behind.
func TestStrangersCostBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := catest.Start(t)
		c := member(t, s, "reviews")
		before := heap()
		for range 3 {
			time.Sleep(time.Minute) // until the member's connection is gone
			var conns []net.Conn
			for range 1000 {
				conn, err := s.Dial(t.Context(), "", "")
				if err != nil {
					t.Fatal(err)
				}
				conns = append(conns, conn)
			}
			full, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := s.Dial(full, "", ""); err == nil {
				t.Error("one more was let in")
			}
			cancel()
			time.Sleep(15 * time.Second)
			if _, err := c.issue(request(t)); err != nil {
				t.Errorf("a member after the strangers: %v", err)
			}
			for _, conn := range conns {
				conn.Close()
			}
		}
		if got := s.Service.Metrics().Refused("connection"); got != 3000 {
			t.Errorf("%d strangers counted", got)
		}
		if grown := int64(heap()) - int64(before); grown > 4<<20 {
			t.Errorf("%d bytes are left of them", grown)
		}
	})
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestTokensOfManyMembers: any number of wrong tokens leaves nothing behind, and
// the right one is taken after them.
func TestTokensOfManyMembers(t *testing.T) { synctest.Test(t, tokensOfManyMembers) }

func tokensOfManyMembers(t *testing.T) {
	s := catest.Start(t)
	good := s.Token("reviews")
	for i := range 60 {
		bad := good[:len(good)-2-i] + "A" + good[len(good)-1-i:]
		if bad == good {
			continue
		}
		_, err := caller{t: t, site: s, token: "Bearer " + bad}.issue(request(t))
		if connect.CodeOf(err) != connect.CodeUnauthenticated {
			t.Errorf("changed at %d from the end: %v", i, err)
		}
	}
	if s.Service.Metrics().Refused(ca.ReasonToken) < 50 {
		t.Error("not counted")
	}
	if _, err := (caller{t: t, site: s, token: "Bearer " + good}).issue(request(t)); err != nil {
		t.Error(err)
	}
}

func writeToken(path string, token ca.Secret) error {
	return os.WriteFile(path, token.Reveal(), 0o600)
}

// onRecord is a slog.Handler that calls a function at each record.
type onRecord func()

func (f onRecord) Enabled(context.Context, slog.Level) bool { return true }
func (f onRecord) Handle(context.Context, slog.Record) error {
	f()
	return nil
}
func (f onRecord) WithAttrs([]slog.Attr) slog.Handler { return f }
func (f onRecord) WithGroup(string) slog.Handler      { return f }
