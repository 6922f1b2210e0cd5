package collector

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"

	"go.opentelemetry.io/collector/component"
)

// TestComponents holds the contents of the distribution to a golden file.
func TestComponents(t *testing.T) {
	var got bytes.Buffer
	if err := Components(&got); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "components.txt")
	golden.Check(t, path, got.Bytes())
}

func TestSignals(t *testing.T) {
	for want, s := range map[string]signals{
		"":                         {},
		"traces Beta":              {traces: component.StabilityLevelBeta},
		"logs Alpha, metrics Beta": {logs: component.StabilityLevelAlpha, metrics: component.StabilityLevelBeta},
	} {
		if got := s.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// environment are the variables that the test config reads.
func environment(t *testing.T, store, als string) {
	t.Helper()
	t.Setenv("PLIMSOLL_STORE", store)
	t.Setenv("PLIMSOLL_ALS", als)
}

func TestValidate(t *testing.T) {
	const config = "testdata/config.yaml"
	environment(t, "http://127.0.0.1:1?database=plimsoll", "127.0.0.1:0")
	for name, test := range map[string]struct {
		files []string
		err   string // "": valid
	}{
		"test config":      {[]string{config}, ""},
		"otlp laid over":   {[]string{config, "testdata/otlp.yaml"}, ""},
		"bad otlp store":   {[]string{config, "testdata/otlp.yaml", "yaml:exporters::meshstore::store: \"\""}, "id must not be empty"},
		"queue":            {[]string{config, "testdata/otlp.yaml", "yaml:exporters::meshstore::sending_queue: {}"}, "sending_queue"},
		"example":          {[]string{"config.example.yaml"}, ""},
		"laid over":        {[]string{config, "yaml:receivers::envoyals::endpoint: 127.0.0.1:1"}, ""},
		"no file":          {nil, "no URIs"},
		"missing file":     {[]string{"testdata/none.yaml"}, "testdata/none.yaml"},
		"unknown receiver": {[]string{config, "yaml:receivers::zipkin: {}"}, "zipkin"},
		"unknown field":    {[]string{config, "yaml:receivers::envoyals::endpont: x"}, "endpont"},
		"bad endpoint":     {[]string{config, "yaml:receivers::envoyals::endpoint: nowhere"}, `receivers::envoyals: endpoint: "nowhere"`},
		"bad store":        {[]string{config, "yaml:extensions::meshstore::block_rows: 0"}, "extensions::meshstore: block_rows: 0"},
		"no exporter":      {[]string{config, "yaml:service::pipelines::logs::exporters: []"}, "must have at least one exporter"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Validate(t.Context(), "test", test.files)
			switch {
			case test.err == "" && err != nil:
				t.Error(err)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Errorf("got error %v, want one that contains %q", err, test.err)
			}
		})
	}
}
