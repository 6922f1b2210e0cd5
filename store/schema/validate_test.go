package schema

import (
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		want    string // "": valid
	}{
		"defaults":      {Options{}, ""},
		"both":          {Options{Retention: map[string]time.Duration{"spans": day}, RawShare: .5}, ""},
		"unknown table": {Options{Retention: map[string]time.Duration{"spam": day}}, `there is no table "spam"`},
		"too short":     {Options{Retention: map[string]time.Duration{"spans": time.Hour}}, "retention of spans: 1h0m0s"},
		"share":         {Options{RawShare: 2}, "raw share: 2"},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.options.Validate()
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}
