package blockrelay

import (
	"strings"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

func TestConfig(t *testing.T) {
	store := component.MustNewID("meshstore")
	type raw = map[string]any
	for name, test := range map[string]struct {
		raw  raw
		want Config
		err  string // the whole error; "": valid
	}{
		"default, with a token": {raw{"token_file": "/t"}, Config{"127.0.0.1:4319", store, "/t", TLSConfig{}, 64}, ""},
		"all": {
			raw{
				"endpoint": "0.0.0.0:1", "store": "meshstore/b", "token_file": "/t",
				"tls": raw{"cert_file": "/c", "key_file": "/k"}, "max_in_flight_mib": 20,
			},
			Config{"0.0.0.0:1", component.MustNewIDWithName("meshstore", "b"), "/t", TLSConfig{"/c", "/k"}, 20},
			"",
		},
		"socket":           {raw{"endpoint": "unix:///run/r.sock"}, Config{"unix:///run/r.sock", store, "", TLSConfig{}, 64}, ""},
		"socket and token": {raw{"endpoint": "unix:///run/r.sock", "token_file": "/t"}, Config{"unix:///run/r.sock", store, "/t", TLSConfig{}, 64}, ""},
		"held":             {raw{"endpoint": "systemd:relay"}, Config{"systemd:relay", store, "", TLSConfig{}, 64}, ""},
		"no token":         {nil, Config{}, "token_file: empty; 127.0.0.1:4319 can be reached by others than the senders: name a file of mode 0600 that holds a bearer token"},
		"plain off loopback": {
			raw{"endpoint": "0.0.0.0:4319", "token_file": "/t"},
			Config{},
			"tls: not set; 0.0.0.0:4319 can be reached from other machines: set cert_file and key_file, or listen on 127.0.0.1",
		},
		"all addresses": {
			raw{"endpoint": ":4319", "token_file": "/t"},
			Config{},
			"tls: not set; :4319 can be reached from other machines: set cert_file and key_file, or listen on 127.0.0.1",
		},
		"half a certificate": {raw{"token_file": "/t", "tls": raw{"cert_file": "/c"}}, Config{}, "tls: want both cert_file and key_file"},
		"relative files": {
			raw{"token_file": "t", "tls": raw{"cert_file": "c", "key_file": "k"}},
			Config{},
			"token_file: \"t\": want an absolute path\ntls::cert_file: \"c\": want an absolute path\ntls::key_file: \"k\": want an absolute path",
		},
		"little room": {raw{"token_file": "/t", "max_in_flight_mib": 19}, Config{}, "max_in_flight_mib: 19: want at least 20, the size of the largest block"},
		"relative socket": {
			raw{"endpoint": "unix://r.sock"},
			Config{},
			`endpoint: "unix://r.sock": the path of a socket must be absolute, as in unix:///run/plimsoll/als.sock`,
		},
		"no port": {
			raw{"endpoint": "127.0.0.1"},
			Config{},
			`endpoint: "127.0.0.1": want host:port, unix:///path, fd:3 or systemd: address 127.0.0.1: missing port in address`,
		},
		"unknown field": {raw{"endpont": "x"}, Config{}, "has invalid keys: endpont"},
		"bad store":     {raw{"store": "9"}, Config{}, `invalid character(s) in type "9"`},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			err := confmap.NewFromStringMap(test.raw).Unmarshal(cfg)
			decoded := err == nil
			if decoded {
				err = cfg.Validate()
			}
			switch {
			case test.err == "" && err != nil:
				t.Error(err)
			case test.err == "" && *cfg != test.want:
				t.Errorf("got %+v, want %+v", *cfg, test.want)
			case test.err == "":
			case err == nil, decoded && err.Error() != test.err, !strings.Contains(err.Error(), test.err):
				t.Errorf("got error %v, want %s", err, test.err)
			}
		})
	}
	if err := (&Config{Endpoint: "unix:///s", MaxInFlightMiB: 64}).Validate(); err == nil || err.Error() != "store: empty; name the extension that stores the blocks, such as meshstore" {
		t.Errorf("without store: %v", err)
	}
}
