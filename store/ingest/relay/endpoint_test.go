package relay

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseEndpoint(t *testing.T) {
	for text, want := range map[string]Endpoint{
		"plimsoll+unix:///run/plimsoll/relay.sock":                      {Scheme: "unix", Address: "/run/plimsoll/relay.sock"},
		"plimsoll+http://127.0.0.1:4319?token_file=/etc/t":              {Scheme: "http", Address: "127.0.0.1:4319", TokenFile: "/etc/t"},
		"plimsoll+http://localhost:1?token_file=/t":                     {Scheme: "http", Address: "localhost:1", TokenFile: "/t"},
		"plimsoll+http://[::1]:1?token_file=/t":                         {Scheme: "http", Address: "[::1]:1", TokenFile: "/t"},
		"plimsoll+https://centre.example:4319/?token_file=/t":           {Scheme: "https", Address: "centre.example:4319", TokenFile: "/t"},
		"plimsoll+https://centre.example:4319?token_file=/t&ca_file=/c": {Scheme: "https", Address: "centre.example:4319", TokenFile: "/t", CAFile: "/c"},
	} {
		if !Is(text) {
			t.Errorf("%s: not taken for the address of a central collector", text)
		}
		if got, err := ParseEndpoint(text); err != nil || got != want {
			t.Errorf("%s: got %+v (%v), want %+v", text, got, err, want)
		}
	}
}

func TestParseEndpointErrors(t *testing.T) {
	for text, want := range map[string]string{
		"unix:///run/ch.sock":                                    `unknown scheme "unix": want plimsoll+unix`,
		"plimsoll+ftp://host:1?token_file=/t":                    `unknown scheme "plimsoll+ftp"`,
		"plimsoll+unix://run/relay.sock":                         "three slashes and an absolute path",
		"plimsoll+unix:///run/relay.sock?token_file=/t":          "a socket takes neither token_file nor ca_file",
		"plimsoll+https://centre?token_file=/t":                  "want plimsoll+https://host:port",
		"plimsoll+https://:4319?token_file=/t":                   "want plimsoll+https://host:port",
		"plimsoll+https://centre:4319":                           "no token_file",
		"plimsoll+https://centre:4319/v1?token_file=/t":          `unexpected path "/v1"`,
		"plimsoll+https://centre:4319?token_file=t":              `parameter "token_file": want one absolute path`,
		"plimsoll+https://centre:4319?token_file=/t&database=/x": `parameter "database": those known are token_file and ca_file`,
		"plimsoll+https://centre:4319?a=%zz":                     "malformed parameters",
		"plimsoll+http://10.0.0.1:4319?token_file=/t":            "10.0.0.1 is not this machine, and plimsoll+http is not encrypted: use plimsoll+https",
		"plimsoll+http://127.0.0.1.example:1?token_file=/t":      "is not this machine",
		"plimsoll+http://127.0.0.1:1?token_file=/t&ca_file=/c":   "ca_file needs plimsoll+https",
		"plimsoll+https://user:secret@centre:4319?token_file=/t": "a user or password has no place here",
		"plimsoll+https://centre:port?token_file=/t":             "invalid port",
	} {
		_, err := ParseEndpoint(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error repeats the password: %v", text, err)
		}
	}
}

func TestEndpointString(t *testing.T) {
	for _, want := range []string{"plimsoll+unix:///run/relay.sock", "plimsoll+https://centre.example:4319"} {
		text := want
		if strings.Contains(want, "https") {
			text += "?token_file=/t"
		}
		e, err := ParseEndpoint(text)
		if err != nil || e.String() != want {
			t.Errorf("got %s (%v), want %s", e, err, want)
		}
	}
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.8.8.8": true, "::1": true, "::ffff:127.0.0.1": true, "LocalHost": true,
		"0.0.0.0": false, "": false, "10.1.2.3": false, "localhost.example": false, "::": false,
	} {
		if got := Loopback(host); got != want {
			t.Errorf("%q: got %t", host, got)
		}
	}
}

func TestReadSecret(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const word = "0123456789abcdef"
	if s, err := ReadSecret(write("good", word+"\n", 0o600)); err != nil || s.text != word {
		t.Errorf("got %q (%v)", s.text, err)
	}
	if s, err := ReadSecret(write("credential", word, 0o400)); err != nil || s.text != word {
		t.Errorf("got %q (%v)", s.text, err)
	}
	for path, want := range map[string]string{
		write("open", word, 0o644):          "mode 0644 lets others read it: chmod 600 it",
		write("group", word, 0o640):         "mode 0640",
		write("short", "0123", 0o600):       "want one word of at least 16 characters",
		write("words", word+" more", 0o600): "want one word",
		filepath.Join(dir, "none"):          "no such file",
		dir:                                 "lets others read it",
	} {
		if _, err := ReadSecret(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", path, err, want)
		}
	}
}
