package corpus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Corpus is a recording whose ids and times can be renewed in place.
type Corpus struct {
	Messages []Message
	Entries  int // log entries in all messages
	Bytes    int // of the entries, without what frames them

	identified int // messages with an identifier

	ids   []hexText // UUIDs and trace ids
	times []seconds
	first int64 // earliest start, Unix seconds
}

// hexText is an id as it was recorded, and where it stands.
type hexText struct {
	at   []byte // aliases a message
	orig string
}

// seconds is a start time as it was recorded, and where it stands.
type seconds struct {
	at   []byte
	orig int64
}

// New finds what Fresh renews in the messages. It keeps them.
func New(messages []Message) (*Corpus, error) {
	c := &Corpus{Messages: messages}
	for i, m := range messages {
		if err := c.message(m.Bytes); err != nil {
			return nil, fmt.Errorf("reading message %d of the recording: %w", i+1, err)
		}
	}
	if c.Entries == 0 {
		return nil, errors.New("the recording holds no entries")
	}
	return c, nil
}

// Identified tells whether a message names the proxy that sent it, as the first
// of a stream does.
func (c *Corpus) Identified() bool { return c.identified > 0 }

// Fresh renews all ids, and moves all times so that the earliest start is at
// the given moment, to the second. Ids that were equal stay equal.
func (c *Corpus) Fresh(r *rand.Rand, start time.Time) {
	var key [16]byte
	binary.LittleEndian.PutUint64(key[:8], r.Uint64())
	binary.LittleEndian.PutUint64(key[8:], r.Uint64())
	for _, id := range c.ids {
		renew(id, &key)
	}
	for _, t := range c.times {
		putSeconds(t.at, t.orig-c.first+start.Unix())
	}
}

// renew writes the id with its hex digits changed by the key.
func renew(id hexText, key *[16]byte) {
	const digits = "0123456789abcdef"
	n := 0
	for i := range len(id.orig) {
		v, ok := hexValue(id.orig[i])
		if !ok {
			continue
		}
		shift := 4 * (n & 1)
		id.at[i] = digits[v^(key[n/2&15]>>shift&15)]
		n++
	}
}

func hexValue(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

// putSeconds overwrites a varint by one of the same length.
func putSeconds(at []byte, s int64) {
	v := uint64(s)
	for i := range at {
		at[i] = byte(v) | 0x80
		v >>= 7
	}
	at[len(at)-1] &^= 0x80
}

// The fields on the way to what is renewed (envoy/service/accesslog/v3/als.proto,
// envoy/data/accesslog/v3/accesslog.proto).
const (
	identifier   = 1 // of a message
	httpLogs     = 2
	logEntry     = 1 // of its http_logs
	common       = 1 // of an entry
	request      = 3
	startTime    = 5 // of common_properties
	streamID     = 26
	requestID    = 9 // of request
	headers      = 13
	secondsField = 1 // of a Timestamp
	headerValue  = 2 // of a map entry
)

func (c *Corpus) message(b []byte) error {
	named := func([]byte) error { c.identified++; return nil }
	if err := each(b, identifier, named); err != nil {
		return err
	}
	return each(b, httpLogs, func(logs []byte) error {
		return each(logs, logEntry, func(entry []byte) error {
			c.Entries++
			c.Bytes += len(entry)
			return errors.Join(each(entry, common, c.common), each(entry, request, c.request))
		})
	})
}

func (c *Corpus) common(b []byte) error {
	return errors.Join(each(b, streamID, c.id), each(b, startTime, c.time))
}

func (c *Corpus) request(b []byte) error {
	return errors.Join(each(b, requestID, c.id), each(b, headers, func(pair []byte) error {
		return each(pair, headerValue, c.id)
	}))
}

// id takes a text that is a UUID or a traceparent (W3C Trace Context).
func (c *Corpus) id(text []byte) error {
	switch {
	case len(text) == 36 && text[8] == '-' && text[13] == '-':
		c.ids = append(c.ids, hexText{at: text, orig: string(text)})
	case len(text) == 55 && text[2] == '-' && text[35] == '-' && text[52] == '-':
		c.ids = append(c.ids, hexText{at: text[3:35], orig: string(text[3:35])}, hexText{at: text[36:52], orig: string(text[36:52])})
	}
	return nil
}

func (c *Corpus) time(b []byte) error {
	num, _, n := protowire.ConsumeTag(b)
	if n < 0 || num != secondsField {
		return errors.New("a start_time does not begin with its seconds")
	}
	v, size := protowire.ConsumeVarint(b[n:])
	if size < 0 {
		return protowire.ParseError(size)
	}
	c.times = append(c.times, seconds{at: b[n : n+size], orig: int64(v)})
	if c.first == 0 || int64(v) < c.first {
		c.first = int64(v)
	}
	return nil
}

// each calls f with every occurrence of a length-delimited field.
func each(b []byte, field protowire.Number, f func([]byte) error) error {
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		size := protowire.ConsumeFieldValue(num, kind, b[n:])
		if size < 0 {
			return protowire.ParseError(size)
		}
		if num == field && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(b[n:])
			if err := f(value); err != nil {
				return err
			}
		}
		b = b[n+size:]
	}
	return nil
}
