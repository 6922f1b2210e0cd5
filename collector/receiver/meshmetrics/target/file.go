package target

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// Files reads targets from the files that a pattern finds, in the form of
// Prometheus' file_sd: a list of groups, each with targets and labels, in YAML
// or JSON. A file that cannot be read keeps the targets that it had.
type Files struct {
	pattern string
	read    map[string][]Target
}

// NewFiles returns a reader for a path, or for a pattern of filepath.Glob.
func NewFiles(pattern string) *Files {
	return &Files{pattern: pattern, read: map[string][]Target{}}
}

// Read returns the targets of all files as they are now, in the order of the
// files' names. The error names what is wrong in which file; the targets are
// then those of the other files, and what the wrong ones had before.
func (f *Files) Read() ([]Target, error) {
	paths, err := filepath.Glob(f.pattern)
	if err != nil {
		return nil, fmt.Errorf("finding targets by %q: %w", f.pattern, err)
	}
	maps.DeleteFunc(f.read, func(path string, _ []Target) bool { return !slices.Contains(paths, path) })
	var targets []Target
	var errs []error
	for _, path := range paths {
		now, err := readFile(path)
		switch {
		case err == nil:
			f.read[path] = now
		case errors.Is(err, fs.ErrNotExist): // removed just now
			delete(f.read, path)
		default:
			errs = append(errs, err)
		}
		targets = append(targets, f.read[path]...)
	}
	return targets, errors.Join(errs...)
}

// fileGroup is a group of file_sd.
type fileGroup struct {
	Targets []string          `yaml:"targets"`
	Labels  map[string]string `yaml:"labels"`
}

func readFile(path string) ([]Target, error) {
	docs, err := yamlfile.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var targets []Target
	var errs yamlfile.Errors
	for _, doc := range docs {
		var groups []fileGroup
		if err := doc.Decode(&groups); err != nil {
			return nil, err
		}
		for i, g := range groups {
			for j, entry := range g.Targets {
				t := fromGroup(entry, g.Labels)
				if err := t.Validate(); err != nil {
					errs.Add(doc.Errorf(fmt.Sprintf("[%d].targets[%d]", i, j), "%s", err))
				}
				targets = append(targets, t)
			}
		}
	}
	return targets, errs.Err()
}

// The labels of a group that are not for the mapping.
const (
	labelSource = "source"
	labelProxy  = "proxy"
	labelNode   = "node"
	labelScheme = "__scheme__"
	labelPath   = "__metrics_path__"
)

// fromGroup makes a target of a file's entry: a URL, or host:port as Prometheus
// has it.
func fromGroup(entry string, labels map[string]string) Target {
	t := Target{URL: entry, Source: labels[labelSource], Proxy: labels[labelProxy], Node: labels[labelNode]}
	if !strings.Contains(entry, "://") {
		scheme := labels[labelScheme]
		if scheme == "" {
			scheme = "http"
		}
		t.URL = scheme + "://" + entry + labels[labelPath]
	}
	for name, value := range labels {
		switch name {
		case labelSource, labelProxy, labelNode, labelScheme, labelPath:
			continue
		}
		if t.Labels == nil {
			t.Labels = map[string]string{}
		}
		t.Labels[name] = value
	}
	return t
}
