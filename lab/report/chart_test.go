package report

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
)

// parsed returns the elements and the texts of a drawing.
func parsed(t *testing.T, svg string) (elements []xml.StartElement, texts string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return elements, texts
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			elements = append(elements, token.Copy())
		case xml.CharData:
			texts += string(token)
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func coordinate(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		t.Fatalf("coordinate %q", text)
	}
	return v
}

// TestChartStaysInItsFrame covers runs that outlast the time they were given.
func TestChartStaysInItsFrame(t *testing.T) {
	for name, r := range map[string]*Report{
		"one second":            {DurationS: 1, Series: []Second{{Offered: 3, OK: 2}}},
		"no load":               {DurationS: 2, Series: []Second{{}, {AtS: 1}}},
		"no duration":           {Series: []Second{{Offered: 1}}},
		"seconds after the end": {DurationS: 2, Series: []Second{{Offered: 9, OK: 9}, {AtS: 2}, {AtS: 7, Offered: 4}}},
	} {
		t.Run(name, func(t *testing.T) {
			c := r.goodputChart()
			elements, _ := parsed(t, string(c.SVG()))
			curves := 0
			for _, e := range elements {
				if e.Name.Local != "polyline" {
					continue
				}
				curves++
				for _, p := range strings.Fields(attribute(e, "points")) {
					xs, ys, _ := strings.Cut(p, ",")
					x, y := coordinate(t, xs), coordinate(t, ys)
					if x < marginLeft || x > c.Width-marginRight || y < marginTop || y > c.Height-marginBottom {
						t.Errorf("point %s is outside the frame", p)
					}
				}
			}
			if curves != 2 {
				t.Errorf("%d curves, want offered and good", curves)
			}
		})
	}
}

func TestChartEscapes(t *testing.T) {
	const evil = `<script>"&'`
	c := chart{
		Title: evil, YUnit: evil, XMax: 1, YMax: 1, Width: 400, Height: 200,
		Spans: []span{{To: 1, Label: evil}},
		Marks: []mark{{Label: evil, Text: evil}},
		Lines: []line{{Label: evil, Color: "red", X: []float64{0}, Y: []float64{0}}},
	}
	elements, texts := parsed(t, string(c.SVG()))
	for _, e := range elements {
		if e.Name.Local == "script" {
			t.Error("a text became an element")
		}
	}
	if got := attribute(elements[0], "aria-label"); got != evil {
		t.Errorf("aria-label %q, want %q", got, evil)
	}
	// Title, one per tick of the y axis, phase, mark twice, legend.
	if got, want := strings.Count(texts, evil), 5+len(ticks(0, 1, 4)); got != want {
		t.Errorf("the text is there %d times, want %d", got, want)
	}
}

func TestPhaseBeyondTheChartHasNoWidth(t *testing.T) {
	c := chart{XMax: 10, YMax: 1, Width: 400, Height: 200, Spans: []span{{From: 20, To: 30}}}
	elements, _ := parsed(t, string(c.SVG()))
	for _, e := range elements {
		if e.Name.Local == "rect" && coordinate(t, attribute(e, "width")) != 0 {
			t.Errorf("width %s, want 0", attribute(e, "width"))
		}
	}
}
