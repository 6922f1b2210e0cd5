package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// chain is a graph of n services in a row.
func chain(n int) string {
	var nodes, edges []string
	for i := range n {
		nodes = append(nodes, fmt.Sprintf(`{"id":"n%03d"}`, i))
		if i > 0 {
			edges = append(edges, fmt.Sprintf(`{"src":"n%03d","dst":"n%03d"}`, i-1, i))
		}
	}
	return `{"nodes":[` + strings.Join(nodes, ",") + `],"edges":[` + strings.Join(edges, ",") + `]}`
}

func TestPlaceKeepsBoxesApart(t *testing.T) {
	for name, graph := range map[string]string{
		"a self loop":            `{"nodes":[{"id":"a"}],"edges":[{"src":"a","dst":"a"}]}`,
		"a cycle":                `{"nodes":[{"id":"a"},{"id":"b"},{"id":"c"}],"edges":[{"src":"a","dst":"b"},{"src":"b","dst":"c"},{"src":"c","dst":"a"}]}`,
		"no edges":               `{"nodes":[{"id":"a"},{"id":"b"}]}`,
		"three hundred in a row": chain(300),
	} {
		t.Run(name, func(t *testing.T) {
			var a answer
			if err := json.Unmarshal([]byte(graph), &a); err != nil {
				t.Fatal(err)
			}
			at, width, height := place(a)
			taken := map[point]string{}
			for _, n := range a.Nodes {
				p, ok := at[n.ID]
				if !ok {
					t.Fatalf("%s has no place", n.ID)
				}
				if other := taken[p]; other != "" {
					t.Errorf("%s lies on %s", n.ID, other)
				}
				taken[p] = n.ID
				if p.x < 0 || p.y < 0 || p.x+boxWidth > width || p.y+boxHeight > height {
					t.Errorf("%s at %v leaves %.0f × %.0f", n.ID, p, width, height)
				}
			}
		})
	}
}

func TestDiagramEscapes(t *testing.T) {
	const evil = `<script>"&'`
	graph, err := json.Marshal(map[string]any{"nodes": []map[string]string{{"id": evil}}})
	if err != nil {
		t.Fatal(err)
	}
	svg, err := diagram(graph)
	if err != nil {
		t.Fatal(err)
	}
	if _, texts := parsed(t, string(svg)); strings.Count(texts, evil) != 2 {
		t.Errorf("title and label read %q", texts)
	}
}
