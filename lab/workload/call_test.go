package workload

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
)

// TestCallAll writes an endpoint's calls as words: p… is parallel, …? optional,
// …! fails. Each takes a second; the result is the begin of each call, by
// second, and whether all went well.
func TestCallAll(t *testing.T) {
	for calls, want := range map[string]string{
		"":                 " ok",
		"a":                "a0 ok",
		"a b c":            "a0 b1 c2 ok",
		"pa pb c":          "pa0 pb0 c1 ok",
		"a pb pc d pe":     "a0 pb1 pc1 d2 pe3 ok",
		"a! b":             "a!0 failed",
		"a?! b":            "a?!0 b1 ok",
		"pa pb! c":         "pa0 pb!0 failed",
		"pa?! pb c":        "pa?!0 pb0 c1 ok",
		"pa?! pb! pc":      "pa?!0 pb!0 pc0 failed",
		"a?! pb?! pc?! d!": "a?!0 pb?!1 pc?!1 d!2 failed",
	} {
		t.Run(calls, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				words := strings.Fields(calls)
				start := time.Now()
				began := make([]string, len(words))
				var mu sync.Mutex
				var list []scenario.Call
				for _, w := range words {
					list = append(list, scenario.Call{Service: w, Parallel: w[0] == 'p', Optional: strings.Contains(w, "?")})
				}
				ok := callAll(t.Context(), list, func(_ context.Context, c *scenario.Call) bool {
					mu.Lock()
					for i, w := range words {
						if w == c.Service {
							began[i] = w + string(rune('0'+int(time.Since(start)/time.Second)))
						}
					}
					mu.Unlock()
					time.Sleep(time.Second)
					return !strings.Contains(c.Service, "!")
				})
				got := strings.Join(strings.Fields(strings.Join(began, " ")), " ") + map[bool]string{true: " ok", false: " failed"}[ok]
				if got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		})
	}
}
