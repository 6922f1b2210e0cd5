package alert

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert/webhook"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
)

// Target is a receiver of webhooks.
type Target struct {
	// Name identifies the target in the outbox and in lists.
	Name string `yaml:"name"`
	// URL takes the POST, http or https.
	URL string `yaml:"url"`
	// SecretFile holds the signing secret, whsec_ and base64, mode 0600.
	SecretFile string `yaml:"secret_file"`
	// Severities are those it is told about; empty means all.
	Severities []string `yaml:"severities"`
}

// wants tells whether the target is told about a severity.
func (t Target) wants(severity string) bool {
	return len(t.Severities) == 0 || slices.Contains(t.Severities, severity)
}

// validate says what is wrong with the target.
func (t Target) validate() error {
	if t.Name == "" {
		return errors.New("name is missing")
	}
	u, err := url.Parse(t.URL)
	switch {
	case err != nil:
		return fmt.Errorf("parsing url: %w", errors.Unwrap(err)) // the outer error quotes the URL
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return errors.New("url must be http:// or https:// with a host")
	case u.User != nil:
		return errors.New("url must not hold a password: messages are signed")
	}
	for _, s := range t.Severities {
		if s != slo.Page && s != slo.Ticket {
			return fmt.Errorf("severity %q is neither page nor ticket", s)
		}
	}
	return nil
}

// readTargets validates the targets and reads their secrets, in their order.
func readTargets(targets []Target) ([]webhook.Secret, error) {
	var secrets []webhook.Secret
	seen := map[string]bool{}
	for i, t := range targets {
		if err := t.validate(); err != nil {
			return nil, fmt.Errorf("reading webhook target %d (%s): %w", i, t.Name, err)
		}
		if seen[t.Name] {
			return nil, fmt.Errorf("reading webhook target %d (%s): another one has this name", i, t.Name)
		}
		seen[t.Name] = true
		s, err := webhook.ReadSecret(t.SecretFile)
		if err != nil {
			return nil, fmt.Errorf("reading webhook target %d (%s): %w", i, t.Name, err)
		}
		secrets = append(secrets, s)
	}
	return secrets, nil
}
