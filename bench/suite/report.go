package suite

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"
)

// Table writes the figures for people, below what they were measured on.
func Table(w io.Writer, m Machine, figures []Figure) error {
	fmt.Fprintln(w, m)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FIGURE\tVALUE\tUNIT\tTARGET\tHOLDS\tLOW\tHIGH\tRUNS")
	for _, f := range figures {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\n",
			f.Name, number(f.Value), f.Unit, f.Target, holds(f), number(f.Low), number(f.High), len(f.Runs))
	}
	return t.Flush()
}

func holds(f Figure) string {
	switch {
	case f.Target == "":
		return "-"
	case f.Holds:
		return "yes"
	}
	return "NO"
}

// number writes a value with three significant digits, whole where it is large.
func number(v float64) string {
	if v == 0 || math.Abs(v) >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// Save writes the figures as JSON to a file, whose folder it makes.
func Save(path string, figures []Figure) error {
	text, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return fmt.Errorf("writing figures: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing figures: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing figures: %w", err)
	}
	return nil
}
