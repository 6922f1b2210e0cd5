package corpus

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	servicev3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
)

const shop = "../testdata/shop.als.gz"

func load(t *testing.T) *Corpus {
	t.Helper()
	messages, err := Load(shop)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(messages)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRecordingReadsBack(t *testing.T) {
	messages := []Message{{Stream: 0, Bytes: []byte("first")}, {Stream: 300, Bytes: []byte{}}, {Stream: 1, Bytes: bytes.Repeat([]byte("x"), 70_000)}}
	var file bytes.Buffer
	if err := Write(&file, messages); err != nil {
		t.Fatal(err)
	}
	whole := file.Bytes()
	got, err := Read(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(messages, got); diff != "" {
		t.Errorf("recording differs (-want +got):\n%s", diff)
	}
	for _, cut := range []int{0, 5, len(whole) / 2, len(whole) - 1} {
		if _, err := Read(bytes.NewReader(whole[:cut])); err == nil {
			t.Errorf("a recording cut at byte %d of %d is read without an error", cut, len(whole))
		}
	}
}

func TestReadRefusesHugeMessages(t *testing.T) {
	var file bytes.Buffer
	if err := Write(&file, []Message{{Bytes: make([]byte, maxMessage+1)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(&file); err == nil || !strings.Contains(err.Error(), "reading message 1: a length of 16777217 bytes") {
		t.Errorf("error = %v, want one about the length of message 1", err)
	}
}

func TestNewNeedsEntries(t *testing.T) {
	if _, err := New([]Message{{}}); err == nil {
		t.Error("a recording without entries is accepted")
	}
	if _, err := New([]Message{{Bytes: []byte{0xff}}}); err == nil || !strings.Contains(err.Error(), "message 1") {
		t.Errorf("error = %v, want one about message 1", err)
	}
}

// TestFresh decodes the recording by the generated code before and after its
// renewal: nothing changes but ids and times, and those change as they should.
func TestFresh(t *testing.T) {
	c := load(t)
	before := decode(t, c)
	at := time.Date(2027, 5, 4, 3, 2, 1, 0, time.UTC)
	c.Fresh(rand.New(rand.NewPCG(1, 2)), at)
	after := decode(t, c)

	ids := map[string]string{}
	first := at.Add(time.Hour)
	for i := range before {
		was, is := before[i], after[i]
		if was.call != "" { // the first proxy of a request sees none
			if again, ok := ids[was.call]; ok && again != is.call {
				t.Fatalf("call %s became %s and %s", was.call, again, is.call)
			}
			ids[was.call] = is.call
			if was.call == is.call || !uuid.MatchString(is.call) {
				t.Fatalf("call %q of entry %d became %q", was.call, i, is.call)
			}
		}
		if was.trace == is.trace || !traceparent.MatchString(is.trace) {
			t.Fatalf("trace %q of entry %d became %q", was.trace, i, is.trace)
		}
		if is.start.Before(first) {
			first = is.start
		}
		if was.rest != is.rest || was.size != is.size {
			t.Fatalf("entry %d changed beside its ids and times", i)
		}
	}
	if first.Truncate(time.Second) != at {
		t.Errorf("the earliest start is %s, want %s", first, at)
	}
	if distinct := len(slices.Compact(slices.Sorted(mapValues(ids)))); distinct != len(ids) {
		t.Errorf("%d calls became %d", len(ids), distinct)
	}
}

// TestFreshAgain renews twice: the second time starts from what was recorded,
// not from the first.
func TestFreshAgain(t *testing.T) {
	at := time.Date(2027, 5, 4, 3, 2, 1, 0, time.UTC)
	twice, once := load(t), load(t)
	twice.Fresh(rand.New(rand.NewPCG(7, 7)), at.Add(time.Hour))
	twice.Fresh(rand.New(rand.NewPCG(1, 2)), at)
	once.Fresh(rand.New(rand.NewPCG(1, 2)), at)
	for i := range once.Messages {
		if !bytes.Equal(once.Messages[i].Bytes, twice.Messages[i].Bytes) {
			t.Fatalf("message %d differs", i)
		}
	}
}

var (
	uuid        = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	traceparent = regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-01$`)
)

type entry struct {
	call, trace, rest string
	start             time.Time
	size              int
}

func decode(t *testing.T, c *Corpus) []entry {
	t.Helper()
	var out []entry
	for _, m := range c.Messages {
		var msg servicev3.StreamAccessLogsMessage
		if err := proto.Unmarshal(m.Bytes, &msg); err != nil {
			t.Fatal(err)
		}
		for _, e := range msg.GetHttpLogs().GetLogEntry() {
			r := e.GetRequest()
			one := entry{
				call: r.GetRequestHeaders()["x-mesh-call"], trace: r.GetRequestHeaders()["traceparent"],
				start: e.GetCommonProperties().GetStartTime().AsTime(), size: proto.Size(e),
			}
			delete(r.RequestHeaders, "x-mesh-call")
			delete(r.RequestHeaders, "traceparent")
			r.RequestId, e.CommonProperties.StreamId, e.CommonProperties.StartTime = "", "", nil
			rest, err := proto.MarshalOptions{Deterministic: true}.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			one.rest = string(rest)
			out = append(out, one)
		}
	}
	if len(out) != c.Entries {
		t.Fatalf("the corpus counts %d entries, there are %d", c.Entries, len(out))
	}
	return out
}

func mapValues(m map[string]string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}
