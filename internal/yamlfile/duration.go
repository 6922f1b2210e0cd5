package yamlfile

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"
)

// Duration is a time.Duration written as "250ms", "1.5s" or "3m" in YAML.
type Duration time.Duration

// UnmarshalYAML reads Go's duration syntax; a bare number is refused, since
// its unit would be a guess.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil || n.Kind != yaml.ScalarNode {
		// A TypeError keeps the other findings of the document.
		return &yaml.TypeError{Errors: []string{
			fmt.Sprintf("line %d: %q is not a duration such as 250ms, 1.5s or 3m", n.Line, n.Value),
		}}
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes Go's duration syntax.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// D returns the plain duration.
func (d Duration) D() time.Duration { return time.Duration(d) }

// String returns the duration as time.Duration prints it.
func (d Duration) String() string { return time.Duration(d).String() }
