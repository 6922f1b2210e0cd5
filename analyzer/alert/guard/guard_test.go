package guard

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	const (
		never  = "never"
		asked  = "only when allowed"
		always = "always"
	)
	for addr, want := range map[string]string{
		"8.8.8.8":                   always,
		"2606:4700::1111":           always,
		"::ffff:8.8.8.8":            always,
		"64:ff9b::808:808":          always,
		"172.32.0.1":                always,
		"100.128.0.1":               always,
		"10.0.0.1":                  asked,
		"172.16.0.1":                asked,
		"192.168.1.1":               asked,
		"127.0.0.1":                 asked,
		"127.8.8.8":                 asked,
		"::1":                       asked,
		"fd12::1":                   asked,
		"100.64.0.1":                asked,
		"198.18.0.1":                asked,
		"0.1.2.3":                   asked,
		"::ffff:127.0.0.1":          asked,
		"64:ff9b::a00:1":            asked,
		"64:ff9b:1::c0a8:101":       asked,
		"169.254.169.254":           never,
		"169.254.0.1":               never,
		"::ffff:169.254.169.254":    never,
		"64:ff9b::a9fe:a9fe":        never,
		"64:ff9b:1:fffe::a9fe:a9fe": never,
		"fe80::1":                   never,
		"fe80::1%eth0":              never,
		"fd00:ec2::254":             never,
		"100.100.100.200":           never,
		"168.63.129.16":             never,
		"192.0.0.192":               never,
		"0.0.0.0":                   never,
		"::":                        never,
		"224.0.0.1":                 never,
		"ff02::1":                   never,
		"255.255.255.255":           never,
	} {
		a := netip.MustParseAddr(addr)
		got := always
		switch {
		case Check(a, true) != nil:
			got = never
		case Check(a, false) != nil:
			got = asked
		}
		if got != want {
			t.Errorf("%s may be dialled: %s, want %s", addr, got, want)
		}
		if err := Check(a, false); err != nil && !errors.Is(err, ErrForbidden) {
			t.Errorf("error of %s = %v", addr, err)
		}
	}
	if Check(netip.Addr{}, true) == nil {
		t.Error("no address may be dialled")
	}
}

func TestNamed(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "::1": true, "10.1.2.3": true, "localhost": true,
		"localhost.evil.example": false, "example.org": false, "": false, "0x7f000001": false, "127.1": false,
	} {
		if got := Named(host); got != want {
			t.Errorf("Named(%q) = %v, want %v", host, got, want)
		}
	}
}

// TestDial goes through a real connection: a name that resolves to this machine
// is refused before a byte is sent, and by name.
func TestDial(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for private, want := range map[bool]string{true: "", false: "it is private; set allow_private if that is meant"} {
		transport := &http.Transport{DialContext: DialContext(private)}
		resp, err := (&http.Client{Transport: transport}).Get("http://localhost:" + port)
		got := ""
		if err != nil {
			got = err.Error()
			if !errors.Is(err, ErrForbidden) {
				t.Errorf("error = %v", err)
			}
		} else {
			resp.Body.Close()
		}
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("private %v: error %q, want %q", private, got, want)
		}
		transport.CloseIdleConnections()
	}
}
