package slotest

import (
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/spec"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

type document struct {
	Name     string   `yaml:"name"`     // of the test; optional
	SLO      any      `yaml:"slo"`      // an object, or the path of a file
	Select   string   `yaml:"select"`   // the SLO of that file, if it has several
	Start    string   `yaml:"start"`    // RFC 3339; optional
	Interval string   `yaml:"interval"` // 1m by default
	Series   []series `yaml:"series"`
	Events   []event  `yaml:"events"`
	Checks   []check  `yaml:"checks"`
}

// series has two of good, bad and total.
type series struct {
	Objective string  `yaml:"objective"` // part of a composite; all by default
	Good      *string `yaml:"good"`
	Bad       *string `yaml:"bad"`
	Total     *string `yaml:"total"`
}

// event is traffic at one time.
type event struct {
	Objective string `yaml:"objective"`
	At        string `yaml:"at"`
	Good      uint64 `yaml:"good"`
	Bad       uint64 `yaml:"bad"`
}

type check struct {
	At              string            `yaml:"at"`
	SLI             *figure           `yaml:"sli"`
	BudgetRemaining *figure           `yaml:"error_budget_remaining"`
	BurnRate        map[string]figure `yaml:"burn_rate"`
	Alerts          *[]alert          `yaml:"alerts"`
	Tolerance       *float64          `yaml:"tolerance"`
}

type alert struct {
	Severity string `yaml:"severity"`
	State    string `yaml:"state"`
}

// figure is a number, or "none" for one that is undefined.
type figure struct {
	none  bool
	value float64
}

func (f *figure) UnmarshalYAML(n *yaml.Node) error {
	if n.Value == "none" {
		f.none = true
		return nil
	}
	v, err := strconv.ParseFloat(n.Value, 64)
	if err != nil {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %q is not a number, or none for an undefined figure", n.Line, n.Value)}}
	}
	f.value = v
	return nil
}

// Test is one test, ready to run.
type Test struct {
	Name string // "file:line", with the name of the test or of its SLO

	doc      yamlfile.Doc
	slo      *spec.SLO
	library  *spec.Library
	start    time.Time
	interval time.Duration
	traffic  *traffic
	checks   []check
	at       []time.Duration
}

// start of a test that names none: a Monday.
var defaultStart = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// Load reads the tests of a file. The errors are yamlfile.Errors.
func Load(path string) ([]*Test, error) {
	docs, err := yamlfile.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, &yamlfile.Error{File: path, Msg: "holds no test"}
	}
	var tests []*Test
	var errs yamlfile.Errors
	for _, d := range docs {
		t, err := parse(d, filepath.Dir(path))
		errs.Add(err)
		tests = append(tests, t)
	}
	return tests, errs.Err()
}

func parse(d yamlfile.Doc, dir string) (*Test, error) {
	var in document
	if err := d.Decode(&in); err != nil {
		return nil, err
	}
	r := &reader{doc: d, test: &Test{doc: d, start: defaultStart, interval: time.Minute, checks: in.Checks}}
	r.readSLO(in, dir)
	r.times(in)
	if r.errs == nil {
		r.traffic(in)
	}
	r.checks(in.Checks)
	if err := r.errs.Err(); err != nil {
		return nil, err
	}
	r.test.Name = fmt.Sprintf("%s:%d: %s", d.File, d.Line(), orElse(in.Name, r.test.slo.Name))
	return r.test, nil
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

type reader struct {
	doc  yamlfile.Doc
	test *Test
	errs yamlfile.Errors
}

func (r *reader) errorf(path, format string, args ...any) {
	r.errs.Add(r.doc.Errorf(path, format, args...))
}

// readSLO reads the object in place or the file.
func (r *reader) readSLO(in document, dir string) {
	inline, ok := r.doc.Doc("slo")
	if !ok {
		r.errorf("slo", "is missing: an OpenSLO object, or the path of a file with one")
		return
	}
	docs := []yamlfile.Doc{inline}
	if path, isPath := inline.IsString(); isPath {
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		var err error
		if docs, err = yamlfile.ReadFile(path); err != nil {
			r.errorf("slo", "%v", err)
			return
		}
	}
	lib, err := spec.Read(docs, spec.Options{Lenient: true, AnySource: true})
	if err != nil {
		r.errs.Add(err)
		return
	}
	r.test.library = lib
	for _, s := range lib.SLOs {
		if in.Select == s.Name || in.Select == "" && len(lib.SLOs) == 1 {
			r.test.slo = s
			return
		}
	}
	r.errorf("select", "%q is not one of the %d SLOs there; name one", in.Select, len(lib.SLOs))
}

func (r *reader) times(in document) {
	if in.Interval != "" {
		d, err := burn.ParseWindow(in.Interval)
		if err != nil || d < window.Grid || d%window.Grid != 0 {
			r.errorf("interval", "%q is not a multiple of 10s such as 1m", in.Interval)
		}
		r.test.interval = d
	}
	if in.Start != "" {
		at, err := time.Parse(time.RFC3339, in.Start)
		if err != nil || !window.Floor(at, window.Coarse).Equal(at) {
			r.errorf("start", "%q is not a whole minute such as 2026-01-05T00:00:00Z", in.Start)
		}
		r.test.start = at.UTC()
	}
}

func (r *reader) checks(list []check) {
	if len(list) == 0 {
		r.errorf("checks", "is missing: what must be true")
	}
	for i, c := range list {
		path := fmt.Sprintf("checks[%d]", i)
		d, err := burn.ParseWindow(c.At)
		if err != nil || d < 0 {
			r.errorf(path+".at", "%q is not a time since the start such as 65m", c.At)
		}
		r.test.at = append(r.test.at, d)
		for text := range c.BurnRate {
			if d, err := burn.ParseWindow(text); err != nil || d < window.Grid {
				r.errorf(path+".burn_rate", "%q is not a window such as 1h", text)
			}
		}
		if c.Tolerance != nil && !(*c.Tolerance >= 0) {
			r.errorf(path+".tolerance", "%g is below zero", *c.Tolerance)
		}
		if c.Alerts != nil {
			r.alerts(path, *c.Alerts)
		}
	}
}

func (r *reader) alerts(path string, list []alert) {
	for i, a := range list {
		at := fmt.Sprintf("%s.alerts[%d]", path, i)
		if a.Severity != burn.Page && a.Severity != burn.Ticket {
			r.errorf(at+".severity", "%q is neither page nor ticket", a.Severity)
		}
		switch a.State {
		case firing, inactive, resolved, noData:
		default:
			r.errorf(at+".state", "%q is not a state; write firing, inactive, resolved or no_data", a.State)
		}
	}
}
