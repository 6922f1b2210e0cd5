package envoyals

import (
	"testing"
	"time"
)

func TestMayEnd(t *testing.T) {
	const ms = time.Millisecond
	for name, tc := range map[string]struct {
		drains, silent, linger time.Duration
		want                   bool
	}{
		"data still comes":               {100 * ms, 2 * ms, 0, false},
		"a burst may go on":              {100 * ms, 29 * ms, 0, false},
		"right after a burst":            {100 * ms, 30 * ms, 0, true},
		"the last moment after a burst":  {300 * ms, 250 * ms, 0, true},
		"the next burst may be near":     {300 * ms, 251 * ms, 0, false},
		"a burst of Envoy's default, 1s": {1100 * ms, 1100 * ms, 0, false},
		"a proxy that has nothing":       {1200 * ms, 1200 * ms, 0, true},
		"silent since long before":       {5 * ms, time.Hour, 0, true},
		"lingers for health checks":      {999 * ms, 100 * ms, time.Second, false},
		"has lingered":                   {time.Second, 100 * ms, time.Second, true},
		"in a hurry, any gap":            {2 * time.Second, 5 * ms, 0, true},
		"in a hurry, near a burst":       {2 * time.Second, 600 * ms, 0, true},
		"in a hurry, data comes":         {2 * time.Second, 4 * ms, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mayEnd(tc.drains, tc.silent, tc.linger); got != tc.want {
				t.Errorf("mayEnd = %t", got)
			}
		})
	}
}
