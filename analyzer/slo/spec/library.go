package spec

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/exclude"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// Options say how to read.
type Options struct {
	// Lenient reads the usual slips as they are meant, each with a Warning.
	Lenient bool
	// AnySource reads nothing of indicators: the series of a test stand in for
	// their sources, whatever those are.
	AnySource bool
}

// Warning is something that was read in spite of a slip, or that will surprise.
type Warning struct {
	Name string // such as "month-as-30-days"
	*yamlfile.Error
}

// String returns "file:line: field: message [name]".
func (w Warning) String() string { return w.Error.Error() + " [" + w.Name + "]" }

// Library is what all files together say.
type Library struct {
	SLOs       []*SLO
	Services   map[string]string // name to description
	Exclusions []exclude.Exclusion
	Warnings   []Warning
}

// Load reads all SLOs of the given files strictly, in their order. The error
// lists everything that is wrong in all of them, as yamlfile.Errors.
func Load(paths []string) ([]*SLO, error) {
	lib, err := LoadLibrary(paths, Options{})
	if err != nil {
		return nil, err
	}
	return lib.SLOs, nil
}

// LoadLibrary reads files.
func LoadLibrary(paths []string, o Options) (*Library, error) {
	var docs []yamlfile.Doc
	var errs yamlfile.Errors
	for _, path := range paths {
		d, err := yamlfile.ReadFile(path)
		errs.Add(err)
		docs = append(docs, d...)
	}
	lib, err := Read(docs, o)
	errs.Add(err)
	if err := errs.Err(); err != nil {
		return nil, err
	}
	return lib, nil
}

// Parse reads SLOs strictly.
func Parse(docs []yamlfile.Doc) ([]*SLO, error) {
	lib, err := Read(docs, Options{})
	if err != nil {
		return nil, err
	}
	return lib.SLOs, nil
}

// Read reads documents. Objects may refer to each other in any order and over
// files.
func Read(docs []yamlfile.Doc, o Options) (*Library, error) {
	b := &books{
		options: o, lib: &Library{Services: map[string]string{}}, places: map[string]string{},
		slis: map[string]sliEntry{}, sources: map[string]string{}, policies: map[string]policyDoc{},
		conditions: map[string]conditionDoc{}, targets: map[string]bool{},
	}
	var later []func()
	for _, d := range docs {
		later = append(later, b.file(d))
	}
	for _, read := range later { // after all that they refer to
		if read != nil {
			read()
		}
	}
	if err := b.errs.Err(); err != nil {
		return nil, err
	}
	return b.lib, nil
}

// books are all objects of the files by kind and name.
type books struct {
	options    Options
	lib        *Library
	errs       yamlfile.Errors
	places     map[string]string // "kind/name" to "file:line"
	slis       map[string]sliEntry
	sources    map[string]string // DataSource to type
	policies   map[string]policyDoc
	conditions map[string]conditionDoc
	targets    map[string]bool
}

// file puts one document where it belongs, and returns what is left to do when
// all have been.
func (b *books) file(d yamlfile.Doc) func() {
	var h struct {
		APIVersion string `yaml:"apiVersion"`
		Version    string `yaml:"version"` // Sloth
		Kind       string `yaml:"kind"`
	}
	if err := peek(d, &h); err != nil {
		b.errs.Add(err)
		return nil
	}
	r := &reader{books: b, doc: d}
	switch {
	case h.APIVersion == "openslo/v1":
		return r.openSLO(h.Kind)
	case h.APIVersion == "plimsoll.dev/v1" && h.Kind == "Exclusion":
		r.exclusion()
		return nil
	case h.Version == "prometheus/v1" && h.APIVersion == "":
		return r.sloth
	case h.APIVersion == "sloth.slok.dev/v1" && h.Kind == "PrometheusServiceLevel":
		return r.slothKubernetes
	case h.APIVersion == "pyrra.dev/v1alpha1" && h.Kind == "ServiceLevelObjective":
		return r.pyrra
	}
	r.errorf("apiVersion", "%q with kind %q is not supported; write openslo/v1, plimsoll.dev/v1 Exclusion, or a spec of Sloth or Pyrra", h.APIVersion, h.Kind)
	return nil
}

