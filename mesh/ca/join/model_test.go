package join

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/keydir"
)

// fate is what a model without files knows of a token.
type fate struct {
	text string
	end  time.Time
	used bool
}

// TestLedgerIsTheModel makes, uses, lets time pass and restarts at random. The
// ledger answers as a list in memory would that forgets nothing, but for the
// reason that it gives for tokens that are long over.
func TestLedgerIsTheModel(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { compare(t, rand.New(rand.NewPCG(seed, 7))) })
	}
}

func compare(t *testing.T, rng *rand.Rand) {
	d := newDesk(t)
	var tokens []*fate
	used := 0
	for range 250 {
		d.time = d.time.Add(time.Duration(rng.IntN(60)) * time.Second)
		switch dice := rng.IntN(20); {
		case dice < 5 || len(tokens) == 0:
			ttl := time.Duration(1+rng.IntN(600)) * time.Second
			token, err := d.Mint(all, ttl, d.bundle)
			if err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, &fate{text: string(token.Reveal()), end: d.time.Add(ttl)})
		case dice < 7:
			d.close()
			d.open()
		default:
			f := tokens[len(tokens)-1-rng.IntN(min(len(tokens), 8))]
			err := d.take(f.text)
			if want := !f.used && d.time.Before(f.end); (err == nil) != want {
				t.Fatalf("used %v, ends %v, now %v: %v", f.used, f.end, d.time, err)
			}
			if err == nil {
				f.used = true
				used++
			}
		}
	}
	if used < 10 {
		t.Errorf("%d tokens were used: the walk shows nothing", used)
	}
}

// FuzzLedger opens whatever is in the file: it is taken or refused, and what was
// taken is the same after it was written anew.
func FuzzLedger(f *testing.F) {
	f.Add("made " + fmt.Sprintf("%064x", 1) + " 1795521600\nused " + fmt.Sprintf("%064x", 1) + "\n")
	f.Add("made x 1\n")
	f.Add("used  \n\n")
	path := filepath.Join(f.TempDir(), "ca")
	dir, err := keydir.Open(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(dir.Path(ledgerFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		first, err := openLedger(dir, noon)
		if err != nil {
			return
		}
		defer first.close()
		again, err := openLedger(dir, noon)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		defer again.close()
		if len(again.tokens) != len(first.tokens) {
			t.Errorf("%d tokens became %d", len(first.tokens), len(again.tokens))
		}
		for h, e := range first.tokens {
			if other := again.tokens[h]; other == nil || *other != *e {
				t.Errorf("%x changed", h)
			}
			if e.used && ca.ReasonOf(again.check(h, noon)) != ca.ReasonReplay {
				t.Errorf("%x is new again", h)
			}
		}
	})
}
