package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"os"
)

//go:embed page.html.tmpl
var pageText string

const (
	colorOffered = "#8a94a6"
	colorGood    = "#1a7f4b"
	colorBefore  = "#c0392b"
	colorBudget  = "#2563ab"
)

// view is what the page's template sees.
type view struct {
	*Report
	Diagram template.HTML
	Goodput template.HTML
	Overlay template.HTML // the first comparison, curve over curve
	Budget  template.HTML
	Table   string
}

// WritePage writes one self-contained HTML page: no script, no request to
// anywhere.
func (r *Report) WritePage(w io.Writer, table string) error {
	page, err := template.New("page").Funcs(template.FuncMap{"percent": func(v float64) string { return percent(&v) }, "figure": figure, "dash": dash}).Parse(pageText)
	if err != nil {
		return fmt.Errorf("parsing page template: %w", err)
	}
	graph, err := diagram(r.Graph)
	if err != nil {
		return err
	}
	v := view{Report: r, Diagram: graph, Goodput: r.goodputChart().SVG(), Budget: r.budgetChart(), Table: table}
	if len(r.Compare) > 0 {
		v.Overlay = r.overlayChart(r.Compare[0])
	}
	if err := page.Execute(w, v); err != nil {
		return fmt.Errorf("writing page: %w", err)
	}
	return nil
}

// WritePageFile writes the page to a file.
func (r *Report) WritePageFile(path, table string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("writing page: %w", err)
	}
	if err := r.WritePage(f, table); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func (r *Report) goodputChart() chart {
	offered := line{Label: "offered", Color: colorOffered}
	good := line{Label: "answered within the deadline", Color: colorGood, Fill: true}
	top := 1.0
	for _, s := range r.Series {
		offered.X, offered.Y = append(offered.X, s.AtS), append(offered.Y, float64(s.Offered))
		good.X, good.Y = append(good.X, s.AtS), append(good.Y, float64(s.OK))
		top = math.Max(top, float64(s.Offered))
	}
	c := r.overRun("Requests per second")
	c.YMax, c.Lines = math.Ceil(top*1.1), []line{offered, good}
	return c
}

func (r *Report) budgetChart() template.HTML {
	left := line{Label: "error budget left", Color: colorBudget}
	low := 0.0
	for _, s := range r.Series {
		if s.BudgetRemaining != nil {
			left.X, left.Y = append(left.X, s.AtS), append(left.Y, 100**s.BudgetRemaining)
			low = math.Min(low, 100**s.BudgetRemaining)
		}
	}
	if len(left.X) == 0 {
		return ""
	}
	c := r.overRun("Error budget left")
	c.YUnit, c.YMin, c.YMax, c.Lines, c.Height = " %", low, 100, []line{left}, 190
	return c.SVG()
}

// overRun is a chart over the whole run, with phases and events.
func (r *Report) overRun(title string) chart {
	c := chart{Title: title, XMax: math.Max(r.DurationS, 1), YMax: 1, Width: 980, Height: 300}
	for _, p := range r.Phases {
		c.Spans = append(c.Spans, span{From: p.FromS, To: p.UntilS, Label: p.Name, Alarm: p.Goodput < 0.5})
	}
	for _, e := range r.Events {
		c.Marks = append(c.Marks, mark{X: e.AtS, Label: e.Label, Text: e.Text})
	}
	return c
}

// overlayChart lays goodput after the start of two phases over each other.
func (r *Report) overlayChart(c Comparison) template.HTML {
	before, ok1 := r.Phase(c.Before)
	after, ok2 := r.Phase(c.After)
	if !ok1 || !ok2 {
		return ""
	}
	const lead, follow = 3, 24
	curve := func(p Phase, label, color string) line {
		l := line{Label: label, Color: color}
		for _, s := range r.Series {
			if x := s.AtS - p.FromS; x >= -lead && x <= follow && s.Offered > 0 {
				l.X, l.Y = append(l.X, x), append(l.Y, 100*float64(s.OK)/float64(s.Offered))
			}
		}
		return l
	}
	overlay := chart{
		Title: c.Title + ": goodput before and after", YUnit: " %", XMin: -lead, XMax: follow, YMax: 100, Width: 980, Height: 260,
		Spans: []span{{From: 0, To: before.UntilS - before.FromS, Label: c.Title}},
		Lines: []line{curve(before, "before", colorBefore), curve(after, "after", colorGood)},
	}
	return overlay.SVG()
}
