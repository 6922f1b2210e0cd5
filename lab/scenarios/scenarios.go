// Package scenarios holds the scenarios that come with Plimsoll. The demo is
// bookinfo.yaml; pair.yaml is the smallest useful one, to start your own from.
package scenarios

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed *.yaml
var files embed.FS

// Demo is the file name of the demo's scenario.
const Demo = "bookinfo.yaml"

// Extract writes all scenarios, with the files they name, into a directory.
func Extract(dir string) error {
	entries, err := files.ReadDir(".")
	if err != nil {
		return fmt.Errorf("listing the built-in scenarios: %w", err)
	}
	for _, e := range entries {
		data, err := files.ReadFile(e.Name())
		if err != nil {
			return fmt.Errorf("reading built-in scenario %s: %w", e.Name(), err)
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), data, 0o600); err != nil {
			return fmt.Errorf("extracting scenario %s: %w", e.Name(), err)
		}
	}
	return nil
}
