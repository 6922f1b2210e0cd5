package httpd

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// form builds a multipart request. A part named "name@file" is sent as a file of
// that name.
func form(t testing.TB, query string, parts ...string) *http.Request {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i < len(parts); i += 2 {
		name, file, isFile := strings.Cut(parts[i], "@")
		create := func() (io.Writer, error) { return w.CreateFormField(name) }
		if isFile {
			create = func() (io.Writer, error) { return w.CreateFormFile(name, file) }
		}
		part, err := create()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(parts[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/"+query, &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

func TestFormsBecomeTablesStatementAndSettings(t *testing.T) {
	r := form(t, "?query=SELECT&a_structure=n+Int8&a_format=CSV&b_types=Int8,Tuple(String,Decimal(9,2))&max_threads=1",
		"a@a.csv", "1\n2\n", "b@", "1\t('x',1)\n", "query", " 1", "max_block_size", "7", "param_p", "x")
	req, err := parseRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	want := []externalTable{
		{"a", "n Int8", "CSV", []byte("1\n2\n")},
		{"b", "_1 Int8, _2 Tuple(String,Decimal(9,2))", "TabSeparated", []byte("1\t('x',1)\n")},
	}
	if diff := cmp.Diff(want, req.external, cmp.AllowUnexported(externalTable{})); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"max_threads": "1", "max_block_size": "7"}, req.session.Settings); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if req.statement.Text != "SELECT 1" || !req.whole || req.params["p"] != "x" || req.reusable() {
		t.Errorf("statement = %q whole = %v params = %v reusable = %v", req.statement.Text, req.whole, req.params, req.reusable())
	}
}

func TestFormMayBeEncoded(t *testing.T) {
	r := form(t, "?a_structure=n+Int8", "a@", "1\n", "query", "SELECT 1")
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		t.Fatal(err)
	}
	packed := httptest.NewRequest(http.MethodPost, r.URL.String(), bytes.NewReader(encoded(t, "zstd", body.Bytes())))
	packed.Header = r.Header
	packed.Header.Set("Content-Encoding", "zstd")
	req, err := parseRequest(packed)
	if err != nil || len(req.external) != 1 || string(req.external[0].data) != "1\n" {
		t.Errorf("request = %+v, %v", req, err)
	}
}

func TestFormsAreRefused(t *testing.T) {
	tests := []struct {
		name     string
		request  *http.Request
		code     int
		contains string
	}{
		{"a table without columns", form(t, "", "a@f", "1"), codeBadArguments, "add a_structure or a_types"},
		{"a table beyond all bounds", form(t, "?a_structure=n+Int8", "a@", strings.Repeat("1\n", maxForm/2)), codeNotImplemented, "67108864 bytes"},
		{"a setting that is no name", form(t, "", "a b", "1"), codeUnknownSetting, "a b"},
		{"no statement", form(t, "?a_structure=n+Int8", "a@", "1"), codeSyntaxError, "Empty query"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseRequest(tt.request)
			if e := toException(err, "v"); err == nil || e.Code != tt.code || !strings.Contains(e.Text, tt.contains) {
				t.Errorf("error = %v, want exception %d with %q", err, tt.code, tt.contains)
			}
		})
	}
}

func TestNumberedColumns(t *testing.T) {
	for types, want := range map[string]string{
		"Int8":                             "_1 Int8",
		"Int8, String":                     "_1 Int8, _2 String",
		"Map(String, Array(Int8)),Enum8()": "_1 Map(String, Array(Int8)), _2 Enum8()",
		"":                                 "_1 ",
	} {
		if got := numberedColumns(types); got != want {
			t.Errorf("numberedColumns(%q) = %q, want %q", types, got, want)
		}
	}
}

// FuzzReadForm feeds any multipart body: a table is never taken for a setting.
func FuzzReadForm(f *testing.F) {
	f.Add("--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"\"\r\n\r\n1\r\n--x--\r\n", "a_structure=n+Int8")
	f.Add("--x\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nSELECT 1\r\n--x--\r\n", "")
	f.Fuzz(func(t *testing.T, body, query string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		req, err := parseRequest(r)
		if err != nil {
			return
		}
		for _, table := range req.external {
			if _, found := req.session.Settings[table.name+"_structure"]; found || table.structure == "" {
				t.Fatalf("table %q with columns %q, settings %v", table.name, table.structure, req.session.Settings)
			}
		}
	})
}
