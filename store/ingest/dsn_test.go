package ingest

import (
	"strings"
	"testing"
)

func TestCheckDSN(t *testing.T) {
	for dsn, want := range map[string]string{
		"unix:///run/ch.sock":                         "",
		"http://user:secret@a:8123?database=plimsoll": "",
		"http://a,b;c,d:8124?database=plimsoll":       "",
		"plimsoll+unix:///run/relay.sock":             "",
		"plimsoll+https://centre:4319?token_file=/t":  "",
		"":                                 `unknown scheme ""`,
		"tcp://a:9000":                     `unknown scheme "tcp"`,
		"http://a,:8123?database=plimsoll": "of shard 1",
		"plimsoll+http://10.0.0.1:4319?token_file=/t":  "use plimsoll+https",
		"plimsoll+tcp://centre:4319":                   `unknown scheme "plimsoll+tcp"`,
		"ftp://user:secret@a,b":                        `unknown scheme "ftp"`,
		"plimsoll+https://user:secret@c:1?token_file=": "a user or password has no place here",
	} {
		err := CheckDSN(dsn)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", dsn, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error repeats the password: %v", dsn, err)
		}
	}
}
