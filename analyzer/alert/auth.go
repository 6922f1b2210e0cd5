package alert

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert/guard"
)

// Auth is how a receiver knows us, and how we know it.
type Auth struct {
	// BearerFile holds a token for the Authorization header.
	BearerFile string `yaml:"bearer_file"`
	// Basic is a user and password for the Authorization header.
	Basic *Basic `yaml:"basic"`
	// TLS replaces the system's roots or shows a certificate of ours.
	TLS *TLS `yaml:"tls"`
	// AllowPrivate lets the URL's name resolve to a private or loopback address.
	// An address that the URL itself holds needs no permission.
	AllowPrivate bool `yaml:"allow_private"`
}

// Basic is a user with a password.
type Basic struct {
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
}

// TLS are PEM files.
type TLS struct {
	CAFile     string `yaml:"ca_file"`
	CertFile   string `yaml:"cert_file"`
	KeyFile    string `yaml:"key_file"`
	ServerName string `yaml:"server_name"`
}

func (a Auth) check(report func(field string, err error)) {
	if a.Basic != nil {
		if a.BearerFile != "" {
			report("basic", errors.New("stands beside bearer_file: a request has one Authorization header"))
		}
		report("basic.username", needed(a.Basic.Username, true, ""))
		report("basic.password_file", needed(a.Basic.PasswordFile, true, ""))
	}
	if a.TLS != nil && (a.TLS.CertFile == "") != (a.TLS.KeyFile == "") {
		report("tls.cert_file", errors.New("a certificate needs its key_file, and a key its cert_file"))
	}
}

// Files returns the paths of the files, to be made absolute.
func (a *Auth) Files() []*string {
	list := []*string{&a.BearerFile}
	if a.Basic != nil {
		list = append(list, &a.Basic.PasswordFile)
	}
	if a.TLS != nil {
		list = append(list, &a.TLS.CAFile, &a.TLS.CertFile, &a.TLS.KeyFile)
	}
	return set(list...)
}

// authorization reads what goes into the Authorization header; "" if nothing
// does.
func (a Auth) authorization() (string, error) {
	switch {
	case a.BearerFile != "":
		token, err := readPrivate(a.BearerFile)
		return "Bearer " + token, err
	case a.Basic != nil:
		password, err := readPrivate(a.Basic.PasswordFile)
		req := &http.Request{Header: http.Header{}}
		req.SetBasicAuth(a.Basic.Username, password)
		return req.Header.Get("Authorization"), err
	}
	return "", nil
}

// readPrivate reads a secret of one line from a file that only its owner may
// read.
func readPrivate(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("reading secret: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("reading secret file=%s: its mode is %04o, others may read it; chmod 600 it", path, mode)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading secret: %w", err)
	}
	text := strings.TrimSpace(string(data))
	if text == "" || strings.ContainsAny(text, "\r\n") {
		return "", fmt.Errorf("reading secret file=%s: it must hold one line", path)
	}
	return text, nil
}

// transport returns the transport to a URL. It uses no proxy and dials only what
// package guard allows.
func (a Auth) transport(address string) (*http.Transport, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	config, err := a.tls()
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		DialContext:            guard.DialContext(a.AllowPrivate || guard.Named(u.Hostname())),
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    sendTimeout,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: maxAnswer,
		ForceAttemptHTTP2:      true,
	}, nil
}

func (a Auth) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.TLS == nil {
		return config, nil
	}
	config.ServerName = a.TLS.ServerName
	if a.TLS.CAFile != "" {
		pem, err := os.ReadFile(a.TLS.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading CA: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading CA file=%s: it holds no certificate", a.TLS.CAFile)
		}
	}
	if a.TLS.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(a.TLS.CertFile, a.TLS.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("reading certificate file=%s: %w", a.TLS.CertFile, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