func (r *reader) openSLO(kind string) func() {
	switch kind {
	case "SLO":
		return r.slo
	case "SLI":
		return r.sli()
	case "Service":
		r.service()
	case "DataSource":
		r.dataSource()
	case "AlertPolicy":
		r.policyObject()
	case "AlertCondition":
		r.conditionObject()
	case "AlertNotificationTarget":
		r.targetObject()
	default:
		r.errorf("kind", "%q is not a kind of openslo/v1; it has SLO, SLI, Service, DataSource, AlertPolicy, AlertCondition and AlertNotificationTarget", kind)
	}
	return nil
}

// peek reads the fields of out and leaves all others alone.
func peek(d yamlfile.Doc, out any) error {
	err := d.Decode(out)
	var errs yamlfile.Errors
	for _, e := range listOf(err) {
		if !strings.HasPrefix(e.Msg, "unknown field") {
			errs = append(errs, e)
		}
	}
	return errs.Err()
}

func listOf(err error) yamlfile.Errors {
	var list yamlfile.Errors
	list.Add(err)
	return list
}

// reader reads one document.
type reader struct {
	*books
	doc    yamlfile.Doc
	failed bool
}

func (r *reader) errorf(path, format string, args ...any) {
	r.failed = true
	r.errs.Add(r.doc.Errorf(path, format, args...))
}

// slip refuses something, or warns of it in lenient mode.
func (r *reader) slip(name, path, format string, args ...any) {
	if r.options.Lenient {
		r.warn(name, path, format, args...)
		return
	}
	r.errorf(path, format, args...)
}

func (r *reader) warn(name, path, format string, args ...any) {
	r.lib.Warnings = append(r.lib.Warnings, Warning{name, r.doc.Errorf(path, format, args...)})
}

// decode fills out; unknown fields are slips. False if nothing can be made of
// it.
func (r *reader) decode(out any) bool {
	for _, e := range listOf(r.doc.Decode(out)) {
		if r.options.AnySource && strings.Contains(e.Field, "metricSource") {
			continue
		}
		if r.options.Lenient && strings.HasPrefix(e.Msg, "unknown field") {
			r.lib.Warnings = append(r.lib.Warnings, Warning{"unknown-field", e})
			continue
		}
		r.failed = true
		r.errs.Add(e)
	}
	return !r.failed
}

// maxDescription bounds a description, in characters (OpenSLO).
const maxDescription = 1050

// maxDisplayName bounds a displayName, in characters (OpenSLO's go-sdk).
const maxDisplayName = 63

var label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// register checks the metadata of an object, and that no other of its kind has
// its name.
func (r *reader) register(kind string, m metadata, description string) {
	if !label.MatchString(m.Name) {
		r.errorf("metadata.name", "%q is not a name: at most 63 of a-z, 0-9 and - (RFC 1123)", m.Name)
		return
	}
	if n := len([]rune(m.DisplayName)); n > maxDisplayName {
		r.slip("long-display-name", "metadata.displayName", "has %d characters; at most %d are allowed", n, maxDisplayName)
	}
	if n := len([]rune(description)); n > maxDescription {
		r.errorf("spec.description", "has %d characters; at most %d are allowed", n, maxDescription)
	}
	r.claim(kind, m.Name, "metadata.name")
}

// claim refuses a name that another object of the kind has.
func (r *reader) claim(kind, name, path string) {
	if first, twice := r.places[kind+"/"+name]; twice {
		r.errorf(path, "the %s %q stands already at %s", kind, name, first)
		return
	}
	r.places[kind+"/"+name] = r.place()
}

func (r *reader) place() string { return fmt.Sprintf("%s:%d", r.doc.File, r.doc.Line()) }

func (r *reader) service() {
	var o serviceObject
	if r.decode(&o) {
		r.register("Service", o.Metadata, o.Spec.Description)
		r.lib.Services[o.Metadata.Name] = o.Spec.Description
	}
}

func (r *reader) dataSource() {
	var o dataSourceObject
	if !r.decode(&o) {
		return
	}
	r.register("DataSource", o.Metadata, o.Spec.Description)
	if o.Spec.Type != sourceType {
		r.errorf("spec.type", "%q is not supported; write plimsoll", o.Spec.Type)
	}
	if len(o.Spec.ConnectionDetails) > 0 {
		r.slip("connection-details", "spec.connectionDetails", "is not read: the analyzer's configuration names the store")
	}
	r.sources[o.Metadata.Name] = o.Spec.Type
}
