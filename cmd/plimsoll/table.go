package main

import (
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// gap stands between two columns.
const gap = "   "

// column is one column of a table.
type column struct {
	name  string // upper case, with its unit
	right bool   // numbers are aligned to the right
	wide  bool   // shown by -o wide only
}

// Constructors of columns, so that a table reads as a list.
func textColumn(name string) column   { return column{name: name} }
func numberColumn(name string) column { return column{name: name, right: true} }
func (c column) onlyWide() column     { c.wide = true; return c }

// table is rows of cells under a header.
type table struct {
	columns []column
	rows    [][]string
}

// add appends a row; an empty cell is written as "-".
func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// write prints header and rows, padded to the widest cell of each column.
func (t *table) write(w io.Writer, wide bool) error {
	lines := make([]strings.Builder, len(t.rows)+1)
	for i, c := range t.columns {
		if c.wide && !wide {
			continue
		}
		cells := []string{c.name}
		for _, row := range t.rows {
			cells = append(cells, firstOf(row[i], "-"))
		}
		c.pad(lines, cells)
	}
	for i := range lines {
		if _, err := io.WriteString(w, strings.TrimRight(lines[i].String(), " ")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// pad appends one cell to each line.
func (c column) pad(lines []strings.Builder, cells []string) {
	width := 0
	for _, cell := range cells {
		width = max(width, utf8.RuneCountInString(cell))
	}
	for i, cell := range cells {
		if lines[i].Len() > 0 {
			lines[i].WriteString(gap)
		}
		space := strings.Repeat(" ", width-utf8.RuneCountInString(cell))
		if c.right {
			lines[i].WriteString(space + cell)
		} else {
			lines[i].WriteString(cell + space)
		}
	}
}

// Cells. An empty one stands for unknown.

func countCell(n uint64) string { return strconv.FormatUint(n, 10) }

func decimalCell(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }

// percentCell writes a share in percent; nil is unknown.
func percentCell(share *float64, digits int) string {
	if share == nil {
		return ""
	}
	return decimalCell(*share*100, digits)
}

// timeCell writes a time in UTC to the second; nil is unknown.
func timeCell(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().Format(time.RFC3339)
}

// durationCell writes a duration as people do ("28d", "1h", "20s"); nil is
// unknown.
func durationCell(d *durationpb.Duration) string {
	const day = 24 * time.Hour
	if d == nil {
		return ""
	}
	v := d.AsDuration()
	if v >= day && v%day == 0 {
		return strconv.Itoa(int(v/day)) + "d"
	}
	s := strings.Replace(v.String(), "m0s", "m", 1)
	return strings.Replace(s, "h0m", "h", 1)
}

// trimmedPercent writes a share in percent with as many digits as it has, up to
// six.
func trimmedPercent(share float64) string {
	return strings.TrimRight(strings.TrimRight(decimalCell(share*100, 6), "0"), ".")
}

// clean keeps a text from another program on one line and free of control
// characters.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}
