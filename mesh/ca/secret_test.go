package ca

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretShowsNowhere(t *testing.T) {
	s := NewSecret([]byte("hunter2"))
	holder := struct {
		Name string
		Key  Secret
		In   *Secret
		All  []Secret
	}{"a", s, &s, []Secret{s}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", holder)
	}
	text, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "key", s, "holder", holder)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "key", s, "holder", holder)
	for _, form := range []string{"hunter2", "68756e74657232", "[104 117", "0x68", "aHVudGVyMg"} {
		if strings.Contains(out.String(), form) {
			t.Errorf("%q shows in\n%s", form, out.String())
		}
	}
	if !strings.Contains(out.String(), redacted) || string(s.Reveal()) != "hunter2" {
		t.Error("nothing was printed, or the secret is lost")
	}
}
