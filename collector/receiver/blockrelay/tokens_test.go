package blockrelay

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
)

// claim asks for a turn that nobody else has.
func claim(t *testing.T, tokens *tokens, token string) (taken bool) {
	t.Helper()
	taken, err := tokens.claim(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

func TestTokensForgetTheOldest(t *testing.T) {
	tokens := newTokens(3)
	for i := range 5 {
		if token := fmt.Sprint(i); claim(t, tokens, token) {
			t.Errorf("%s is known before it came", token)
		} else {
			tokens.settle(token, true)
		}
	}
	for i, want := range []bool{false, false, true, true, true} {
		token := fmt.Sprint(i)
		if got := claim(t, tokens, token); got != want {
			t.Errorf("%s: known %t, want %t", token, got, want)
		} else if !got {
			tokens.settle(token, false)
		}
	}
	if len(tokens.taken) != 3 || len(tokens.busy) != 0 {
		t.Errorf("%d tokens are kept, %d in hand", len(tokens.taken), len(tokens.busy))
	}
}

// TestTokensTakeTurns lets a second copy wait for the first, and takes over when
// that failed.
func TestTokensTakeTurns(t *testing.T) {
	for _, durable := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			tokens := newTokens(3)
			claim(t, tokens, "a")
			second := make(chan bool, 1)
			go func() {
				taken, err := tokens.claim(context.Background(), "a")
				if err != nil {
					t.Error(err)
				}
				second <- taken
			}()
			synctest.Wait()
			if len(second) != 0 {
				t.Fatal("the second copy did not wait")
			}
			tokens.settle("a", durable)
			if got := <-second; got != durable {
				t.Errorf("the second copy is told %t, want %t", got, durable)
			}
		})
	}
}

func TestTokensGiveUp(t *testing.T) {
	tokens := newTokens(3)
	claim(t, tokens, "a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tokens.claim(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
}
