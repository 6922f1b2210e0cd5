package join

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/keydir"
)

func (d *desk) lines() []string {
	d.t.Helper()
	text, err := d.dir.Read(ledgerFile)
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// TestLedgerKeepsHashes: who reads the file has no token.
func TestLedgerKeepsHashes(t *testing.T) {
	d := newDesk(t)
	token := d.mint(all)
	if err := d.take(token); err != nil {
		t.Fatal(err)
	}
	h := hashOf(token)
	want := fmt.Sprintf("made %x %d|used %x", h, noon.Add(MaxTTL).Unix(), h)
	if got := strings.Join(d.lines(), "|"); got != want {
		t.Errorf("ledger\n%s\nwant\n%s", got, want)
	}
}

// TestCrashInALine cuts the file at each byte of its last line. A token
// whose use did not reach the disk whole was not accepted, so it may be used;
// one that did is used.
func TestCrashInALine(t *testing.T) {
	d := newDesk(t)
	token := d.mint(all)
	if err := d.take(token); err != nil {
		t.Fatal(err)
	}
	text, err := d.dir.Read(ledgerFile)
	if err != nil {
		t.Fatal(err)
	}
	start := strings.Index(string(text), "used")
	for n := start; n <= len(text); n++ {
		d.close()
		if err := os.WriteFile(d.path+"/"+ledgerFile, text[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		d.open()
		_, err := d.Check(token, "reviews-v1", here)
		if n < len(text) && err != nil {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	d.close()
	if err := os.WriteFile(d.path+"/"+ledgerFile, text, 0o600); err != nil {
		t.Fatal(err)
	}
	d.open()
	refused(t, d.take(token), ca.ReasonReplay, "used before")
}

func TestDamagedLedgerIsNamed(t *testing.T) {
	d := newDesk(t)
	good := fmt.Sprintf("made %064x 1795521600\n", 1)
	for text, want := range map[string]string{
		good + "made xyz 1\n":                      `:2: hash "xyz"`,
		good + "nonsense\n":                        `:2: line "nonsense"`,
		good + fmt.Sprintf("used %064x\n", 2):      ":2: line \"used 0",
		good + fmt.Sprintf("made %064x soon\n", 2): `:2: time "soon"`,
		fmt.Sprintf("lost %064x\n", 2):             `:1: line "lost`,
		fmt.Sprintf("used %066x\n", 2):             `:1: hash "0`,
	} {
		d.close()
		if err := os.WriteFile(d.path+"/"+ledgerFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		d.Registry, d.dir = nil, nil
		_, err := reopen(d)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), ledgerFile) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
		if err := os.Remove(d.path + "/" + ledgerFile); err != nil {
			t.Fatal(err)
		}
		d.open()
	}
}

// TestLedgerForgets what is long over, at a restart.
func TestLedgerForgets(t *testing.T) {
	d := newDesk(t)
	old := d.mint(all)
	if err := d.take(old); err != nil {
		t.Fatal(err)
	}
	d.time = noon.Add(MaxTTL + keep + time.Minute)
	d.mint(all)
	d.close()
	d.open()
	if n := len(d.lines()); n != 1 {
		t.Errorf("%d lines", n)
	}
	d.time = noon // a clock set back: the token is in its time again
	refused(t, d.take(old), ca.ReasonToken, "join token is not known here")
}

// TestLedgerIsBounded: there is an end to how many tokens may be out, and it
// passes.
func TestLedgerIsBounded(t *testing.T) {
	d := newDesk(t)
	for i := range maxTokens {
		var h hash
		h[0], h[1], h[2] = byte(i), byte(i>>8), 1
		d.ledger.tokens[h] = &entry{end: noon.Add(MaxTTL).Unix()}
	}
	_, err := d.Mint(all, time.Minute, d.bundle)
	if err == nil || !strings.Contains(err.Error(), "10000 tokens are out; wait until some are over") {
		t.Error(err)
	}
	d.time = noon.Add(2 * keep)
	if _, err := d.Mint(all, time.Minute, d.bundle); err != nil {
		t.Error(err)
	}
	if n := len(d.ledger.tokens); n != 1 {
		t.Errorf("remembers %d", n)
	}
}

// TestFullDisk: a use that cannot be written is no use, and the token is gone.
func TestFullDisk(t *testing.T) {
	d := newDesk(t)
	token := d.mint(all)
	ticket, err := d.Check(token, "reviews-v1", here)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.ledger.file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := ticket.Use(); err == nil || ca.ReasonOf(err) != ca.ReasonInternal {
		t.Errorf("used without a disk: %v", err)
	}
	if err := ticket.Use(); err == nil {
		t.Error("used at the second try")
	}
}

// reopen is open, but for what may fail.
func reopen(d *desk) (*Registry, error) {
	dir, err := keydir.Open(d.path)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return Open(dir, "td", func() time.Time { return d.time })
}
