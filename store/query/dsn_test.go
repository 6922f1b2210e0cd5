package query

import (
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseDSN(t *testing.T) {
	for in, want := range map[string]DSN{
		"unix:///run/p/clickhouse.sock":                  {Scheme: "unix", Address: "/run/p/clickhouse.sock", Database: "plimsoll"},
		"unix:///run/p/clickhouse.sock?database=other_1": {Scheme: "unix", Address: "/run/p/clickhouse.sock", Database: "other_1"},
		"http://127.0.0.1:18123?database=d":              {Scheme: "http", Address: "127.0.0.1:18123", Database: "d"},
		"http://db/":                                     {Scheme: "http", Address: "db:8123", Database: "plimsoll"},
		"https://db":                                     {Scheme: "https", Address: "db:8443", Database: "plimsoll"},
		"http://[::1]:9?database=d":                      {Scheme: "http", Address: "[::1]:9", Database: "d"},
		"http://me@db:8123":                              {Scheme: "http", Address: "db:8123", Database: "plimsoll", User: "me"},
		"https://me:p%40ss@db:1?database=d":              {Scheme: "https", Address: "db:1", Database: "d", User: "me", password: "p@ss"},
	} {
		t.Run(in, func(t *testing.T) {
			got, err := ParseDSN(in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(DSN{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseDSNErrors(t *testing.T) {
	for in, want := range map[string]string{
		"":                               `unknown scheme "": want unix, http or https`,
		"clickhouse://db:9000":           `unknown scheme "clickhouse"`,
		"unix://run/clickhouse.sock":     "three slashes and an absolute path",
		"unix:clickhouse.sock":           "three slashes and an absolute path",
		"unix://":                        "three slashes and an absolute path",
		"http://?database=d":             "no host: want http://host:port",
		"http://db:8123/d":               `unexpected path "/d": the database is given as ?database=name`,
		"http://db:8123?database=":       `database ""`,
		"http://db:8123?database=a-b":    `database "a-b": want letters, digits and underscores`,
		"http://db:8123?database=a;b":    "malformed parameters",
		"http://db?database=a&debug=1":   `parameter "debug": the only one known is database`,
		"http://db?database=a&database=": `parameter "database": the only one known is database, given once`,
		"http://db:port":                 "invalid port",
		"http://me:se cret@db:8123":      "invalid userinfo",
		"http://me:secret@db:8123/path":  "unexpected path",
		"ftp://me:secret@db":             `unknown scheme "ftp"`,
		"http://me:secret@db:8123?x=1":   `parameter "x"`,
		"http://me:secret@db:%zz":        "parsing store dsn",
	} {
		t.Run(in, func(t *testing.T) {
			_, err := ParseDSN(in)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("error = %v, want one with %q", err, want)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "se cret") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestDSNStringHidesThePassword(t *testing.T) {
	d, err := ParseDSN("https://me:secret@db:1?database=d")
	if err != nil {
		t.Fatal(err)
	}
	marshalled, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{d.String(), fmt.Sprintf("%v %+v %#v %s %q", d, d, d, d, d), fmt.Sprint(&d), string(marshalled)} {
		if strings.Contains(text, "secret") {
			t.Errorf("%s shows the password", text)
		}
	}
	if want := "https://me:xxxxx@db:1/?database=d"; d.String() != want {
		t.Errorf("String() = %s, want %s", d, want)
	}
	if user, password := d.Credentials(); user != "me" || password != "secret" {
		t.Errorf("Credentials() = %s, %s", user, password)
	}
}

// TestDSNRoundTrip: a DSN without a password reads back from its String.
func TestDSNRoundTrip(t *testing.T) {
	for _, in := range []string{"unix:///a b/c.sock?database=d", "http://db:1?database=d", "https://[::1]", "unix:///x"} {
		d, err := ParseDSN(in)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseDSN(d.String())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, again, cmpopts.IgnoreUnexported(DSN{})); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}

func TestDialUnixAndTCP(t *testing.T) {
	for network, listen := range map[string]string{"unix": filepath.Join(t.TempDir(), "s"), "tcp": "127.0.0.1:0"} {
		l, err := net.Listen(network, listen)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		dsn := "unix://" + l.Addr().String()
		if network == "tcp" {
			dsn = "http://" + l.Addr().String()
		}
		d, err := ParseDSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := d.Dial(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", d, err)
		}
		conn.Close()
	}
}

func FuzzParseDSN(f *testing.F) {
	for _, in := range []string{"unix:///a.sock?database=d", "http://u:pw@h:1?database=d", "https://h", "://", "unix://%2f"} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		d, err := ParseDSN(in)
		if err != nil {
			return
		}
		if d.Address == "" || d.Database == "" {
			t.Errorf("ParseDSN(%q) = %#v without an error", in, d)
		}
		if _, err := ParseDSN(d.String()); err != nil {
			t.Errorf("ParseDSN(%q) cannot be read back from %q: %v", in, d.String(), err)
		}
	})
}
