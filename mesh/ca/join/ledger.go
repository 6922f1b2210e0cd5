package join

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/keydir"
)

const (
	ledgerFile = "join.ledger"
	// maxTokens bounds how many tokens may be out at once.
	maxTokens = 10_000
	// keep is for how long after its end a token is remembered, so that a
	// replay is told from a token never made.
	keep = time.Hour
)

// ledger remembers tokens, in memory and in a file of lines
//
//	made <hash, hexadecimal> <end, Unix seconds>
//	used <hash, hexadecimal>
//
// to which it appends. A line counts when it is on disk with its end; half a
// line at the end is what a crash left and is cut off.
type ledger struct {
	mu     sync.Mutex
	dir    *keydir.Dir
	file   *os.File
	size   int64 // of whole lines
	lines  int
	tokens map[hash]*entry
	broken error // the file is in an unknown state: nothing is accepted any more
}

type entry struct {
	end  int64
	used bool
}

func openLedger(dir *keydir.Dir, now time.Time) (*ledger, error) {
	text, err := dir.Read(ledgerFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l := &ledger{dir: dir, tokens: map[hash]*entry{}}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	n := 0
	for line := range bytes.Lines(whole) {
		n++
		if err := l.replay(strings.TrimSuffix(string(line), "\n")); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", dir.Path(ledgerFile), n, err)
		}
	}
	return l, l.rewrite(now)
}

// replay applies a line of the file.
func (l *ledger) replay(line string) error {
	fields := strings.Split(line, " ")
	if len(fields) < 2 {
		return fmt.Errorf("line %.100q", line)
	}
	var h hash
	if n, err := hex.Decode(h[:], []byte(fields[1][:min(len(fields[1]), 2*len(h))])); err != nil || n != len(h) || len(fields[1]) != 2*len(h) {
		return fmt.Errorf("hash %.100q", fields[1])
	}
	switch {
	case fields[0] == "made" && len(fields) == 3:
		end, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return fmt.Errorf("time %.100q", fields[2])
		}
		l.tokens[h] = &entry{end: end}
	case fields[0] == "used" && len(fields) == 2 && l.tokens[h] != nil:
		l.tokens[h].used = true
	default:
		return fmt.Errorf("line %.100q", line)
	}
	return nil
}

// rewrite forgets what is long over and starts the file anew.
func (l *ledger) rewrite(now time.Time) error {
	var text strings.Builder
	lines := 0
	for h, e := range l.tokens {
		if now.Sub(time.Unix(e.end, 0)) > keep {
			delete(l.tokens, h)
			continue
		}
		fmt.Fprintf(&text, "made %x %d\n", h, e.end)
		lines++
		if e.used {
			fmt.Fprintf(&text, "used %x\n", h)
			lines++
		}
	}
	if err := l.dir.Write(ledgerFile, []byte(text.String())); err != nil {
		return err
	}
	file, err := os.OpenFile(l.dir.Path(ledgerFile), os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("opening %s: %w", l.dir.Path(ledgerFile), err)
	}
	if l.file != nil {
		err = l.file.Close()
	}
	l.file, l.size, l.lines = file, int64(text.Len()), lines
	return err
}

// add remembers a token that was made.
func (l *ledger) add(h hash, end, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.tokens) >= maxTokens || l.lines > 2*maxTokens {
		if err := l.rewrite(now); err != nil {
			return err
		}
	}
	if len(l.tokens) >= maxTokens {
		return fmt.Errorf("%d tokens are out; wait until some are over", len(l.tokens))
	}
	if err := l.append(fmt.Sprintf("made %x %d\n", h, end.Unix())); err != nil {
		return err
	}
	l.tokens[h] = &entry{end: end.Unix()}
	return nil
}

// check tells whether a token can still be used.
func (l *ledger) check(h hash, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.fresh(h, now)
	return err
}

func (l *ledger) fresh(h hash, now time.Time) (*entry, error) {
	e := l.tokens[h]
	switch {
	case l.broken != nil:
		return nil, l.broken
	case e == nil:
		return nil, ca.Refuse(ca.ReasonToken, "join token is not known here")
	case e.used:
		return nil, ca.Refuse(ca.ReasonReplay, "join token was used before")
	case now.Unix() >= e.end:
		return nil, ca.Refuse(ca.ReasonExpired, "join token is over")
	}
	return e, nil
}

// use marks a token used, once.
func (l *ledger) use(h hash, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, err := l.fresh(h, now)
	if err != nil {
		return err
	}
	e.used = true // also if the disk fails: better a token lost than one used twice
	return l.append(fmt.Sprintf("used %x\n", h))
}

// append puts a line on disk. A line of which only a part got there is cut off.
func (l *ledger) append(line string) error {
	if l.broken != nil {
		return l.broken
	}
	_, err := l.file.WriteAt([]byte(line), l.size)
	if err == nil {
		err = l.file.Sync()
	}
	if err == nil {
		l.size += int64(len(line))
		l.lines++
		return nil
	}
	err = fmt.Errorf("writing %s: %w", l.dir.Path(ledgerFile), err)
	if cut := l.file.Truncate(l.size); cut != nil {
		l.broken = errors.Join(err, cut)
	}
	return err
}

func (l *ledger) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = errors.New("the ledger of join tokens is closed")
	return l.file.Close()
}
