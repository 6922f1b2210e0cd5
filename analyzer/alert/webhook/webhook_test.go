package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The vector of the specification's reference libraries.
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorTimestamp = 1614265330
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func secret(t *testing.T, text string) Secret {
	t.Helper()
	s, err := ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSignVector(t *testing.T) {
	h := http.Header{}
	Secrets{secret(t, vectorSecret)}.Sign(h, vectorID, time.Unix(vectorTimestamp, 999), []byte(vectorBody))
	for name, want := range map[string]string{
		"webhook-id": vectorID, "webhook-timestamp": "1614265330", "webhook-signature": vectorSignature,
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestVerify(t *testing.T) {
	now := time.Unix(vectorTimestamp, 0)
	const foreign = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	for _, tc := range []struct {
		name string
		edit func(h http.Header) // of a correct set of headers
		body string
		now  time.Time
		want error
	}{
		{"as sent", nil, vectorBody, now, nil},
		{"at the edge of tolerance", nil, vectorBody, now.Add(Tolerance), nil},
		{"too old", nil, vectorBody, now.Add(Tolerance + time.Second), ErrTimestamp},
		{"from the future", nil, vectorBody, now.Add(-Tolerance - time.Second), ErrTimestamp},
		{"another body", nil, vectorBody + " ", now, ErrSignature},
		{"another id", func(h http.Header) { h.Set(HeaderID, "msg_x") }, vectorBody, now, ErrSignature},
		{"another time", func(h http.Header) { h.Set(HeaderTimestamp, "1614265331") }, vectorBody, now, ErrSignature},
		{"no number", func(h http.Header) { h.Set(HeaderTimestamp, "now") }, vectorBody, now, ErrTimestamp},
		{"no id", func(h http.Header) { h.Del(HeaderID) }, vectorBody, now, ErrMissingHeader},
		{"no time", func(h http.Header) { h.Del(HeaderTimestamp) }, vectorBody, now, ErrMissingHeader},
		{"no signature", func(h http.Header) { h.Del(HeaderSignature) }, vectorBody, now, ErrMissingHeader},
		{"rotation: any of several", func(h http.Header) { h.Set(HeaderSignature, foreign+" v1a,x "+vectorSignature) }, vectorBody, now, nil},
		{"another's signature", func(h http.Header) { h.Set(HeaderSignature, foreign) }, vectorBody, now, ErrSignature},
		{"another version", func(h http.Header) { h.Set(HeaderSignature, strings.Replace(vectorSignature, "v1", "v2", 1)) }, vectorBody, now, ErrSignature},
		{"no version", func(h http.Header) { h.Set(HeaderSignature, vectorSignature[3:]) }, vectorBody, now, ErrSignature},
		{"no base64", func(h http.Header) { h.Set(HeaderSignature, "v1,???") }, vectorBody, now, ErrSignature},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, h := secret(t, vectorSecret), http.Header{}
			Secrets{s}.Sign(h, vectorID, now, []byte(vectorBody))
			if tc.edit != nil {
				tc.edit(h)
			}
			if err := s.Verify(h, []byte(tc.body), tc.now); !errors.Is(err, tc.want) {
				t.Errorf("error = %v, want %v", err, tc.want)
			}
		})
	}
}

func TestParseSecretErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "a signing secret begins with whsec_",
		"MfKQ9r8GKYqrTwjUPD8I":      "a signing secret begins with whsec_",
		"whsec_not base64":          "what follows whsec_ is not base64",
		"whsec_c2hvcnQ=":            "a signing secret has 24 to 64 bytes, this one 5",
		"whsec_" + longest + "A":    "what follows whsec_ is not base64",
		"whsec_" + longest + "QUFB": "a signing secret has 24 to 64 bytes, this one 66",
	} {
		if _, err := ParseSecret(text); err == nil || err.Error() != want {
			t.Errorf("ParseSecret(%q) error = %v, want %s", text, err, want)
		}
	}
}

var longest = strings.Repeat("QUFB", 21) // 63 bytes

func TestReadSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	write := func(text string) (Secrets, error) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return ReadSecrets(path)
	}
	list, err := write(vectorSecret + "\n")
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	list.Sign(h, vectorID, time.Unix(vectorTimestamp, 0), []byte(vectorBody))
	if got := h.Get(HeaderSignature); got != vectorSignature {
		t.Errorf("signature = %s, want %s", got, vectorSignature)
	}
	for text, want := range map[string]string{
		" \n":                                "it is empty",
		vectorSecret + "\nx":                 "a signing secret begins with whsec_",
		strings.Repeat(vectorSecret+"\n", 5): "5 secrets, at most 4 may be in use",
	} {
		if _, err := write(text); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("error of %q = %v, want %s", text, err, want)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSecrets(path); err == nil || !strings.Contains(err.Error(), "its mode is 0640, others may read it; chmod 600 it") {
		t.Errorf("error of a readable file = %v", err)
	}
	if _, err := ReadSecrets(path + "x"); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("error of a missing file = %v", err)
	}
}

// TestRotation: while two secrets are in use, a receiver that knows either
// believes; afterwards the old one is of no use.
func TestRotation(t *testing.T) {
	now := time.Unix(vectorTimestamp, 0)
	before, after := secret(t, vectorSecret), secret(t, "whsec_"+longest)
	for _, tc := range []struct {
		keys     Secrets
		old, new bool
	}{{Secrets{before}, true, false}, {Secrets{after, before}, true, true}, {Secrets{after}, false, true}} {
		h := http.Header{}
		tc.keys.Sign(h, vectorID, now, []byte(vectorBody))
		if got := before.Verify(h, []byte(vectorBody), now) == nil; got != tc.old {
			t.Errorf("%d secrets: the old one believes: %v", len(tc.keys), got)
		}
		if got := after.Verify(h, []byte(vectorBody), now) == nil; got != tc.new {
			t.Errorf("%d secrets: the new one believes: %v", len(tc.keys), got)
		}
	}
}

func TestSecretIsHidden(t *testing.T) {
	s := secret(t, vectorSecret)
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %s %q", s, s, s, &s)} {
		if strings.Contains(text, "MfKQ") || strings.Contains(text, "[49") {
			t.Errorf("the secret shows in %s", text)
		}
	}
	_, err := ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS?")
	if strings.Contains(err.Error(), "MfKQ") {
		t.Errorf("the secret shows in %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(vectorID, "1614265330", vectorSignature, []byte(vectorBody))
	f.Add("", "", "v1,", []byte{})
	s, err := ParseSecret(vectorSecret)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, id, stamp, signature string, body []byte) {
		h := http.Header{}
		h.Set(HeaderID, id)
		h.Set(HeaderTimestamp, stamp)
		h.Set(HeaderSignature, signature)
		genuine := id == vectorID && stamp == "1614265330" && string(body) == vectorBody
		if err := s.Verify(h, body, time.Unix(vectorTimestamp, 0)); err == nil && !genuine {
			t.Errorf("believed id=%q stamp=%q signature=%q body=%q", id, stamp, signature, body)
		}
	})
}
