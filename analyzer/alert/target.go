package alert

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert/format"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// Target is a receiver of webhooks. Files hold secrets: only their owner may
// read them.
type Target struct {
	// Name identifies the target in the outbox and in lists.
	Name string `yaml:"name"`
	// Format of the messages; alertmanager by default.
	Format format.Format `yaml:"format"`
	// URL takes the POST, http or https. PagerDuty and Opsgenie have a default.
	URL string `yaml:"url"`
	// SecretFile holds the signing secret, whsec_ and base64; in a rotation
	// several, one on a line. Only for formats that are signed.
	SecretFile string `yaml:"secret_file"`
	// KeyFile holds PagerDuty's routing key or Opsgenie's API key.
	KeyFile string `yaml:"key_file"`
	// Auth is how the target knows us besides.
	Auth `yaml:",inline"`
	// Severities are those it is told about; empty means all.
	Severities []string `yaml:"severities"`
	// Escalate tells another target of a page that this one does not take.
	Escalate *Escalate `yaml:"escalate"`
}

// Escalate says whom to tell instead, and when.
type Escalate struct {
	// To is the name of another target. One that is named here and has no
	// severities of its own hears of nothing else.
	To string `yaml:"to"`
	// After is how long a page may stay undelivered; five minutes by default. A
	// page that the target refuses for good escalates at once.
	After yamlfile.Duration `yaml:"after"`
}

const defaultEscalateAfter = 5 * time.Minute

func (e Escalate) after() time.Duration {
	if e.After == 0 {
		return defaultEscalateAfter
	}
	return e.After.D()
}

// defaultURLs are those of services that have one for everybody.
var defaultURLs = map[format.Format]string{
	format.PagerDuty: "https://events.pagerduty.com/v2/enqueue",
	format.Opsgenie:  "https://api.opsgenie.com/v2/alerts",
}

// address is the URL that takes the POST.
func (t Target) address() string {
	if t.URL == "" {
		return defaultURLs[t.Format]
	}
	return t.URL
}

// Check reports the fields that cannot work, each by its name.
func (t Target) Check(report func(field string, err error)) {
	if t.Name == "" {
		report("name", errors.New("is missing"))
	}
	report("format", t.Format.Check())
	report("url", checkURL(t.address()))
	report("secret_file", needed(t.SecretFile, t.Format.Signed(), "this format is not signed"))
	report("key_file", needed(t.KeyFile, t.Format.Keyed(), "only pagerduty and opsgenie have a key"))
	t.check(report)
	for i, s := range t.Severities {
		if s != slo.Page && s != slo.Ticket {
			report(fmt.Sprintf("severities[%d]", i), fmt.Errorf("unknown severity %q: use %s or %s", s, slo.Page, slo.Ticket))
		}
	}
	if e := t.Escalate; e != nil && (e.after() < time.Second || e.after() > expiry) {
		report("escalate.after", fmt.Errorf("%s is not between 1s and %s", e.after(), expiry))
	}
}

// needed refuses a file that is missing though the format needs it, or given
// though it does not.
func needed(path string, needs bool, why string) error {
	switch {
	case needs && path == "":
		return errors.New("is missing")
	case !needs && path != "":
		return fmt.Errorf("has no use here: %s", why)
	}
	return nil
}

// checkURL never quotes the URL's path or query: they may be a secret.
func checkURL(text string) error {
	if text == "" {
		return errors.New("is missing")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("is not an http or https URL")
	case u.User != nil:
		return errors.New("a URL must not hold a password: anyone who reads the file would know it")
	}
	return nil
}

// Files returns the paths of the target's files, to be made absolute.
func (t *Target) Files() []*string { return append(t.Auth.Files(), set(&t.SecretFile, &t.KeyFile)...) }

// set keeps the paths that are not empty.
func set(paths ...*string) []*string {
	return slices.DeleteFunc(paths, func(p *string) bool { return *p == "" })
}

// CheckTargets checks a list of targets; fields are named from the list on, as
// in "[1].url".
func CheckTargets(targets []Target, report func(field string, err error)) {
	names := map[string]bool{}
	for _, t := range targets {
		names[t.Name] = true
	}
	seen := map[string]bool{}
	for i, t := range targets {
		in := func(field string, err error) {
			if err != nil {
				report(fmt.Sprintf("[%d].%s", i, field), err)
			}
		}
		t.Check(in)
		if seen[t.Name] && t.Name != "" {
			in("name", fmt.Errorf("%q stands twice", t.Name))
		}
		seen[t.Name] = true
		if e := t.Escalate; e != nil && (!names[e.To] || e.To == t.Name || e.To == "") {
			in("escalate.to", fmt.Errorf("%q is not another target", e.To))
		}
	}
}

// router knows who is told of what.
type router struct {
	targets []Target
	reserve map[string]bool // told of escalations only
}

func newRouter(targets []Target) router {
	r := router{targets, map[string]bool{}}
	for _, t := range targets {
		if t.Escalate != nil {
			r.reserve[t.Escalate.To] = true
		}
	}
	for _, t := range targets {
		if len(t.Severities) > 0 {
			delete(r.reserve, t.Name)
		}
	}
	return r
}

// wants tells whether a target is told about a severity.
func (r router) wants(t Target, severity string) bool {
	return !r.reserve[t.Name] && (len(t.Severities) == 0 || slices.Contains(t.Severities, severity))
}

// byName finds a target.
func (r router) byName(name string) (Target, bool) {
	i := slices.IndexFunc(r.targets, func(t Target) bool { return t.Name == name })
	if i < 0 {
		return Target{}, false
	}
	return r.targets[i], true
}
