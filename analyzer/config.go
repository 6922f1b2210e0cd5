package analyzer

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert"
	"github.com/plimsoll-mesh/plimsoll/analyzer/handler"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// DefaultEvaluateEvery is the time between two evaluations of the SLOs.
const DefaultEvaluateEvery = 5 * time.Second

// maxEvaluateEvery keeps a typing error from switching alerts off.
const maxEvaluateEvery = 10 * time.Minute

// Config is the analyzer's configuration file.
type Config struct {
	// Store is the DSN of a ClickHouse HTTP endpoint (store/query.ParseDSN).
	Store string `yaml:"store"`
	// Listen is the loopback address of the API, as host:port.
	Listen string `yaml:"listen"`
	// State is the folder of state.db and the token files, made if it is not
	// there. A relative path starts at the folder of the configuration file, as
	// do all others.
	State string `yaml:"state"`
	// DatabaseFile holds the DSN of a PostgreSQL database, which takes the place
	// of state.db: several analyzers may share it, and one of them alerts.
	DatabaseFile string `yaml:"database_file"`
	// SLOs are OpenSLO files.
	SLOs []string `yaml:"slos"`
	// EvaluateEvery is the time between two evaluations; 5s by default.
	EvaluateEvery yamlfile.Duration `yaml:"evaluate_every"`
	// Webhooks receive alerts.
	Webhooks []alert.Target `yaml:"webhooks"`
	// Alertmanagers are pushed alerts by their API v2.
	Alertmanagers []alert.Alertmanager `yaml:"alertmanagers"`
	// Heartbeat is called each minute while SLOs are evaluated.
	Heartbeat *alert.Heartbeat `yaml:"heartbeat"`
	// Mesh is where tuning reads and changes limits; without it plans can be
	// made but not applied.
	Mesh *Mesh `yaml:"mesh"`
}

// Mesh is the API of whatever configures the proxies.
type Mesh struct {
	URL       string `yaml:"url"`
	TokenFile string `yaml:"token_file"`
}

// ReadConfig reads and checks a configuration file. Errors name file, line and
// field.
func ReadConfig(path string) (*Config, error) {
	docs, err := yamlfile.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(docs) != 1 {
		return nil, &yamlfile.Error{File: path, Msg: fmt.Sprintf("%d YAML documents, want one", len(docs))}
	}
	return parseConfig(docs[0], filepath.Dir(path))
}

func parseConfig(doc yamlfile.Doc, dir string) (*Config, error) {
	c := &Config{EvaluateEvery: yamlfile.Duration(DefaultEvaluateEvery)}
	var errs yamlfile.Errors
	errs.Add(doc.Decode(c))
	if len(errs) > 0 {
		return nil, errs
	}
	c.check(doc, &errs)
	if err := errs.Err(); err != nil {
		return nil, err
	}
	c.resolve(dir)
	return c, nil
}

// check reports values that cannot work.
func (c *Config) check(doc yamlfile.Doc, errs *yamlfile.Errors) {
	report := func(field string, err error) {
		if err != nil {
			errs.Add(doc.Errorf(field, "%s", err))
		}
	}
	report("store", required(c.Store, func() error { _, err := query.ParseDSN(c.Store); return err }))
	report("listen", required(c.Listen, func() error { return handler.CheckLoopback(c.Listen) }))
	report("state", required(c.State, nil))
	if every := c.EvaluateEvery.D(); every < 100*time.Millisecond || every > maxEvaluateEvery {
		report("evaluate_every", fmt.Errorf("%s is not between 100ms and %s", every, maxEvaluateEvery))
	}
	for i, path := range c.SLOs {
		report(fmt.Sprintf("slos[%d]", i), required(path, nil))
	}
	alert.CheckTargets(c.Webhooks, func(field string, err error) { report("webhooks"+field, err) })
	for i, m := range c.Alertmanagers {
		m.Check(func(field string, err error) { report(fmt.Sprintf("alertmanagers[%d].%s", i, field), err) })
	}
	if c.Heartbeat != nil {
		c.Heartbeat.Check(func(field string, err error) { report("heartbeat."+field, err) })
	}
	if c.Mesh != nil {
		report("mesh.url", required(c.Mesh.URL, func() error { return checkURL(c.Mesh.URL) }))
		report("mesh.token_file", required(c.Mesh.TokenFile, nil))
	}
}

// required refuses an empty value, and else asks check, if there is one.
func required(value string, check func() error) error {
	if value == "" {
		return errors.New("is missing")
	}
	if check == nil {
		return nil
	}
	return check()
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%q is not an http or https URL", text)
	case u.User != nil:
		return errors.New("a URL must not hold a password: anyone who reads the file would know it")
	}
	return nil
}

// resolve makes relative paths start at dir.
func (c *Config) resolve(dir string) {
	paths := []*string{&c.State}
	for i := range c.SLOs {
		paths = append(paths, &c.SLOs[i])
	}
	for i := range c.Webhooks {
		paths = append(paths, c.Webhooks[i].Files()...)
	}
	if c.Mesh != nil {
		paths = append(paths, &c.Mesh.TokenFile)
	}
	for i := range c.Alertmanagers {
		paths = append(paths, c.Alertmanagers[i].Files()...)
	}
	if c.Heartbeat != nil {
		paths = append(paths, c.Heartbeat.Files()...)
	}
	if c.DatabaseFile != "" {
		paths = append(paths, &c.DatabaseFile)
	}
	for _, p := range paths {
		if !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
}
