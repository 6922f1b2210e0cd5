package ingest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

func TestParseShards(t *testing.T) {
	for text, want := range map[string][][]string{
		"unix:///run/a,b.sock?database=x": {{"unix:///run/a,b.sock?database=x"}},
		"http://a:8123?database=x":        {{"http://a:8123?database=x"}},
		"http://a,b?database=x":           {{"http://a?database=x", "http://b?database=x"}},
		"http://a;b":                      {{"http://a?"}, {"http://b?"}},
		"https://me:pass,word@a1:1, a2;b1,b2:4?database=x": {
			{"https://me:pass,word@a1:1?database=x", "https://me:pass,word@a2?database=x"},
			{"https://me:pass,word@b1?database=x", "https://me:pass,word@b2:4?database=x"},
		},
	} {
		got, rendering, err := parseShards(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
		if cluster := len(got)*len(got[0]) > 1; (rendering == schema.Cluster) != cluster {
			t.Errorf("%s: rendering %s", text, rendering)
		}
	}
	for text, want := range map[string]string{
		"http://a,,b":                 `server "" of shard 1`,
		"http://a;b,x y":              `server "x y" of shard 2`,
		"ftp://a,b":                   "unknown scheme",
		"http://a,b?nonsense=1":       `parameter "nonsense"`,
		"nothing":                     "unknown scheme",
		"http://me:secret@a,b:port":   `server "b:port" of shard 1`,
		"http://me:secret@a,b/folder": `server "b/folder" of shard 1`,
	} {
		_, _, err := parseShards(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error = %v, want %q and no password", text, err, want)
		}
	}
}

// TestShardOfSpreads: the shard depends on the token alone, and the tokens
// spread evenly.
func TestShardOfSpreads(t *testing.T) {
	blocks := sealedOf(t, 2)
	for _, b := range blocks {
		if first, again := shardOf(b.token, 7), shardOf(b.token, 7); first != again || shardOf(b.token, 1) != 0 {
			t.Error("the shard of a token changes")
		}
	}
	counts := make([]int, 4)
	for n := range 4000 {
		counts[shardOf(strings.Repeat("x", n%50)+string(rune('a'+n%26))+hexOf([]byte{byte(n), byte(n >> 8)}), 4)]++
	}
	for i, n := range counts {
		if n < 800 || n > 1200 {
			t.Errorf("shard %d has %d of 4000 tokens", i, n)
		}
	}
}

// replicaSet is an inserter of one shard over servers that answer as told.
func replicaSet(t *testing.T, answers ...func() int) (*inserter, []*atomic.Int64) {
	t.Helper()
	in := &inserter{rendering: schema.Cluster, shards: []*shard{{}}}
	hits := make([]*atomic.Int64, len(answers))
	for i, answer := range answers {
		hits[i] = &atomic.Int64{}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			hits[i].Add(1)
			status := answer()
			if status == 0 {
				panic(http.ErrAbortHandler)
			}
			if status == http.StatusBadRequest {
				w.Header().Set("X-ClickHouse-Exception-Code", "117")
			}
			w.WriteHeader(status)
		}))
		t.Cleanup(server.Close)
		s, err := newServer(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		s.learned.Store(true)
		in.shards[0].replicas = append(in.shards[0].replicas, s)
	}
	t.Cleanup(in.close)
	return in, hits
}

func always(status int) func() int { return func() int { return status } }

// TestReplicasAreTriedInTurn: the next replica gets a block that one does not
// take, and stays the first for the blocks after it.
func TestReplicasAreTriedInTurn(t *testing.T) {
	in, hits := replicaSet(t, always(503), always(0), always(200))
	b := sealedOf(t, 1)["requests_in"]
	for range 3 {
		if err := in.post(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	// An aborted request on a new connection is not repeated by the client.
	if got := [3]int64{hits[0].Load(), hits[1].Load(), hits[2].Load()}; got != [3]int64{1, 1, 3} {
		t.Errorf("requests = %v, want the first two asked once", got)
	}
}

func TestReplicasThatAllFail(t *testing.T) {
	in, hits := replicaSet(t, always(503), always(500))
	err := in.post(t.Context(), sealedOf(t, 1)["requests_in"])
	if err == nil || permanent(err) || !strings.Contains(err.Error(), "503") || !strings.Contains(err.Error(), "500") {
		t.Errorf("error = %v, want both answers", err)
	}
	if hits[0].Load() != 1 || hits[1].Load() != 1 {
		t.Errorf("requests = %d, %d", hits[0].Load(), hits[1].Load())
	}
}

// TestPermanentRefusalEndsTheRound: what is wrong with a block is wrong on every
// replica.
func TestPermanentRefusalEndsTheRound(t *testing.T) {
	in, hits := replicaSet(t, always(400), always(200))
	if err := in.post(t.Context(), sealedOf(t, 1)["requests_in"]); !permanent(err) || hits[1].Load() != 0 {
		t.Errorf("error = %v, %d requests to the second", err, hits[1].Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := in.post(ctx, sealedOf(t, 1)["requests_in"]); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v after the end", err)
	}
}
