package witness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"
)

// LogRow is one line of an Envoy file access log, as package mesh/envoyconf has
// it written.
type LogRow struct {
	Direction string // inbound or outbound
	End       time.Time
	Duration  time.Duration
	Code      int
	Flags     string
	Route     string
	Peer      string // x-mesh-peer, "" for a caller without a proxy
	Workload  string // destination workload, outbound
	Service   string // destination service, outbound
}

// line is how a row is written: numbers as numbers or as strings, "-" or null
// for what is missing.
type line struct {
	Direction  string `json:"direction"`
	Start      any    `json:"start"`
	DurationUS any    `json:"duration_us"`
	Code       any    `json:"code"`
	Flags      string `json:"flags"`
	Route      string `json:"route"`
	Peer       string `json:"peer"`
	Workload   string `json:"dst_workload"`
	Service    string `json:"dst_service"`
}

// ReadLog reads the rows of a log file that ended in [from, to). A last line
// that is still being written is left out.
func ReadLog(path string, from, to time.Time) ([]LogRow, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading access log: %w", err)
	}
	defer f.Close()
	var rows []LogRow
	lines := bufio.NewReaderSize(f, 1<<16)
	for n := 1; ; n++ {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			return rows, nil // the end, or a torn last line
		}
		row, err := parseLine(text)
		if err != nil {
			return nil, fmt.Errorf("reading access log %s:%d: %w", path, n, err)
		}
		if !row.End.Before(from) && row.End.Before(to) {
			rows = append(rows, row)
		}
	}
}

// parseLine reads a row, also one that stands behind a torn one: a proxy that was
// killed while it wrote goes on in the middle of a line when it is back.
func parseLine(text []byte) (LogRow, error) {
	row, err := parseRow(text)
	if at := bytes.LastIndexByte(text, '{'); err != nil && at > 0 {
		if whole, behind := parseRow(text[at:]); behind == nil {
			return whole, nil
		}
	}
	return row, err
}

func parseRow(text []byte) (LogRow, error) {
	var l line
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&l); err != nil {
		return LogRow{}, err
	}
	start, err := number(l.Start)
	if err != nil {
		return LogRow{}, fmt.Errorf("start: %w", err)
	}
	duration, err := number(l.DurationUS)
	if err != nil {
		return LogRow{}, fmt.Errorf("duration_us: %w", err)
	}
	code, err := number(l.Code)
	if err != nil {
		return LogRow{}, fmt.Errorf("code: %w", err)
	}
	row := LogRow{
		Direction: l.Direction, Duration: time.Duration(duration) * time.Microsecond, Code: int(code), Flags: l.Flags,
		Route: l.Route, Peer: dashless(l.Peer), Workload: dashless(l.Workload), Service: dashless(l.Service),
	}
	row.End = time.UnixMicro(int64(start*1e6 + 0.5)).Add(row.Duration)
	return row, nil
}

// number reads a value that Envoy wrote as a number, a string, "-" or null; the
// latter two are zero.
func number(v any) (float64, error) {
	switch x := v.(type) {
	case nil:
		return 0, nil
	case json.Number:
		return x.Float64()
	case string:
		if x == "-" || x == "" {
			return 0, nil
		}
		return strconv.ParseFloat(x, 64)
	}
	return 0, fmt.Errorf("%v is no number", v)
}

func dashless(s string) string {
	if s == "-" {
		return ""
	}
	return s
}
