package report

import (
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

// answer is the part of the API's graph that the page draws.
type answer struct {
	Nodes []struct {
		ID, Kind, Workload, Service, Version string
	} `json:"nodes"`
	Edges []struct {
		Src, Dst   string
		Rate       float64  `json:"rate"`
		ErrorRatio *float64 `json:"error_ratio"`
		LatencyMs  *latency `json:"latency_ms"`
	} `json:"edges"`
}

type latency struct {
	P99 struct{ Estimate float64 } `json:"p99"`
}

const (
	boxWidth, boxHeight   = 132, 40
	columnGap, rowGap     = 150, 34
	diagramTop, diagramLM = 16, 10
)

type point struct{ x, y float64 }

// diagram draws a service graph as SVG: callers left, callees right.
func diagram(graph json.RawMessage) (template.HTML, error) {
	if len(graph) == 0 {
		return "", nil
	}
	var a answer
	if err := json.Unmarshal(graph, &a); err != nil {
		return "", fmt.Errorf("decoding graph: %w", err)
	}
	at, width, height := place(a)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %.0f %.0f" role="img" aria-label="service graph"><defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" class="tip"/></marker></defs>`, width, height)
	for _, e := range a.Edges {
		from, to := at[e.Src], at[e.Dst]
		drawEdge(&b, from, to, edgeLabel(e.Rate, e.ErrorRatio, p99(e.LatencyMs)), e.ErrorRatio != nil && *e.ErrorRatio > 0.01)
	}
	for _, n := range a.Nodes {
		p := at[n.ID]
		fmt.Fprintf(&b, `<g><title>%s</title><rect x="%.1f" y="%.1f" width="%d" height="%d" rx="6" class="node"/>`, esc(n.ID), p.x, p.y, boxWidth, boxHeight)
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" class="middle">%s</text></g>`, p.x+boxWidth/2, p.y+boxHeight/2+5, esc(nodeLabel(n.ID, n.Kind)))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()), nil
}

func p99(l *latency) float64 {
	if l == nil {
		return -1
	}
	return l.P99.Estimate
}

func nodeLabel(id, kind string) string {
	if kind == "unknown" {
		return "users"
	}
	return strings.TrimPrefix(id[strings.LastIndexByte(id, '/')+1:], "~")
}

func edgeLabel(rate float64, errors *float64, p99 float64) string {
	label := fmt.Sprintf("%.3g/s", rate)
	if p99 >= 0 {
		label += fmt.Sprintf(" · p99 %.0f ms", p99)
	}
	if errors != nil && *errors > 0 {
		label += fmt.Sprintf(" · %.2g %% err", 100**errors)
	}
	return label
}

func drawEdge(b *strings.Builder, from, to point, label string, bad bool) {
	class := "edge"
	if bad {
		class = "edge bad"
	}
	x0, y0, x1, y1 := from.x+boxWidth, from.y+boxHeight/2, to.x, to.y+boxHeight/2
	fmt.Fprintf(b, `<path d="M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f" class="%s" marker-end="url(#tip)"/>`,
		x0, y0, x0+60, y0, x1-60, y1, x1, y1, class)
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" class="small middle halo">%s</text>`, (x0+x1)/2, (y0+y1)/2-4, esc(label))
}

// place puts each node into the column of its longest path from a root and
// returns the upper left corners. An edge that closes a cycle does not count.
func place(a answer) (at map[string]point, width, height float64) {
	callees := map[string][]string{}
	for _, e := range a.Edges {
		callees[e.Src] = append(callees[e.Src], e.Dst)
	}
	order, rank := callersFirst(a, callees), map[string]int{}
	for i, id := range order {
		rank[id] = i
	}
	column := map[string]int{}
	for _, id := range order {
		for _, next := range callees[id] {
			if rank[next] > rank[id] {
				column[next] = max(column[next], column[id]+1)
			}
		}
	}
	return corners(a, column)
}

// callersFirst returns the nodes in reverse postorder: each before what it
// calls, but for the edges that close a cycle.
func callersFirst(a answer, callees map[string][]string) []string {
	var order []string
	seen := map[string]bool{}
	var visit func(id string)
	visit = func(id string) {
		if seen[id] {
			return
		}
		seen[id] = true
		for _, next := range callees[id] {
			visit(next)
		}
		order = append(order, id)
	}
	for _, n := range a.Nodes {
		visit(n.ID)
	}
	slices.Reverse(order)
	return order
}

func corners(a answer, column map[string]int) (at map[string]point, width, height float64) {
	rows := map[int][]string{}
	deepest, tallest := 0, 1
	for _, n := range a.Nodes {
		c := column[n.ID]
		rows[c] = append(rows[c], n.ID)
		deepest, tallest = max(deepest, c), max(tallest, len(rows[c]))
	}
	width = diagramLM*2 + float64(deepest+1)*boxWidth + float64(deepest)*columnGap
	height = diagramTop*2 + float64(tallest)*boxHeight + float64(tallest-1)*rowGap
	at = map[string]point{}
	for c, ids := range rows {
		slices.Sort(ids)
		used := float64(len(ids))*boxHeight + float64(len(ids)-1)*rowGap
		for i, id := range ids {
			at[id] = point{
				x: diagramLM + float64(c)*(boxWidth+columnGap),
				y: (height-used)/2 + float64(i)*(boxHeight+rowGap),
			}
		}
	}
	return at, width, height
}
