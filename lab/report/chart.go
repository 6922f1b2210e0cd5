package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// line is one curve of a chart.
type line struct {
	Label, Color string
	Fill         bool
	X, Y         []float64
}

// span is a shaded stretch of the x axis.
type span struct {
	From, To float64
	Label    string
	Alarm    bool
}

// mark is a moment on the x axis; Text is shown to whoever points at it.
type mark struct {
	X           float64
	Label, Text string
}

// chart is drawn as SVG: curves over seconds, shaded phases, marked moments.
type chart struct {
	Title, YUnit  string
	XMin, XMax    float64
	YMin, YMax    float64
	Lines         []line
	Spans         []span
	Marks         []mark
	Width, Height float64
}

const (
	marginLeft   = 52
	marginRight  = 16
	marginTop    = 58
	marginBottom = 34
)

func (c chart) x(v float64) float64 {
	v = math.Max(c.XMin, math.Min(c.XMax, v))
	return marginLeft + (v-c.XMin)/(c.XMax-c.XMin)*(c.Width-marginLeft-marginRight)
}

func (c chart) y(v float64) float64 {
	v = math.Max(c.YMin, math.Min(c.YMax, v))
	return c.Height - marginBottom - (v-c.YMin)/(c.YMax-c.YMin)*(c.Height-marginTop-marginBottom)
}

// SVG returns the drawing. All text in it is escaped.
func (c chart) SVG() template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %.0f %.0f" role="img" aria-label="%s">`, c.Width, c.Height, esc(c.Title))
	fmt.Fprintf(&b, `<text x="%d" y="18" class="title">%s</text>`, marginLeft, esc(c.Title))
	c.drawSpans(&b)
	c.drawGrid(&b)
	c.drawMarks(&b)
	for _, l := range c.Lines {
		c.drawLine(&b, l)
	}
	c.drawLegend(&b)
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

func (c chart) drawSpans(b *strings.Builder) {
	for i, s := range c.Spans {
		class := "span" + fmt.Sprint(i%2)
		if s.Alarm {
			class = "alarm"
		}
		x0, x1 := c.x(math.Max(s.From, c.XMin)), c.x(math.Min(s.To, c.XMax))
		fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="%.1f" height="%.1f" class="%s"/>`,
			x0, marginTop, math.Max(x1-x0, 0), c.Height-marginTop-marginBottom, class)
		fmt.Fprintf(b, `<text x="%.1f" y="%d" class="small middle">%s</text>`, (x0+x1)/2, marginTop-6-10*(i%2), esc(s.Label))
	}
}

func (c chart) drawGrid(b *strings.Builder) {
	for _, v := range ticks(c.YMin, c.YMax, 4) {
		fmt.Fprintf(b, `<line x1="%d" x2="%.1f" y1="%.1f" y2="%.1f" class="grid"/>`, marginLeft, c.Width-marginRight, c.y(v), c.y(v))
		fmt.Fprintf(b, `<text x="%d" y="%.1f" class="small end">%s%s</text>`, marginLeft-6, c.y(v)+4, number(v), esc(c.YUnit))
	}
	for _, v := range ticks(c.XMin, c.XMax, 8) {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" class="small middle">%s s</text>`, c.x(v), c.Height-marginBottom+16, number(v))
	}
}

func (c chart) drawMarks(b *strings.Builder) {
	for i, m := range c.Marks {
		x := c.x(m.X)
		fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%.1f" class="mark"><title>%s</title></line>`,
			x, x, marginTop, c.Height-marginBottom, esc(m.Text))
		fmt.Fprintf(b, `<text x="%.1f" y="%d" class="small">%s</text>`, x+3, marginTop+12+12*(i%4), esc(m.Label))
	}
}

func (c chart) drawLine(b *strings.Builder, l line) {
	if len(l.X) == 0 {
		return
	}
	var points strings.Builder
	for i := range l.X {
		fmt.Fprintf(&points, "%.1f,%.1f ", c.x(l.X[i]), c.y(l.Y[i]))
	}
	if l.Fill {
		fmt.Fprintf(b, `<polygon points="%.1f,%.1f %s%.1f,%.1f" fill="%s" fill-opacity="0.18"/>`,
			c.x(l.X[0]), c.y(c.YMin), points.String(), c.x(l.X[len(l.X)-1]), c.y(c.YMin), l.Color)
	}
	fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="1.8"/>`, points.String(), l.Color)
}

func (c chart) drawLegend(b *strings.Builder) {
	x := c.Width - marginRight
	for i := len(c.Lines) - 1; i >= 0; i-- {
		l := c.Lines[i]
		x -= 7*float64(len(l.Label)) + 24
		fmt.Fprintf(b, `<rect x="%.1f" y="9" width="12" height="4" fill="%s"/><text x="%.1f" y="16" class="small">%s</text>`,
			x, l.Color, x+16, esc(l.Label))
	}
}

// ticks returns about n round values between lo and hi.
func ticks(lo, hi float64, n int) []float64 {
	if hi <= lo {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/float64(n))))
	for _, m := range []float64{1, 2, 5, 10} {
		if (hi-lo)/(step*m) <= float64(n) {
			step *= m
			break
		}
	}
	var list []float64
	for i := math.Ceil(lo / step); i*step <= hi+step/1e6; i++ {
		list = append(list, i*step)
	}
	return list
}

// number writes a tick; adding zero turns the negative zero into the other.
func number(v float64) string { return fmt.Sprintf("%.4g", v+0) }

func esc(s string) string { return template.HTMLEscapeString(s) }
