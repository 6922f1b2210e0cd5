package envoyals

import (
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

func TestConfig(t *testing.T) {
	type want struct {
		endpoint, store, clientCA string
		insecure                  bool
	}
	certificate := map[string]any{"cert_file": "c.pem", "key_file": "k.pem"}
	mutual := map[string]any{"cert_file": "c.pem", "key_file": "k.pem", "client_ca_file": "ca.pem"}
	for name, test := range map[string]struct {
		raw  map[string]any
		want want
	}{
		"default":         {nil, want{endpoint: "127.0.0.1:19001", store: "meshstore"}},
		"another store":   {map[string]any{"store": "meshstore/b"}, want{endpoint: "127.0.0.1:19001", store: "meshstore/b"}},
		"socket":          {map[string]any{"endpoint": "unix:///run/als.sock"}, want{endpoint: "unix:///run/als.sock", store: "meshstore"}},
		"passed":          {map[string]any{"endpoint": "fd:3"}, want{endpoint: "fd:3", store: "meshstore"}},
		"activated":       {map[string]any{"endpoint": "systemd"}, want{endpoint: "systemd", store: "meshstore"}},
		"activated, name": {map[string]any{"endpoint": "systemd:als"}, want{endpoint: "systemd:als", store: "meshstore"}},
		"IPv6 loopback":   {map[string]any{"endpoint": "[::1]:1"}, want{endpoint: "[::1]:1", store: "meshstore"}},
		"localhost":       {map[string]any{"endpoint": "localhost:1"}, want{endpoint: "localhost:1", store: "meshstore"}},
		"TLS on loopback": {map[string]any{"tls": certificate}, want{endpoint: "127.0.0.1:19001", store: "meshstore"}},
		"mutual TLS":      {map[string]any{"endpoint": "0.0.0.0:1", "tls": mutual}, want{endpoint: "0.0.0.0:1", store: "meshstore", clientCA: "ca.pem"}},
		"insecure":        {map[string]any{"endpoint": "0.0.0.0:1", "insecure": true}, want{endpoint: "0.0.0.0:1", store: "meshstore", insecure: true}},
		"anyone by TLS": {
			map[string]any{"endpoint": "als.example:1", "insecure": true, "tls": certificate},
			want{endpoint: "als.example:1", store: "meshstore", insecure: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			if err := confmap.NewFromStringMap(test.raw).Unmarshal(cfg); err != nil {
				t.Fatal(err)
			}
			if err := confmap.Validate(cfg); err != nil {
				t.Fatal(err)
			}
			got := want{endpoint: cfg.Endpoint, store: cfg.Store.String(), insecure: cfg.Insecure}
			if cfg.TLS.HasValue() {
				got.clientCA = cfg.TLS.Get().ClientCAFile
			}
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestConfigErrors holds what users are told to the word.
func TestConfigErrors(t *testing.T) {
	const forms = ": want host:port, unix:///path, fd:3 or systemd: "
	for name, test := range map[string]struct {
		cfg  Config
		want string
	}{
		"relative socket": {Config{Endpoint: "unix://als.sock"}, `endpoint: "unix://als.sock": the path of a socket must be absolute, as in unix:///run/plimsoll/als.sock`},
		"one slash":       {Config{Endpoint: "unix:/als.sock"}, `endpoint: "unix:/als.sock": the path of a socket must be absolute, as in unix:///run/plimsoll/als.sock`},
		"no port":         {Config{Endpoint: "127.0.0.1"}, `endpoint: "127.0.0.1"` + forms + "address 127.0.0.1: missing port in address"},
		"empty":           {Config{}, `endpoint: ""` + forms + "missing port in address"},
		"standard input":  {Config{Endpoint: "fd:0"}, `endpoint: "fd:0": want the number of a passed socket from 3 on, as in fd:3`},
		"no number":       {Config{Endpoint: "fd:als"}, `endpoint: "fd:als": want the number of a passed socket from 3 on, as in fd:3`},
		"plaintext for all": {
			Config{Endpoint: "0.0.0.0:1"},
			`tls: missing, and endpoint "0.0.0.0:1" can be reached from other machines; ` +
				`set tls with cert_file, key_file and client_ca_file, listen on 127.0.0.1 or a socket, or set insecure: true`,
		},
		"plaintext for a name": {
			Config{Endpoint: "als.example:1"},
			`tls: missing, and endpoint "als.example:1" can be reached from other machines; ` +
				`set tls with cert_file, key_file and client_ca_file, listen on 127.0.0.1 or a socket, or set insecure: true`,
		},
		"all interfaces": {
			Config{Endpoint: ":1"},
			`tls: missing, and endpoint ":1" can be reached from other machines; ` +
				`set tls with cert_file, key_file and client_ca_file, listen on 127.0.0.1 or a socket, or set insecure: true`,
		},
		"no client certificate": {
			withTLS(Config{Endpoint: "0.0.0.0:1"}),
			`tls::client_ca_file: missing, and endpoint "0.0.0.0:1" can be reached from other machines; ` +
				`name the CA of the proxies' certificates, or set insecure: true`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.cfg.Store = component.MustNewID("meshstore")
			if err := test.cfg.Validate(); err == nil || err.Error() != test.want {
				t.Errorf("got error\n%v\nwant\n%s", err, test.want)
			}
		})
	}
	if err := (&Config{Endpoint: "127.0.0.1:1"}).Validate(); err == nil || err.Error() != "store: empty; name the extension that stores the rows, such as meshstore" {
		t.Errorf("without store: %v", err)
	}
}

// TestConfigForm sees that a misspelt field and a wrong form are refused.
func TestConfigForm(t *testing.T) {
	for name, raw := range map[string]map[string]any{
		"unknown field":     {"endpont": "x"},
		"bad store":         {"store": "9"},
		"unknown TLS field": {"tls": map[string]any{"certfile": "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := confmap.NewFromStringMap(raw).Unmarshal(createDefaultConfig().(*Config)); err == nil {
				t.Error("it was taken")
			}
		})
	}
	cfg := createDefaultConfig().(*Config)
	if err := confmap.NewFromStringMap(map[string]any{"tls": map[string]any{}}).Unmarshal(cfg); err != nil {
		t.Fatal(err)
	}
	if err := confmap.Validate(cfg); err == nil {
		t.Error("TLS without a certificate was taken")
	}
}
