package blockrelay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/store/ingest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay/relaytest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// TestTakes relays blocks of every table, unchanged.
func TestTakes(t *testing.T) {
	store := &fakeStore{}
	_, client, _ := onSocket(t, store)
	if err := client.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	var want []wal.Block
	for i, table := range schema.Tables() {
		b := relaytest.Named(t, table.Name, uint64(i), i+1)
		if err := client.Post(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		want = append(want, b)
	}
	if diff := cmp.Diff(want, store.taken()); diff != "" {
		t.Errorf("blocks (-sent +taken):\n%s", diff)
	}
}

// TestAgain sends a block twice: it is stored once, and both are told so.
func TestAgain(t *testing.T) {
	store := &fakeStore{}
	_, client, _ := onSocket(t, store)
	b := relaytest.Block(t, 1, 1)
	for range 2 {
		if err := client.Post(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(store.taken()); n != 1 {
		t.Errorf("%d blocks are stored, want 1", n)
	}
}

// TestSideBySide sends many copies at once.
func TestSideBySide(t *testing.T) {
	store := &fakeStore{}
	_, client, _ := onSocket(t, store)
	b := relaytest.Block(t, 1, 1)
	var copies sync.WaitGroup
	for range 20 {
		copies.Go(func() {
			if err := client.Post(context.Background(), b); err != nil {
				t.Error(err)
			}
		})
	}
	copies.Wait()
	if n := len(store.taken()); n != 1 {
		t.Errorf("%d blocks are stored, want 1", n)
	}
}

// TestAnswerLost cuts the connection after the block is durable, before the
// answer.
func TestAnswerLost(t *testing.T) {
	reached := make(chan struct{})
	left := make(chan struct{})
	store := &fakeStore{}
	store.block = func(context.Context, wal.Block) error {
		select {
		case <-left:
		default:
			close(reached)
			<-left
		}
		return nil
	}
	_, client, _ := onSocket(t, store)
	b := relaytest.Block(t, 1, 1)
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-reached
		leave()
	}()
	if err := client.Post(ctx, b); !errors.Is(err, context.Canceled) {
		t.Fatalf("got error %v, want that of the context", err)
	}
	close(left)
	if err := client.Post(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if n := len(store.taken()); n != 1 {
		t.Errorf("%d blocks are stored, want 1", n)
	}
}

// TestNotDurable has a store that fails, with each kind of failure: the sender
// keeps the block and gets it in with the next try.
func TestNotDurable(t *testing.T) {
	for name, test := range map[string]struct {
		breakStore func(*fakeStore)
		table      string
		want       string
	}{
		"log fails": {
			func(s *fakeStore) {
				s.block = func(context.Context, wal.Block) error { return errors.New("no space left") }
			},
			"requests_in", "the block could not be made durable",
		},
		"no room": {func(s *fakeStore) { s.full = true }, "requests_in", "the store takes no blocks at present and the log of this collector is full"},
		"rows before a heartbeat": {
			func(s *fakeStore) { s.flush = func(context.Context) error { return context.DeadlineExceeded } },
			"heartbeats_in", "heartbeats wait: rows that came before are not stored yet",
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := &fakeStore{}
			test.breakStore(store)
			_, client, _ := onSocket(t, store)
			b := relaytest.Named(t, test.table, 1, 1)
			err := client.Post(t.Context(), b)
			var refusal *relay.Refusal
			if !errors.As(err, &refusal) || refusal.Status != http.StatusServiceUnavailable || refusal.Reason != test.want || refusal.Wait == 0 {
				t.Fatalf("got error %v, want 503 with %q and a time to wait", err, test.want)
			}
			if n := len(store.taken()); n != 0 {
				t.Fatalf("%d blocks are stored", n)
			}
			store.block, store.flush = nil, nil
			store.setFull(false)
			if err := client.Post(t.Context(), b); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestHeartbeatsWait holds a heartbeat until the rows before it are stored, and
// other tables pass meanwhile.
func TestHeartbeatsWait(t *testing.T) {
	stored := make(chan struct{})
	flushing := make(chan struct{})
	store := &fakeStore{flush: func(context.Context) error {
		close(flushing)
		<-stored
		return nil
	}}
	_, client, _ := onSocket(t, store)
	done := make(chan error, 1)
	go func() { done <- client.Post(context.Background(), relaytest.Named(t, "heartbeats_in", 1, 1)) }()
	<-flushing
	if err := client.Post(t.Context(), relaytest.Block(t, 2, 1)); err != nil {
		t.Fatal(err)
	}
	if got := store.taken(); len(got) != 1 || got[0].Table != "requests_in" {
		t.Errorf("%d blocks are stored before the flush ended", len(got))
	}
	close(stored)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := store.taken(); len(got) != 2 || got[1].Table != "heartbeats_in" {
		t.Errorf("%d blocks are stored, want the heartbeat last", len(got))
	}
}

// raw posts a request that no client of ours would send.
func raw(t *testing.T, socket string, change func(*http.Request)) (status int, reason string) {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	b := relaytest.Block(t, 1, 1)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://relay"+relay.BlocksPath, bytes.NewReader(b.Body))
	if err != nil {
		t.Fatal(err)
	}
	relay.WriteHeader(req.Header, b)
	change(req)
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(text))
}

// setBody replaces the body, and says its length.
func setBody(r *http.Request, body io.Reader, length int64) {
	r.Body, r.ContentLength, r.GetBody = io.NopCloser(body), length, nil
}

func TestRefuses(t *testing.T) {
	store := &fakeStore{}
	_, _, socket := onSocket(t, store)
	other := relaytest.Block(t, 2, 1)
	for name, test := range map[string]struct {
		change func(*http.Request)
		status int
		reason string // part of it
	}{
		"garbage": {func(r *http.Request) { setBody(r, strings.NewReader("garbage"), 7) }, 400, "the CRC-32C is"},
		"bytes of another block": {
			func(r *http.Request) {
				b := other
				b.Token = relaytest.Block(t, 1, 1).Token
				relay.WriteHeader(r.Header, b) // so that the CRC fits
				setBody(r, bytes.NewReader(b.Body), int64(len(b.Body)))
			}, 400, "the token does not name these bytes",
		},
		"too large": {
			func(r *http.Request) { setBody(r, bytes.NewReader(make([]byte, maxBody+1)), maxBody+1) },
			413, "the body has more than 20971520 bytes",
		},
		"no length":     {func(r *http.Request) { setBody(r, strings.NewReader("garbage"), -1) }, 411, "no Content-Length"},
		"empty":         {func(r *http.Request) { r.Body, r.ContentLength, r.GetBody = http.NoBody, 0, nil }, 400, "the body is empty"},
		"unknown table": {func(r *http.Request) { r.Header.Set(relay.HeaderTable, "users") }, 400, `table "users" is not known`},
		"newer schema": {
			func(r *http.Request) { r.Header.Set(relay.HeaderSchema, strconv.Itoa(schema.Version+1)) },
			409, "upgrade this one first",
		},
		"other rows": {func(r *http.Request) { r.Header.Set(relay.HeaderRows, "2") }, 400, "the CRC-32C is"},
		"no token":   {func(r *http.Request) { r.Header.Del(relay.HeaderToken) }, 400, "the CRC-32C is"},
		"no headers": {func(r *http.Request) { r.Header = http.Header{} }, 400, "header Plimsoll-Schema"},
		"method":     {func(r *http.Request) { r.Method = http.MethodPut }, 405, "Method Not Allowed"},
		"path":       {func(r *http.Request) { r.URL.Path = "/v1/other" }, 404, "404 page not found"},
	} {
		t.Run(name, func(t *testing.T) {
			status, reason := raw(t, socket, test.change)
			if status != test.status || !strings.Contains(reason, test.reason) {
				t.Errorf("got %d %q, want %d %q", status, reason, test.status, test.reason)
			}
		})
	}
	if n := len(store.taken()); n != 0 {
		t.Errorf("%d blocks are stored", n)
	}
	if status, reason := raw(t, socket, func(*http.Request) {}); status != http.StatusOK {
		t.Errorf("a good block after all that: %d %q", status, reason)
	}
}

// TestUnfitIsPermanent sees what a sender makes of a block that is not what was
// sealed.
func TestUnfitIsPermanent(t *testing.T) {
	_, client, _ := onSocket(t, &fakeStore{})
	b := relaytest.Block(t, 1, 1)
	b.Token = relaytest.Block(t, 2, 1).Token
	var refusal *relay.Refusal
	if err := client.Post(t.Context(), b); !errors.As(err, &refusal) || !refusal.Permanent() {
		t.Errorf("got error %v, want a permanent refusal", err)
	}
}

// TestStoreSaysUnfit has a store that knows better than the checks here.
func TestStoreSaysUnfit(t *testing.T) {
	store := &fakeStore{block: func(context.Context, wal.Block) error { return fmt.Errorf("table: %w", ingest.ErrUnfit) }}
	_, client, _ := onSocket(t, store)
	var refusal *relay.Refusal
	if err := client.Post(t.Context(), relaytest.Block(t, 1, 1)); !errors.As(err, &refusal) || !refusal.Permanent() || refusal.Reason != "table: the block is unfit" {
		t.Errorf("got error %v, want a permanent refusal", err)
	}
}

// TestCutOff sends half a body and leaves.
func TestCutOff(t *testing.T) {
	store := &fakeStore{}
	_, client, socket := onSocket(t, store)
	b := relaytest.Block(t, 1, 1)
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	h := http.Header{}
	relay.WriteHeader(h, b)
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: relay\r\nContent-Length: %d\r\n", relay.BlocksPath, len(b.Body))
	if err := h.Write(conn); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "\r\n%s", b.Body[:len(b.Body)/2])
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408") {
		t.Errorf("got %q (%v), want status 408", answer, err)
	}
	if err := client.Post(t.Context(), b); err != nil || len(store.taken()) != 1 {
		t.Errorf("the whole block: %v, %d stored", err, len(store.taken()))
	}
}

// TestGarbageOnTheWire sends what is not HTTP.
func TestGarbageOnTheWire(t *testing.T) {
	store := &fakeStore{}
	_, client, socket := onSocket(t, store)
	for _, text := range []string{
		"\x00\xff\x16\x03\x01 not a request\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"POST /v1/blocks HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
		"POST /v1/blocks HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
		strings.Repeat("A", 1<<16),
	} {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, text) // may be cut off
		_ = conn.(*net.UnixConn).CloseWrite()
		answer, _ := io.ReadAll(conn)
		if strings.HasPrefix(string(answer), "HTTP/1.1 200") {
			t.Errorf("%.40q was answered %q", text, answer)
		}
		_ = conn.Close()
	}
	if err := client.Post(t.Context(), relaytest.Block(t, 1, 1)); err != nil || len(store.taken()) != 1 {
		t.Errorf("a good block after all that: %v, %d stored", err, len(store.taken()))
	}
}

// TestBudget holds as many bytes as are allowed, and refuses the next.
func TestBudget(t *testing.T) {
	inHand, release := make(chan struct{}), make(chan struct{})
	store := &fakeStore{block: func(context.Context, wal.Block) error {
		inHand <- struct{}{}
		<-release
		return nil
	}}
	r, client, _ := onSocket(t, store)
	first, second := relaytest.Block(t, 1, 1), relaytest.Block(t, 2, 1)
	r.budget.max = int64(len(first.Body)) + 1
	done := make(chan error, 1)
	go func() { done <- client.Post(context.Background(), first) }()
	<-inHand
	var refusal *relay.Refusal
	if err := client.Post(t.Context(), second); !errors.As(err, &refusal) || refusal.Reason != "too many blocks arrive at a time" {
		t.Errorf("got error %v", err)
	}
	if got := r.budget.held(); got != int64(len(first.Body)) {
		t.Errorf("%d bytes are held, want %d", got, len(first.Body))
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	go func() { done <- client.Post(context.Background(), second) }()
	<-inHand
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := r.budget.held(); got != 0 {
		t.Errorf("%d bytes are held at the end", got)
	}
}
