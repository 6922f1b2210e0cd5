package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// maxBytes bounds a configuration file; larger ones are surely a mistake.
const maxBytes = 4 << 20

// Doc is one YAML document of a file.
type Doc struct {
	File string
	root *yaml.Node // a mapping, sequence or scalar
}

// ReadFile reads and parses the file at path.
func ReadFile(path string) ([]Doc, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if len(data) > maxBytes {
		return nil, &Error{File: path, Msg: fmt.Sprintf("file is larger than %d MiB", maxBytes>>20)}
	}
	return Parse(path, data)
}

// Parse splits data into its documents; empty ones are left out. The name is
// only used in errors.
func Parse(name string, data []byte) ([]Doc, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var docs []Doc
	for {
		var n yaml.Node
		err := dec.Decode(&n)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, syntaxError(name, err)
		}
		if root := unwrap(&n); root != nil && root.Tag != "!!null" {
			docs = append(docs, Doc{File: name, root: root})
		}
	}
}

func unwrap(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.DocumentNode {
		if len(n.Content) == 0 {
			return nil
		}
		return n.Content[0]
	}
	return n
}

var linePrefix = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(?:yaml: )?`)

// syntaxError turns the library's "yaml: line 3: …" into an Error.
func syntaxError(file string, err error) *Error {
	msg := err.Error()
	m := linePrefix.FindStringSubmatch(msg)
	line, _ := strconv.Atoi(m[1]) // without a line: 0
	return &Error{File: file, Line: line, Msg: msg[len(m[0]):]}
}
