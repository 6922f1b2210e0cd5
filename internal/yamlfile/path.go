package yamlfile

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// parent drops the last step of a path: "a[1].b" → "a[1]" → "a" → "".
func parent(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

// find returns the node at path, nil if the document has none.
func find(n *yaml.Node, path string) *yaml.Node {
	for path != "" && n != nil {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		path = strings.TrimPrefix(path, ".")
		if rest, ok := strings.CutPrefix(path, "["); ok {
			index, after, _ := strings.Cut(rest, "]")
			n, path = item(n, index), after
			continue
		}
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			end = len(path)
		}
		n, path = value(n, path[:end]), path[end:]
	}
	return n
}

func item(n *yaml.Node, index string) *yaml.Node {
	i, err := strconv.Atoi(index)
	if err != nil || n.Kind != yaml.SequenceNode || i < 0 || i >= len(n.Content) {
		return nil
	}
	return n.Content[i]
}

func value(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// pathOfLine returns the path of the deepest value that starts at the line.
func pathOfLine(n *yaml.Node, path string, line int) string {
	best := ""
	if n.Line == line {
		best = path
	}
	deeper := func(child *yaml.Node, at string) {
		if p := pathOfLine(child, at, line); p != "" {
			best = p
		}
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			deeper(n.Content[i+1], join(path, n.Content[i].Value))
		}
	case yaml.SequenceNode:
		for i, child := range n.Content {
			deeper(child, fmt.Sprintf("%s[%d]", path, i))
		}
	}
	return best
}
