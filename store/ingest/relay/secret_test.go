package relay

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestSecretMatches(t *testing.T) {
	s := Secret{"0123456789abcdef"}
	for header, want := range map[string]bool{
		"Bearer 0123456789abcdef":  true,
		"Bearer 0123456789abcde":   false,
		"Bearer 0123456789abcdeff": false,
		"Bearer ":                  false,
		"Basic 0123456789abcdef":   false,
		"0123456789abcdef":         false,
		"":                         false,
	} {
		r := &http.Request{Header: http.Header{"Authorization": {header}}}
		if got := s.Matches(r); got != want {
			t.Errorf("%q: got %t", header, got)
		}
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	s := Secret{"0123456789abcdef"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, value := range []any{s, struct{ S Secret }{s}} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "0123") {
				t.Errorf("%s shows %s", verb, text)
			}
		}
	}
	h := http.Header{}
	Secret{}.write(h)
	if len(h) != 0 {
		t.Errorf("no secret is sent as %v", h)
	}
}
